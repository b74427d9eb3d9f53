//! The whole of a client: what goes in, what comes out.

use std::time::Duration;

use shared::{ClientFrame, ErrorCode, Position, Publication, ServerFrame, Topic, frame::NotRecovered};

use crate::{Instant, connection::Connection, core::Core, subscription::Subscriptions, time::Timer};

/// The client's own number for one transport attempt. What a dead attempt still says is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attempt(pub u64);

/// By which way the bytes travel, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    WebSocket,
    /// The server holds the request until something happens.
    LongPoll,
    /// The server answers at once; the client asks now and then.
    IntervalPoll,
}

/// What the status indicator shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The first attempt is under way; nothing has been shown yet.
    Connecting,
    /// By WebSocket, up to date.
    Live,
    /// By polling, up to date as of the last answer.
    Polling,
    /// Not connected. The page is out of date since `since`; the next try is at `next_try` (at once,
    /// where that is not later than now).
    Reconnecting { since: Instant, next_try: Instant },
    /// The browser says that there is no network; it is tried again when that changes.
    Offline { since: Instant },
    /// The server said not to come back.
    Refused { code: u16 },
}

/// Numbers with units; the defaults are what the product ships.
#[derive(Debug, Clone)]
pub struct Config {
    pub connect_timeout: Duration,
    pub backoff_min: Duration,
    pub backoff_max: Duration,
    /// Silence after which a heartbeat is sent, unless the server's `connected` names another.
    pub heartbeat_interval: Duration,
    /// How long the answer to a heartbeat may take.
    pub heartbeat_timeout: Duration,
    /// WebSocket failures in a row before the ladder steps down.
    pub failures_before_step_down: u32,
    /// How long the server may hold a poll.
    pub poll_wait: Duration,
    /// Time between two polls where they cannot be held; jittered.
    pub poll_interval: Duration,
    /// Time between two looks whether a better transport works again.
    pub probe_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(20),
            heartbeat_interval: Duration::from_secs(25),
            heartbeat_timeout: Duration::from_secs(8),
            failures_before_step_down: 2,
            poll_wait: Duration::from_secs(25),
            poll_interval: Duration::from_secs(30),
            probe_interval: Duration::from_secs(15),
        }
    }
}

/// What the driver tells the client.
#[derive(Debug, Clone)]
pub enum Input {
    /// Begin to connect.
    Start,
    /// The page is left for good: close without a word more.
    Stop,
    /// Follow a topic after `position`; `None` asks for a snapshot first.
    Subscribe {
        topic: Topic,
        position: Option<Position>,
    },
    Unsubscribe {
        topic: Topic,
    },
    /// The snapshot that [`Event::SnapshotNeeded`] asked for has been read and applied; it was true at
    /// `position`.
    SnapshotApplied {
        topic: Topic,
        position: Position,
    },
    /// The snapshot could not be had; the client asks again after a backoff.
    SnapshotFailed {
        topic: Topic,
    },
    /// The WebSocket of this attempt is open.
    Opened {
        attempt: Attempt,
    },
    Received {
        attempt: Attempt,
        frame: ServerFrame,
    },
    /// A frame came that cannot be read.
    ReceivedNonsense {
        attempt: Attempt,
    },
    /// The answer to a poll.
    Polled {
        attempt: Attempt,
        frames: Vec<ServerFrame>,
    },
    /// The attempt is over: closed, refused, failed or timed out by the network. `code` is the close
    /// code of a WebSocket; `retry_after` is what the server asked for (HTTP `Retry-After`).
    Closed {
        attempt: Attempt,
        code: Option<u16>,
        retry_after: Option<Duration>,
    },
    /// What `navigator.onLine` and its events say. True proves nothing; false is believed.
    Online(bool),
    Visible(bool),
    /// The machine has slept, by what its clocks say: whatever was open may be dead without a word.
    Slept,
    /// Somebody pressed "Try now".
    TryNow,
    /// Whoever uses this client is typing on a topic that is followed, or is not any more. It is said over a
    /// WebSocket, or not at all.
    Typing {
        topic: Topic,
        on: bool,
    },
    /// Connect anew, now: somebody has signed in or out, or another tab leads. Topics go on from where they
    /// stand, and the page is out of date from now on, not from the beginning.
    Reconnect,
    /// Whether another tab of this browser has the connection, as `relay` explains. While it is so, what
    /// [`Output::Open`] opens is a virtual socket to that tab, and nothing is ever polled for.
    Led(bool),
    /// How the tab that this one is served by is connected.
    Leader {
        status: Status,
        transport: Transport,
    },
    /// Ask for a topic again from where it stands, if it is being followed: the server then says again
    /// what is not in the log.
    Again {
        topic: Topic,
    },
    /// The time of [`Client::poll_timeout`] has come.
    Timeout,
}

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Open a WebSocket to the general endpoint; answer `Opened` or `Closed`.
    Open {
        attempt: Attempt,
    },
    Send {
        attempt: Attempt,
        frame: ClientFrame,
    },
    /// Ask once, from these positions (`None`: from the head); answer `Polled` or `Closed`.
    /// A `wait` of zero asks for an answer at once.
    Poll {
        attempt: Attempt,
        from: Vec<(Topic, Option<Position>)>,
        wait: Duration,
    },
    /// Close or abort the attempt; nothing it says later matters.
    Close {
        attempt: Attempt,
    },
    Event(Event),
}

