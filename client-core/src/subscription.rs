//! Topics that are followed: where each stands, and the proof that nothing was missed on the way.
//!
//! A topic's publications are taken only in the order of their offsets, each once, from the position on.
//! What came before is dropped, a hole is repaired by subscribing anew from the position, and where the
//! log no longer reaches back to it a snapshot is asked for. This module sends nothing: it marks topics
//! as due and `connection` asks for them by whichever transport there is.

mod followed;

use std::time::Duration;

use litemap::LiteMap;
use shared::{
    ErrorCode, Offset, Position, Publication, ServerFrame, Topic,
    frame::{Batch, NotRecovered},
    rest::ErrorDetail,
};

use self::followed::{Phase, Subscription, Then};
use crate::{Event, Instant, core::Core};

/// Most topics that one client follows; past it a topic is refused.
pub const TOPICS_MAX: usize = 1024;

/// Every topic that is followed, in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    topics: LiteMap<Topic, Subscription>,
    /// Topics were added, moved or taken away since [`Self::take_changed`].
    changed: bool,
    /// Where the next poll goes on, when there are more topics than fit in one.
    rotation: Option<Topic>,
}

impl Subscriptions {
    pub(crate) fn want(&mut self, core: &mut Core, topic: Topic, position: Option<Position>) {
        if !self.topics.contains_key(&topic) && self.topics.len() >= TOPICS_MAX {
            let message = "more topics than one client follows".to_owned();
            core.emit(Event::SubscriptionRefused { topic, code: ErrorCode::TooManySubscriptions, message });
            return;
        }
        let subscription = self.topics.entry(topic.clone()).or_insert_with(Subscription::new);
        match position {
            Some(position) => {
                subscription.move_to(position);
                self.changed = true;
            }
            // The snapshot that was asked for already will do.
            None if subscription.phase == Phase::Snapshot => {}
            None => {
                subscription.snapshots = 0;
                subscription.need_snapshot(core, &topic, NotRecovered::NoPosition);
            }
        }
    }

    /// Forgets the topic; says whether the server may know of it on this connection.
    pub(crate) fn drop_topic(&mut self, topic: &Topic) -> bool {
        let Some(gone) = self.topics.remove(topic) else { return false };
        self.changed = true;
        gone.known
    }

    pub(crate) fn snapshot_applied(&mut self, topic: &Topic, position: Position) {
        if let Some(subscription) = self.topics.get_mut(topic) {
            subscription.move_to(position);
            self.changed = true;
        }
    }

    pub(crate) fn snapshot_failed(&mut self, core: &mut Core, topic: &Topic) {
        if let Some(subscription) = self.topics.get_mut(topic).filter(|s| s.phase == Phase::Snapshot) {
            let until = core.now + core.backoff(subscription.snapshots.saturating_sub(1));
            subscription.phase = Phase::Paused { until, then: Then::Snapshot(NotRecovered::NoPosition) };
            subscription.snapshots = subscription.snapshots.saturating_add(1);
        }
    }

    /// Asks for the topic again from where it stands.
    pub(crate) fn again(&mut self, topic: &Topic) {
        if let Some(subscription) = self.topics.get_mut(topic).filter(|s| s.phase == Phase::Following) {
            subscription.phase = Phase::Due;
            self.changed = true;
        }
    }

    /// The transport is gone: what was asked or followed on it is due again.
    pub(crate) fn disconnected(&mut self) {
        for subscription in self.topics.iter_mut().map(|(_, subscription)| subscription) {
            subscription.known = false;
            if matches!(subscription.phase, Phase::Asked { .. } | Phase::Following) {
                subscription.phase = Phase::Due;
            }
        }
    }

    /// A frame could not be read. It may have been a publication, so every topic is asked for again.
    pub(crate) fn nonsense(&mut self, core: &mut Core) {
        for subscription in self
            .topics
            .iter_mut()
            .map(|(_, subscription)| subscription)
            .filter(|s| s.phase == Phase::Following)
        {
            subscription.repair(core, Duration::ZERO);
        }
    }

    /// The topics to subscribe to on a WebSocket now, each with its position and a `ref` of its own.
    pub(crate) fn ask_due(&mut self, core: &mut Core) -> Vec<(Topic, Position, u64)> {
        let until = core.now + core.config.connect_timeout;
        let mut asked = Vec::new();
        for (topic, subscription) in &mut self.topics {
            let (Phase::Due, Some(position)) = (&subscription.phase, &subscription.position) else {
                continue;
            };
            let reference = core.new_reference();
            asked.push((topic.clone(), position.clone(), reference));
            subscription.phase = Phase::Asked { reference: Some(reference), until };
            subscription.known = true;
        }
        self.changed = false;
        asked
    }

