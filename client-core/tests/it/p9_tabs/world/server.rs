//! The server's part of the world: it answers whoever has the connection.

use client_core::{Attempt, Input, Status};
use shared::{
    Offset, ServerFrame, Topic,
    frame::{Batch, NotRecovered, PresenceCount, Subscribe, Subscribed},
};

use super::{Message, SERVER, World};
use crate::script::publication;

impl World {
    pub(super) fn serve(&mut self, number: usize, attempt: Attempt, frame: ServerFrame) {
        self.send(SERVER, number, Message::Input(Input::Received { attempt, frame }));
    }

    pub(super) fn serve_topic(&mut self, number: usize, attempt: Attempt, asked: &Subscribe) {
        let topic = asked.name.topic();
        let since = asked.since.clone().unwrap();
        let recovered = since.offset.0 >= self.low;
        let reason = (!recovered).then_some(NotRecovered::Expired);
        let head = self.heads[&topic];
        let offset = if recovered { since.offset } else { Offset(head) };
        let answer = Subscribed { epoch: since.epoch, offset, recovered, reason, reference: asked.reference };
        self.serve(number, attempt, ServerFrame::Subscribed(topic.clone(), answer));
        if recovered && offset.0 < head {
            let frame = self.batch(&topic, offset.0);
            self.serve(number, attempt, frame);
        }
        self.tell_count(number, attempt, topic);
    }

    fn tell_count(&mut self, number: usize, attempt: Attempt, topic: Topic) {
        let count = PresenceCount { watchers: self.count, subscriptions: self.count, people: 0 };
        self.serve(number, attempt, ServerFrame::PresenceCount(topic, count));
    }

    fn batch(&self, topic: &Topic, after: u64) -> ServerFrame {
        let (from, to) = (Offset(after + 1), Offset(self.heads[topic]));
        let publications = (from.0..=to.0).map(|o| publication(topic.clone(), Offset(o))).collect();
        ServerFrame::Batch(topic.clone(), Batch { from, to, publications })
    }

    fn connected(&self) -> Option<(usize, Attempt)> {
        let leader = self.holder?;
        let tab = self.tabs.get(&leader)?;
        (tab.client.status() == Status::Live).then_some((leader, tab.socket?))
    }

    pub(in super::super) fn publish(&mut self, topic: &Topic, count: u64) {
        let before = self.heads[topic];
        self.heads.insert(topic.clone(), before + count);
        for number in self.tabs.keys().copied().collect::<Vec<_>>() {
            let tab = &self.tabs[&number];
            if let Some(attempt) = tab.socket.filter(|_| tab.client.topics().any(|t| t == topic)) {
                let frame = self.batch(topic, before);
                self.serve(number, attempt, frame);
            }
        }
    }

    pub(in super::super) fn count(&mut self, count: u64) {
        self.count = count;
        if let Some((leader, attempt)) = self.connected() {
            for topic in self.heads.keys().cloned().collect::<Vec<_>>() {
                self.tell_count(leader, attempt, topic);
            }
        }
    }

    /// The connection breaks. Polls would do too, but are no matter of tabs: only what was live is cut.
    pub(in super::super) fn cut(&mut self) {
        if let Some((leader, attempt)) = self.connected() {
            self.tabs.get_mut(&leader).unwrap().socket = None;
            let closed = Input::Closed { attempt, code: Some(1006), retry_after: None };
            self.send(SERVER, leader, Message::Input(closed));
        }
    }

    /// The server keeps the newest publications only.
    pub(in super::super) fn forget(&mut self) {
        self.low = self.heads.values().min().unwrap().saturating_sub(2);
    }
}
