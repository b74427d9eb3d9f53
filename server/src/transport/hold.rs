//! A poll while it is held: the session that lasts for one answer, what the answer holds so far, and
//! whether it is worth giving.
//!
//! It knows no clock and no HTTP, and it never waits for anything but the store: `poll` does the waiting
//! and sends the body; the simulator does the same in virtual time.

use std::sync::Arc;

use metrics::counter;
use shared::{CloseCode, Offset, Position, Topic};

use super::{
    poll::{From, subscribe},
    session::{Ending, Outlet, Session},
};
use crate::{
    error::ApiError,
    hub::{chunk::Slice, signal::Signal, topic::TopicHub},
    time::Millis,
};

/// Bytes of frames in one answer; what is more comes with the next poll.
const ANSWER_BYTES: usize = 512 * 1024;
/// A poller that was held is expected back within this long, in milliseconds.
const LINGER_LONG_MS: u64 = 5_000;
/// One that was answered at once comes back at its interval, which is half a minute by default.
const LINGER_INTERVAL_MS: u64 = 45_000;

/// See the module's page.
#[derive(Debug)]
pub struct Hold {
    session: Session,
    answer: Answer,
    /// The client stands nowhere yet in one of the topics: where to begin is an answer.
    at_once: bool,
}

impl Hold {
    /// Subscribes the session to what the poll asks for.
    /// With `presence`, who is there is part of the answer.
    pub async fn begin(mut session: Session, from: Vec<From>, presence: bool) -> Result<Self, ApiError> {
        let at_once = from.iter().any(|(_, since)| since.is_none());
        for (topic, since) in from {
            subscribe(&mut session, topic, since, presence).await?;
        }
        Ok(Self { session, answer: Answer::default(), at_once })
    }

    /// The same for one topic's publications and nothing else, after a position.
    pub async fn begin_plain(mut session: Session, topic: Topic, since: Position) -> Result<Self, ApiError> {
        subscribe(&mut session, topic, Some(since), false).await?;
        Ok(Self { session, answer: Answer { plain: true, ..Answer::default() }, at_once: false })
    }

    /// Set when it is time for another [`Self::look`].
    pub fn signal(&self) -> &Arc<Signal> {
        self.session.signal()
    }

    /// Takes what there is. True if the answer is to be given now; otherwise when the signal is set or the
    /// time is up. An error when there is nothing to say but that the store cannot be read: an answer
    /// without news would mean that nothing has happened.
    pub async fn look(&mut self, now: Millis) -> Result<bool, Ending> {
        let ended = match self.session.drain(now, &mut self.answer).await {
            Ok(()) => false,
            Err(Ending(CloseCode::StorageUnavailable)) if !self.answer.worth_giving => {
                return Err(Ending(CloseCode::StorageUnavailable));
            }
            Err(Ending(_)) => true,
        };
        Ok(ended || self.at_once || self.answer.worth_giving || self.answer.is_full())
    }

    /// The client has gone away before it was answered.
    pub fn leave(&mut self, now: Millis) {
        self.session.leave(now);
    }

    /// The server ends: the client comes back after a delay of its own, in milliseconds.
    pub async fn farewell(&mut self, now: Millis, delay_ms: u64) {
        self.session.farewell(delay_ms);
        let drained = self.session.drain(now, &mut self.answer).await;
        debug_assert!(drained.is_ok());
    }

    /// The body of the answer. The watcher goes on being counted until it comes back; `held` says whether
    /// the client asked to be held.
    pub fn finish(mut self, now: Millis, held: bool) -> String {
        self.session.linger(now, if held { LINGER_LONG_MS } else { LINGER_INTERVAL_MS });
        format!("{{\"frames\":[{}]}}", self.answer.text)
    }

    /// The publications, one after another, and the offset of the last; `None` if the topic may not be read any
    /// more.
    pub fn finish_plain(self) -> Option<(String, Option<Offset>)> {
        (!self.answer.refused).then_some((self.answer.text, self.answer.last))
    }
}

/// The frames of an answer.
#[derive(Debug, Default)]
struct Answer {
    text: String,
    /// Something besides the plain confirmation that nothing has happened yet.
    worth_giving: bool,
    /// Publications alone are wanted.
    plain: bool,
    /// The offset of the last publication.
    last: Option<Offset>,
    /// The topic may not be read, or not any more.
    refused: bool,
}

impl Answer {
    fn frame(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push(',');
        }
        self.text.push_str(text);
        counter!("touchline_frames_sent_total", "transport" => "poll").increment(1);
    }
}

