//! What a session hands over: what its positions have yet to pass, as much as the transport takes. Part of
//! [`Session`]; called by the transports.

use super::{Ending, Outlet, Session, Subscription};
use shared::{
    CloseCode, ErrorCode, ServerFrame,
    frame::{NotRecovered, Unsubscribed},
};

use crate::{
    hub::topic::{Next, TopicHub},
    store::StoreError,
    time::Millis,
};

impl Session {
    /// Hands over answers, counts and publications until there is no room or nothing is left. What does
    /// not fit stays where it is and is marked again.
    pub async fn drain(&mut self, now: Millis, outlet: &mut impl Outlet) -> Result<(), Ending> {
        self.now = now;
        let mut marks = self.signal.take();
        while marks != 0 || !self.replies.is_empty() {
            while let Some(reply) = self.replies.pop_front() {
                outlet.control(&reply);
                if outlet.is_full() {
                    self.signal.put_back(marks);
                    return Ok(());
                }
            }
            if marks == 0 {
                break;
            }
            let slot = marks.trailing_zeros() as usize;
            if !self.drain_slot(slot, outlet).await? {
                self.signal.put_back(marks);
                return Ok(());
            }
            marks &= marks - 1;
        }
        Ok(())
    }

    /// Hands over what can be had without waiting; false if something is left, which is then still marked.
    pub fn drain_at_once(&mut self, outlet: &mut impl Outlet) -> bool {
        let mut marks = self.signal.take();
        while self.replies.is_empty() && marks != 0 {
            let slot = marks.trailing_zeros() as usize;
            if !matches!(self.hand_over(slot, outlet), HandedOver::All) {
                break;
            }
            marks &= marks - 1;
        }
        self.signal.put_back(marks);
        marks == 0 && self.replies.is_empty()
    }

    /// Whether there are answers to be sent.
    pub fn has_replies(&self) -> bool {
        !self.replies.is_empty()
    }

    /// Hands over what a subscription's topic has in memory. What was taken is handed over only if the
    /// rights are still those that were decided on: looked at after it was taken, once for all of it.
    fn hand_over(&mut self, slot: usize, outlet: &mut impl Outlet) -> HandedOver {
        let Some(Some(subscription)) = self.subscriptions.get_mut(slot) else { return HandedOver::All };
        let Subscription { topic, reader, count_version, rights, people } = subscription;
        if let Some(told) = people.and_then(|seen| topic.people_told(seen)) {
            if topic.rights() != *rights {
                return HandedOver::Undecided;
            }
            *people = Some(told.version);
            told.frames.iter().for_each(|frame| outlet.shared(frame));
        }
        if let Some((version, frame)) = topic.count_frame(*count_version) {
            if topic.rights() != *rights {
                return HandedOver::Undecided;
            }
            *count_version = version;
            outlet.shared(&frame);
        }
        loop {
            if outlet.is_full() {
                return HandedOver::UntilFull;
            }
            let next = topic.next(reader.position.get());
            if topic.rights() != *rights {
                return HandedOver::Undecided;
            }
            match next {
                Next::Slice(slice) => {
                    reader.position.set(slice.to());
                    outlet.slice(topic, &slice);
                }
                Next::Last(slice) => {
                    reader.position.set(slice.to());
                    outlet.slice(topic, &slice);
                    return HandedOver::All;
                }
                Next::AtHead => return HandedOver::All,
                next => return HandedOver::Until(next),
            }
        }
    }

    /// True if the subscription is at the head or over; false if there is no room for more.
    async fn drain_slot(&mut self, slot: usize, outlet: &mut impl Outlet) -> Result<bool, Ending> {
        loop {
            let next = match self.hand_over(slot, outlet) {
                HandedOver::All => return Ok(true),
                HandedOver::UntilFull => return Ok(false),
                HandedOver::Undecided => {
                    self.decide_anew(slot).await?;
                    continue;
                }
                HandedOver::Until(next) => next,
            };
            let Some(Some(subscription)) = self.subscriptions.get_mut(slot) else { return Ok(true) };
            let topic = &subscription.topic;
            let next = match next {
                Next::Behind => {
                    let position = subscription.reader.position.get();
                    let fetched = self.hub.fetch(topic, position).await;
                    let fetched = fetched.map_err(|error| unreadable(&error, topic))?;
                    if topic.rights() != subscription.rights {
                        continue;
                    }
                    fetched
                }
                next => next,
            };
            match next {
                Next::Slice(slice) | Next::Last(slice) => {
                    subscription.reader.position.set(slice.to());
                    outlet.slice(topic, &slice);
                }
                Next::AtHead => return Ok(true),
                // `fetch` never answers this; a reader that is behind is looked at again.
                Next::Behind => return Ok(false),
                Next::Expired => {
                    let (begin, _) = topic.begin(None);
                    let name = topic.topic.clone();
                    subscription.reader.position.set(begin.offset);
                    self.answer_subscribed(&name, &begin, Some(NotRecovered::Expired), None);
                    // Looked at again after the answer: the topic may have ended meanwhile.
                    self.signal.mark(slot);
                    return Ok(true);
                }
                Next::Closed => {
                    self.end_subscription(slot, ErrorCode::NotFound);
                    return Ok(true);
                }
            }
        }
    }

    /// The rights on a subscription's topic have changed: it goes on, or it ends here.
    async fn decide_anew(&mut self, slot: usize) -> Result<(), Ending> {
        let Some(Some(subscription)) = self.subscriptions.get_mut(slot) else { return Ok(()) };
        let topic = &subscription.topic;
        let decided = self.hub.may_read_on(&self.principal, topic).await;
        match decided.map_err(|error| unreadable(&error, topic))? {
            (true, rights) => subscription.rights = rights,
            // The same whether the topic is closed to them or no more: that is not theirs to know.
            (false, _) => self.end_subscription(slot, ErrorCode::Forbidden),
        }
        Ok(())
    }

    /// Ends a subscription, and says why.
    fn end_subscription(&mut self, slot: usize, code: ErrorCode) {
        let Some(Some(subscription)) = self.subscriptions.get(slot) else { return };
        let name = subscription.topic.topic.clone();
        self.remove(slot);
        self.reply(&ServerFrame::Unsubscribed(name, Unsubscribed { code: Some(code) }));
    }
}

/// How far a subscription's publications were handed over.
#[derive(Debug)]
enum HandedOver {
    /// It is at the head.
    All,
    /// There is no room for more.
    UntilFull,
    /// Up to something that takes more than memory, or an answer.
    Until(Next),
    /// Up to where the rights changed: whether it goes on is to be decided first.
    Undecided,
}

fn unreadable(error: &StoreError, topic: &TopicHub) -> Ending {
    tracing::error!(%error, topic = %topic.topic, "a reader could not be served from the store");
    Ending(CloseCode::StorageUnavailable)
}