    /// The topics of the next poll, at most `max`; in turns when there are more.
    pub(crate) fn pollable(&mut self, max: usize) -> (Vec<(Topic, Option<Position>)>, bool) {
        let ready =
            |s: &Subscription| matches!(s.phase, Phase::Due | Phase::Following) && s.position.is_some();
        let ready: Vec<_> = self.topics.iter().filter(|(_, s)| ready(s)).collect();
        let start =
            self.rotation.as_ref().map_or(0, |last| ready.partition_point(|(topic, _)| *topic <= last));
        let chosen: Vec<_> = (0..ready.len().min(max))
            .filter_map(|index| ready.get((start + index) % ready.len()))
            .map(|(topic, subscription)| ((*topic).clone(), subscription.position.clone()))
            .collect();
        let all = chosen.len() == ready.len();
        self.rotation = if all { None } else { chosen.last().map(|(topic, _)| topic.clone()) };
        (chosen, all)
    }

    /// Applies the answer to a poll that asked `from`; the number of publications that were new.
    pub(crate) fn apply_poll(
        &mut self,
        core: &mut Core,
        from: &[(Topic, Option<Position>)],
        frames: Vec<ServerFrame>,
    ) -> u64 {
        let before = core.counters.publications;
        for (topic, position) in from {
            // A topic that was moved meanwhile is asked for again; this answer is about its old place.
            if let Some(subscription) = self.topics.get_mut(topic)
                && subscription.position == *position
                && matches!(subscription.phase, Phase::Due | Phase::Following)
            {
                subscription.phase = Phase::Asked { reference: None, until: Instant(u64::MAX) };
            }
        }
        for frame in frames {
            self.frame(core, frame);
        }
        for subscription in self.topics.iter_mut().map(|(_, subscription)| subscription) {
            if matches!(subscription.phase, Phase::Asked { .. }) {
                subscription.phase = Phase::Due;
            }
        }
        core.counters.publications - before
    }

    /// Ends pauses, and asks again where the answer is overdue.
    pub(crate) fn wake(&mut self, core: &mut Core) {
        for (topic, subscription) in &mut self.topics {
            match subscription.phase {
                Phase::Paused { until, then: Then::Subscribe } if until <= core.now => {
                    subscription.phase = Phase::Due;
                    self.changed = true;
                }
                Phase::Paused { until, then: Then::Snapshot(reason) } if until <= core.now => {
                    subscription.ask_snapshot(core, topic, reason);
                }
                Phase::Asked { until, .. } if until <= core.now => {
                    subscription.repair(core, Duration::ZERO);
                    self.changed = true;
                }
                _ => {}
            }
        }
    }