impl Outlet for Answer {
    fn control(&mut self, text: &str) {
        // `subscribed` with everything recovered is the only frame that may wait for company.
        self.worth_giving |=
            !(text.starts_with(r#"{"type":"subscribed""#) && text.contains(r#""recovered":true"#));
        if self.plain {
            self.refused |=
                [r#"{"type":"unsubscribed""#, r#"{"type":"error""#].iter().any(|no| text.starts_with(no));
            return;
        }
        self.frame(text);
    }

    fn shared(&mut self, text: &Arc<str>) {
        if !self.plain {
            self.frame(text);
        }
    }

    fn slice(&mut self, _topic: &TopicHub, slice: &Slice) {
        self.worth_giving = true;
        counter!("touchline_deliveries_total", "transport" => "poll").increment(slice.publications());
        for (offset, text) in slice.texts() {
            self.last = Some(offset);
            self.frame(text);
        }
    }

    fn is_full(&self) -> bool {
        self.text.len() >= ANSWER_BYTES
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use parking_lot::Mutex;
    use shared::{Change, ServerFrame, change::MediaDeleted};

    use super::*;
    use crate::{
        auth::Principal,
        hub::{Hub, HubOptions},
        store::{Appended, Failing, Store, WorkError, event, log},
        transport::session::SessionLimits,
    };

    struct Bench {
        store: Store,
        hub: Arc<Hub>,
        bells: Arc<Mutex<Vec<Appended>>>,
    }

    fn at_once<T>(work: impl Future<Output = T>) -> T {
        work.now_or_never().expect("an inline store never waits")
    }

    fn name() -> Topic {
        "event:e1".parse().unwrap()
    }

    impl Bench {
        /// A topic without a window, whose tail in memory holds one publication.
        fn new() -> Self {
            let bells: Arc<Mutex<Vec<Appended>>> = Arc::default();
            let heard = bells.clone();
            let store = Store::inline(Arc::new(move |appended| heard.lock().extend(appended))).unwrap();
            let made =
                store.write(async |tx| Ok::<_, WorkError<()>>(event::insert_example(tx, &name()).await?));
            at_once(made).unwrap().unwrap();
            let window_ms = shared::TopicKind::ALL.map(|kind| (kind, 0));
            let options = HubOptions { window_ms, tail_bytes: 1, ..HubOptions::default() };
            Self { hub: Arc::new(Hub::new(store.clone(), options)), store, bells }
        }

        fn publish(&self) {
            let change = Change::MediaDelete(MediaDeleted { media_id: "m".parse().unwrap() });
            let done = self.store.write(async move |tx| {
                Ok::<_, WorkError<()>>(log::append(tx, &name(), 0, |_| change).await?)
            });
            at_once(done).unwrap().unwrap();
            let bells = std::mem::take(&mut *self.bells.lock());
            assert!(self.hub.accept(Millis(0), &bells).is_empty());
        }

        fn begin(&self, offset: Option<u64>) -> Hold {
            let limits =
                SessionLimits { subscriptions: 2, frames_per_second: 10, heartbeat_interval_ms: 25_000 };
            let principal = Principal::Visitor { address: [127, 0, 0, 1].into(), may_post: true };
            let (connection, watcher) = ("c1".parse().unwrap(), "w1".parse().ok());
            let session = Session::new(self.hub.clone(), principal, connection, watcher, limits, Millis(0));
            let topic = at_once(self.hub.topic(Millis(0), &name())).unwrap();
            let epoch = topic.begin(None).0.epoch;
            let since = offset.map(|offset| Position { epoch, offset: Offset(offset) });
            at_once(Hold::begin(session, vec![(name(), since)], false)).unwrap()
        }
    }

    fn look(hold: &mut Hold) -> Result<bool, Ending> {
        at_once(hold.look(Millis(0)))
    }

    #[test]
    fn e9_a_poll_is_answered_by_news_and_by_nothing_less() {
        let bench = Bench::new();
        let mut hold = bench.begin(Some(0));
        assert_eq!(look(&mut hold), Ok(false), "to be where it was is no news");
        bench.publish();
        assert!(hold.signal().is_set());
        assert_eq!(look(&mut hold), Ok(true));
        let frames = shared::frame::decode_poll(&hold.finish(Millis(0), true)).unwrap();
        assert!(matches!(frames.first(), Some(ServerFrame::Subscribed(..))), "{frames:?}");
        assert!(matches!(frames.last(), Some(ServerFrame::Publication(_))), "{frames:?}");
        assert_eq!(look(&mut bench.begin(None)), Ok(true), "where to begin is an answer");
    }

    #[test]
    fn e9_what_cannot_be_read_is_not_answered_as_if_nothing_had_happened() {
        let bench = Bench::new();
        at_once(bench.hub.topic(Millis(0), &name())).unwrap();
        for _ in 0..3 {
            bench.publish();
        }
        let mut hold = bench.begin(Some(0));
        bench.store.fail(Failing { reads: true, writes: None });
        assert_eq!(look(&mut hold), Err(Ending(CloseCode::StorageUnavailable)));
        bench.store.fail(Failing::default());
        assert_eq!(look(&mut bench.begin(Some(0))), Ok(true));
    }

    #[test]
    fn e6_a_poller_is_counted_until_it_comes_back() {
        let bench = Bench::new();
        let count = || bench.hub.count(&name()).watchers;
        bench.begin(Some(0)).finish(Millis(0), true);
        assert_eq!(count(), 1, "between two polls");
        let hold = bench.begin(Some(0));
        bench.hub.ring(Millis(LINGER_LONG_MS));
        assert_eq!(count(), 1, "it has come back");
        drop(hold);
        assert_eq!(count(), 0);
    }
}