/// What the application is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Status(Status),
    /// In order, without holes, each once. `position` is where the topic now stands.
    Publications {
        topic: Topic,
        publications: Vec<Publication>,
        position: Position,
    },
    /// Read the topic's snapshot from REST, apply it in place of what is shown, then answer
    /// [`Input::SnapshotApplied`] or [`Input::SnapshotFailed`].
    SnapshotNeeded {
        topic: Topic,
        reason: NotRecovered,
    },
    /// A frame about a followed topic that has no place in its log: who watches, and the like.
    Ephemeral {
        topic: Topic,
        frame: ServerFrame,
    },
    /// The subscription was refused or ended; it is not tried again.
    SubscriptionRefused {
        topic: Topic,
        code: ErrorCode,
        message: String,
    },
    /// The server complained about something else.
    Complaint {
        code: ErrorCode,
        message: String,
    },
    /// The tab that has the connection does not answer: another one had better take it over.
    LeaderSilent,
}

/// What has been seen go wrong and put right; for the page's own diagnostics and for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub connections_opened: u64,
    pub reconnects: u64,
    pub transport_changes: u64,
    pub publications: u64,
    /// Offsets that were missing on arrival, each repaired by resubscribing.
    pub holes_repaired: u64,
    /// Publications that came again and were dropped.
    pub doubles_dropped: u64,
    pub snapshots: u64,
    pub nonsense: u64,
}

/// A timer that fires this much later than it was due means that the clock jumped or the machine slept.
const JUMP: Duration = Duration::from_secs(5);

/// The state machine. See the crate's page for how to drive it.
#[derive(Debug)]
pub struct Client {
    core: Core,
    connection: Connection,
    subscriptions: Subscriptions,
    told: Option<Status>,
}

impl Client {
    /// A client that does nothing before [`Input::Start`]. Two clients with the same `seed`, fed the same
    /// inputs, do exactly the same.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            core: Core::new(config, seed),
            connection: Connection::default(),
            subscriptions: Subscriptions::default(),
            told: None,
        }
    }

    /// Takes one input. Then drain [`Self::poll_output`].
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        let Self { core, connection, subscriptions, .. } = self;
        core.now = core.now.max(now);
        if core.timers.next().is_some_and(|due| core.now.since(due) > JUMP) {
            connection.woke(core, subscriptions);
        }
        match input {
            Input::Start => connection.start(core),
            Input::Stop => connection.stop(core, subscriptions),
            Input::Subscribe { topic, position } => subscriptions.want(core, topic, position),
            Input::Unsubscribe { topic } => {
                if subscriptions.drop_topic(&topic) {
                    connection.unsubscribe(core, topic);
                }
            }
            Input::SnapshotApplied { topic, position } => subscriptions.snapshot_applied(&topic, position),
            Input::SnapshotFailed { topic } => subscriptions.snapshot_failed(core, &topic),
            Input::Typing { topic, on } if subscriptions.is_followed(&topic) => {
                connection.typing(core, topic, on);
            }
            // An open socket proves nothing: the server speaks first. Nobody types where nobody follows.
            Input::Opened { .. } | Input::Timeout | Input::Typing { .. } => {}
            Input::Received { attempt, frame } => connection.received(core, subscriptions, attempt, frame),
            Input::ReceivedNonsense { attempt } => connection.nonsense(core, subscriptions, attempt),
            Input::Polled { attempt, frames } => connection.polled(core, subscriptions, attempt, frames),
            Input::Closed { attempt, code, retry_after } => {
                connection.closed(core, subscriptions, attempt, code, retry_after);
            }
            Input::Online(online) => connection.online(core, online),
            Input::Visible(visible) => connection.visible(core, visible),
            Input::Slept => connection.woke(core, subscriptions),
            Input::TryNow => connection.try_now(core),
            Input::Reconnect => connection.renew(core, subscriptions),
            Input::Led(led) => connection.led(core, subscriptions, led),
            Input::Leader { status, transport } => connection.leader(core, status, transport),
            Input::Again { topic } => subscriptions.again(&topic),
        }
        // After the input, so that an answer counts that comes together with its own timeout.
        for timer in Timer::ALL {
            let due = core.timers.get(timer).unwrap_or(core.now);
            if core.timers.take_due(timer, core.now) {
                match timer {
                    Timer::Topics => subscriptions.wake(core),
                    timer => connection.due(core, subscriptions, timer, core.now.since(due)),
                }
            }
        }
        connection.settle(core, subscriptions);
        match subscriptions.next_wake() {
            Some(wake) => core.timers.set(Timer::Topics, wake),
            None => core.timers.clear(Timer::Topics),
        }
        let status = connection.status(core);
        if self.told.replace(status) != Some(status) {
            core.emit(Event::Status(status));
        }
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.outputs.pop_front()
    }

    /// When to hand in [`Input::Timeout`], unless something else comes first.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.core.timers.next()
    }

    /// What the indicator shows.
    pub fn status(&self) -> Status {
        self.connection.status(&self.core)
    }

    /// By which way the bytes travel; while there is none, by which they last did.
    pub const fn transport(&self) -> Transport {
        self.connection.transport()
    }

    pub const fn counters(&self) -> Counters {
        self.core.counters
    }

    /// Where a topic stands: everything up to there has been handed out.
    pub fn position(&self, topic: &Topic) -> Option<Position> {
        self.subscriptions.position(topic).cloned()
    }

    /// The topics that are followed or wanted, in the order of their names.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.subscriptions.topics()
    }

    /// Connected or polling, and every topic is followed: nothing is waited for but publications.
    pub fn is_following(&self) -> bool {
        self.connection.is_answering()
            && self.subscriptions.all_following_or_polled(self.connection.is_polling())
    }
}
