//! The way between pages and server: how long things take, what is lost, what is broken off.

use client_core::{Attempt, Input};
use rand::Rng;
use server::time::Millis;
use shared::{CloseCode, ServerFrame};

use crate::{
    Plant,
    action::Action,
    link::{Kind, Link, Served},
    page::Page,
    world::{FAULTS_FOR_MS, World},
};

impl World {
    /// How long the network takes, one way.
    pub(crate) fn delay(&mut self, page: usize) -> u64 {
        let Page { latency_ms, delay_ms, .. } = self.pages[page];
        latency_ms + delay_ms + self.rng.random_range(0..=latency_ms / 2)
    }

    /// Something reaches a client after this long.
    pub(crate) fn tell(&mut self, page: usize, delay_ms: u64, input: Input) {
        let life = self.pages[page].life;
        self.later(delay_ms, Action::Input { page, life, input: Box::new(input) });
    }

    /// A connection is on its way to the server.
    pub(crate) fn connect(&mut self, page: usize, attempt: Attempt, kind: Kind) {
        let id = self.new_number();
        let up_at = self.now + self.delay(page);
        self.links.insert(id, Link::new(page, self.pages[page].life, attempt, kind, up_at));
        self.pages[page].links.insert(attempt, id);
        self.at(up_at, Action::Arrive { link: id });
    }

    /// A text goes up to the server.
    pub(crate) fn text_up(&mut self, page: usize, attempt: Attempt, text: String) {
        let Some(id) = self.pages[page].links.get(&attempt).copied() else { return };
        let at = self.now + self.delay(page);
        if let Some(link) = self.links.get_mut(&id) {
            link.up_at = link.up_at.max(at);
            let at = link.up_at;
            self.at(at, Action::Hear { link: id, text });
        }
    }

    /// A client closes its end of a connection.
    pub(crate) fn close_up(&mut self, page: usize, attempt: Attempt) {
        if let Some(id) = self.pages[page].links.remove(&attempt) {
            let delay = self.delay(page);
            self.later(delay, Action::Leave { link: id });
        }
    }

    /// A client's end of a connection reaches the server; that of a silent one never does.
    pub(crate) fn leave(&mut self, id: u64) {
        if self.links.get(&id).is_some_and(|link| !link.dead) {
            self.unlink(id);
        }
    }

    /// The server's side of a connection is over.
    fn unlink(&mut self, id: u64) -> Option<Link> {
        let mut link = self.links.remove(&id)?;
        let now = Millis(self.now);
        match link.served.as_deref_mut() {
            Some(Served::Socket(session)) => session.leave(now),
            Some(Served::Poll(hold)) => hold.leave(now),
            None => {}
        }
        Some(link)
    }

    /// A frame goes down to a page; frames of one connection do not overtake one another.
    pub(crate) fn frame_down(&mut self, id: u64, text: &str) {
        let Some((page, false)) = self.links.get(&id).map(|link| (link.page, link.dead)) else { return };
        let at = self.now + self.delay(page);
        let frame = ServerFrame::decode(text).map(|frame| {
            self.check_rights(page, &frame);
            self.spoil(frame)
        });
        let Some(link) = self.links.get_mut(&id) else { return };
        link.down_at = link.down_at.max(at);
        let (attempt, life, at) = (link.attempt, link.life, link.down_at);
        let input = match frame {
            Ok(Some(frame)) => Input::Received { attempt, frame },
            Ok(None) => return,
            Err(_) => Input::ReceivedNonsense { attempt },
        };
        self.at(at, Action::Input { page, life, input: Box::new(input) });
    }

    /// What the planted bugs of the server make of a frame.
    pub(crate) fn spoil(&mut self, mut frame: ServerFrame) -> Option<ServerFrame> {
        match (self.plant, &mut frame) {
            (Some(Plant::ThinBatch), ServerFrame::Batch(_, batch)) if self.rng.random_ratio(1, 10) => {
                batch.publications.pop();
            }
            // In the first half only: what is lost at the very end nobody can notice.
            (Some(Plant::LostFrame), ServerFrame::Publication(_) | ServerFrame::Batch(..))
                if self.now < FAULTS_FOR_MS / 2 && self.rng.random_ratio(1, 50) =>
            {
                return None;
            }
            (Some(Plant::LostJoin), ServerFrame::PresenceJoin(..)) => return None,
            _ => {}
        }
        Some(frame)
    }

    /// The server, or something in between, ends a connection and the page is told.
    pub(crate) fn end(&mut self, id: u64, code: Option<CloseCode>) {
        let Some(link) = self.unlink(id) else { return };
        if link.dead {
            return;
        }
        let at = link.down_at.max(self.now + self.delay(link.page));
        let code = code.map(CloseCode::number);
        let input = Input::Closed { attempt: link.attempt, code, retry_after: None };
        self.at(at, Action::Input { page: link.page, life: link.life, input: Box::new(input) });
    }
}
