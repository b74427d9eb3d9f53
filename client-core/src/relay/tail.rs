//! The newest of a topic as the followers were sent it: bounded, without holes. Called by `relay`.

use std::{collections::VecDeque, rc::Rc};

use shared::{Offset, Position, frame::NotRecovered};

/// Most frames kept for a topic.
const FRAMES_MAX: usize = 256;
/// Most bytes of text kept for a topic, beyond the newest frame.
const BYTES_MAX: usize = 512 * 1024;

#[derive(Debug)]
struct Kept {
    to: Offset,
    text: Rc<str>,
}

#[derive(Debug)]
pub(super) struct Tail {
    /// What comes after this is kept.
    start: Position,
    head: Offset,
    frames: VecDeque<Kept>,
    bytes: usize,
}

impl Tail {
    pub(super) const fn new(start: Position) -> Self {
        let head = start.offset;
        Self { start, head, frames: VecDeque::new(), bytes: 0 }
    }

    /// The newest place.
    pub(super) fn head(&self) -> Position {
        Position { epoch: self.start.epoch.clone(), offset: self.head }
    }

    /// Whether everything after `position` is kept or to come.
    pub(super) fn reaches(&self, position: &Position) -> bool {
        self.reason_against(position).is_none()
    }

    /// Why a follower cannot go on from here; `None` if it can.
    pub(super) fn reason_against(&self, since: &Position) -> Option<NotRecovered> {
        if since.epoch != self.start.epoch {
            Some(NotRecovered::EpochChanged)
        } else if since.offset < self.start.offset {
            Some(NotRecovered::Expired)
        } else {
            None
        }
    }

    /// The position is beyond the newest place.
    pub(super) fn is_before(&self, position: &Position) -> bool {
        self.head < position.offset
    }

    /// The newest place is beyond the position.
    pub(super) fn is_ahead_of(&self, position: &Position) -> bool {
        self.head > position.offset
    }

    /// The frames that cover what comes after `offset`. The first may begin before it: a client passes
    /// over what it has.
    pub(super) fn after(&self, offset: Offset) -> Vec<Rc<str>> {
        self.frames.iter().filter(|kept| kept.to > offset).map(|kept| Rc::clone(&kept.text)).collect()
    }

    /// Takes the frame that has brought the topic to `position`. Says whether anything of it is new.
    pub(super) fn push(&mut self, position: &Position, text: &Rc<str>) -> bool {
        if position.epoch != self.start.epoch || position.offset <= self.head {
            return false;
        }
        self.head = position.offset;
        self.bytes += text.len();
        self.frames.push_back(Kept { to: position.offset, text: Rc::clone(text) });
        while self.frames.len() > FRAMES_MAX || (self.bytes > BYTES_MAX && self.frames.len() > 1) {
            let Some(gone) = self.frames.pop_front() else { break };
            self.bytes -= gone.text.len();
            self.start.offset = gone.to;
        }
        true
    }
}