    /// When [`Self::wake`] has something to do.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.topics
            .values()
            .filter_map(|subscription| match subscription.phase {
                Phase::Paused { until, .. } | Phase::Asked { until, .. } => Some(until),
                _ => None,
            })
            .min()
    }

    pub(crate) const fn take_changed(&mut self) -> bool {
        std::mem::replace(&mut self.changed, false)
    }

    /// The server has answered for the topic on this connection.
    pub(crate) fn is_followed(&self, topic: &Topic) -> bool {
        self.topics.get(topic).is_some_and(|subscription| subscription.phase == Phase::Following)
    }

    /// No topic waits for an answer of the server.
    pub(crate) fn all_answered(&self) -> bool {
        !self.topics.values().any(|s| matches!(s.phase, Phase::Due | Phase::Asked { .. }))
    }

    /// Every topic is followed from its position, or will be with the next poll.
    pub(crate) fn all_following_or_polled(&self, polling: bool) -> bool {
        self.topics.values().all(|s| s.phase == Phase::Following || (polling && s.phase == Phase::Due))
    }

    pub(crate) fn position(&self, topic: &Topic) -> Option<&Position> {
        self.topics.get(topic)?.position.as_ref()
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.keys()
    }

    /// A frame that is about topics. Errors that are about none of them are told to the application.
    pub(crate) fn frame(&mut self, core: &mut Core, frame: ServerFrame) {
        match frame {
            ServerFrame::Subscribed(topic, answer) => {
                if let Some(subscription) = self.topics.get_mut(&topic) {
                    subscription.answered(core, &topic, &answer);
                }
            }
            ServerFrame::Unsubscribed(topic, answer) => self.ended(core, topic, answer.code),
            ServerFrame::Publication(publication) => {
                let (topic, offset) = (publication.topic.clone(), publication.offset);
                let batch = Batch { from: offset, to: offset, publications: vec![publication] };
                self.batch(core, topic, batch);
            }
            ServerFrame::Batch(topic, batch) => self.batch(core, topic, batch),
            ServerFrame::Error(detail) => self.error(core, detail),
            frame => {
                if let Some(topic) = frame.ephemeral().filter(|topic| self.topics.contains_key(topic)) {
                    core.emit(Event::Ephemeral { topic: topic.clone(), frame });
                }
            }
        }
    }

    fn batch(&mut self, core: &mut Core, topic: Topic, batch: Batch) {
        let Some(subscription) = self.topics.get_mut(&topic) else { return };
        let (Phase::Following, Some(position)) = (&subscription.phase, &mut subscription.position) else {
            return;
        };
        if !is_sound(&batch) {
            core.counters.nonsense += 1;
            subscription.repair(core, Duration::ZERO);
            return;
        }
        let missing = batch.from.0.saturating_sub(position.offset.0).saturating_sub(1);
        if missing > 0 {
            core.counters.holes_repaired = core.counters.holes_repaired.saturating_add(missing);
            subscription.repair(core, Duration::ZERO);
            return;
        }
        let doubles = batch.publications.partition_point(|p| p.offset <= position.offset);
        core.counters.doubles_dropped += doubles as u64;
        if batch.to <= position.offset {
            return;
        }
        let mut publications = batch.publications;
        publications.drain(..doubles);
        core.counters.publications += publications.len() as u64;
        position.offset = batch.to;
        let position = position.clone();
        subscription.repairs = 0;
        core.emit(Event::Publications { topic, publications, position });
    }

    /// The server ended a subscription, or confirms that the client did.
    fn ended(&mut self, core: &mut Core, topic: Topic, code: Option<ErrorCode>) {
        let Some(subscription) = self.topics.get_mut(&topic) else { return };
        match code {
            Some(code) if !code.is_temporary() => {
                self.topics.remove(&topic);
                let message = "the server ended the subscription".to_owned();
                core.emit(Event::SubscriptionRefused { topic, code, message });
            }
            // Without a code it answers an `unsubscribe` from before the topic was wanted again: then
            // the answer to the newer `subscribe` is on its way.
            None if matches!(subscription.phase, Phase::Asked { .. }) => {}
            _ if matches!(subscription.phase, Phase::Asked { .. } | Phase::Following) => {
                subscription.repairs = subscription.repairs.max(1);
                subscription.repair(core, Duration::ZERO);
            }
            _ => {}
        }
    }

    fn error(&mut self, core: &mut Core, detail: ErrorDetail) {
        let about = detail.topic.as_deref().and_then(|text| text.parse::<Topic>().ok());
        let asked = |subscription: &Subscription| match (&subscription.phase, detail.reference) {
            (Phase::Asked { reference, .. }, Some(answered)) => *reference == Some(answered),
            (Phase::Asked { .. } | Phase::Following, None) => true,
            _ => false,
        };
        let found = match (&about, detail.reference) {
            (Some(topic), _) => self.topics.get(topic).filter(|s| asked(s)).map(|_| topic.clone()),
            (None, Some(_)) => self.topics.iter().find(|(_, s)| asked(s)).map(|(topic, _)| topic.clone()),
            (None, None) => None,
        };
        let Some(topic) = found else {
            // An error that names a topic and fits none is about a subscription that is over.
            if about.is_none() {
                core.emit(Event::Complaint { code: detail.code, message: detail.message });
            }
            return;
        };
        if !detail.code.is_temporary() {
            self.topics.remove(&topic);
            core.emit(Event::SubscriptionRefused { topic, code: detail.code, message: detail.message });
        } else if let Some(subscription) = self.topics.get_mut(&topic) {
            let asked = Duration::from_millis(detail.retry_after_ms.unwrap_or(0))
                .min(super::connection::ASKED_DELAY_MAX);
            subscription.repairs = subscription.repairs.max(1);
            subscription.repair(core, asked);
        }
    }
}

/// Whether a batch says what it may say: its entries ascend within what it covers.
fn is_sound(batch: &Batch) -> bool {
    let within = |p: &Publication| batch.from <= p.offset && p.offset <= batch.to;
    batch.from > Offset::ZERO
        && batch.from <= batch.to
        && batch.publications.iter().all(within)
        && batch.publications.is_sorted_by(|a, b| a.offset < b.offset)
}
