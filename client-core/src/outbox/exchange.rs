//! What goes into an outbox and what comes out of it. Decides nothing. Used by `outbox` and by whoever drives it.

use std::time::Duration;

use shared::{IdempotencyKey, Topic, UploadId};

use super::{Author, Draft, Record, Refusal};

/// The outbox's number for one thing that it asked the storage for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Task(pub u64);

/// The outbox's number for one request to the server. What an earlier one still says is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Try(pub u64);

/// What the driver tells the outbox.
#[derive(Debug, Clone)]
pub enum Input {
    /// Begin, or go on after [`Input::Stop`].
    Start,
    /// The page is left, or is about to be frozen: leases go to other tabs.
    Stop,
    /// Who publishes from here; `None` while that is not known. Only drafts of the same author are sent.
    Author(Option<Author>),
    /// What `navigator.onLine` and its events say. True proves nothing; false is believed.
    Online(bool),
    /// The server has just been heard: try at once.
    Connected,
    /// Somebody asks for everything to be tried now.
    TryNow,
    /// Another tab has changed what lies in the storage.
    Touched,
    /// Something was recorded.
    Record(Draft),
    /// Somebody has changed a draft; it waits again.
    Edit {
        id: IdempotencyKey,
        body: String,
        note: String,
    },
    /// Somebody wants a parked draft tried again, or a waiting one tried now.
    Retry {
        id: IdempotencyKey,
    },
    /// Somebody gives a draft up.
    Discard {
        id: IdempotencyKey,
    },
    /// What came of a [`Request`].
    Stored {
        task: Task,
        result: Result<Reply, StoreFault>,
    },
    /// A request moves: some of its bytes have been sent.
    Progress {
        attempt: Try,
    },
    Answered {
        attempt: Try,
        answer: Answer,
    },
    /// The time of [`Outbox::poll_timeout`](super::Outbox::poll_timeout) has come.
    Timeout,
}

/// What the server said to a draft, or to a file of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has the draft; this is the body of its answer.
    Accepted(String),
    /// It has the file.
    Uploaded(UploadId),
    /// Not now: no answer, none that is the server's own, or one that says so (429, 5xx).
    Failed { retry_after: Option<Duration> },
    /// Never, unless something changes.
    Refused(Refusal),
}

/// Why the storage did not do what it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// There is no room left.
    Full,
    /// The browser does not let us have it, or it is broken.
    Closed,
}

/// What the storage is asked for. Each is one transaction, done in the order asked; it is answered when that is on
/// the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Everything there is → [`Reply::Records`].
    Load,
    /// Take this draft, with its files, under a number greater than all before → [`Reply::Added`]. What is taken
    /// already is answered with the number that it has.
    Add(Box<Record>),
    /// Give this tab the lane for `lease`, unless another tab has it → [`Reply::Records`] of the lane, or
    /// [`Reply::Taken`].
    Claim { topic: Topic, lease: Duration },
    /// This tab gives the lane up → [`Reply::Done`].
    Release { topic: Topic },
    /// The record of this number is this now; its files stay → [`Reply::Done`].
    Write(Box<Record>),
    /// Remove the record of this number, with its files → [`Reply::Done`].
    Remove { number: u64, id: IdempotencyKey },
}

/// What the storage answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Done,
    Added {
        number: u64,
    },
    Records(Vec<Record>),
    /// Another tab has the lane, for so long at most.
    Taken {
        left: Duration,
    },
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Ask the storage; answer [`Input::Stored`].
    Store {
        task: Task,
        request: Request,
    },
    /// Upload the file of this number; answer [`Input::Answered`] with [`Answer::Uploaded`].
    Upload {
        attempt: Try,
        record: Box<Record>,
        file: usize,
    },
    /// Post the draft, under its key and with what its files have become; answer [`Input::Answered`].
    Send {
        attempt: Try,
        record: Box<Record>,
    },
    /// Nothing that the attempt says later matters.
    Abort {
        attempt: Try,
    },
    Event(Event),
}

/// What the page is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// [`Outbox::drafts`](super::Outbox::drafts) says something else than before.
    Changed,
    /// The draft is on the disk: from now on it survives whatever happens to the page.
    Kept { id: IdempotencyKey },
    /// The server has the draft. It is over here.
    Acknowledged { id: IdempotencyKey, answer: String },
    /// The draft is not here any more: another tab has sent it, or somebody has given it up.
    Gone { id: IdempotencyKey },
    /// Somebody wanted to change a draft, or to give it up, that had been sent by then.
    TooLate { id: IdempotencyKey },
    /// The storage refuses: what is recorded now is lost with the page, unless it is sent before.
    NotKept { fault: StoreFault },
    /// The storage has everything again.
    KeptAgain,
    /// The server wants to know who sends this: somebody has to sign in again.
    SignIn,
}

/// Where a draft stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn, or for the network.
    Waiting,
    /// It is on its way.
    Sending,
    /// It was refused, and waits for somebody to edit it, to try it again or to give it up.
    Parked(Refusal),
    /// It was recorded under another name than that of who is here now.
    OfAnother,
}

/// A draft as the page shows it.
#[derive(Debug, Clone)]
pub struct Shown<'a> {
    pub draft: &'a Draft,
    pub state: State,
    /// The server may have it: it was sent from this tab, and has not been refused since.
    pub tried: bool,
    /// It is on the disk.
    pub kept: bool,
}
