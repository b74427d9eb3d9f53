//! Who is present on a topic (P4): people, not tabs, and who of them is typing.
//!
//! It is told in frames that all readers share, kept in a short ring; a reader who has missed some of
//! them is told the whole state instead. Only the first few are named, and what is told within a second is
//! bounded, so that a crowd costs each reader one frame and not one for each of the crowd. Nothing of it
//! is stored. It knows no clock. Used by `topic`, under its lock.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use shared::{
    AccountId, ServerFrame, Topic, TopicKind,
    limits::{TYPING_NAMED, TYPING_S},
    model::{
        account::Person,
        presence::{PersonGone, PersonThere, PresenceState},
    },
};

use crate::time::Millis;

/// Who does not say so again is not typing any more, in milliseconds.
const TYPING_MS: u64 = TYPING_S * 1000;
/// Changes that are told one by one are counted over this long, in milliseconds.
const WINDOW_MS: u64 = 1000;
/// So many of them within a window; what is more comes together, as a state, at its end.
const WINDOW_CHANGES: usize = 20;
/// So many over all readers, so that a crowd is told less often and not more.
const WINDOW_DELIVERIES: usize = 4_000;
/// Frames kept for readers who are a little behind.
const RING_FRAMES: usize = 64;

/// Somebody who is, or comes to be, present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub person: Person,
    /// Neither named nor counted.
    pub invisible: bool,
}

/// How a connection ends that somebody was present by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// They said so: they are gone if it was the last.
    ForGood,
    /// They may come back: they are present until then.
    Until(Millis),
}

/// What a reader who was told up to a version has yet to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub version: u64,
    pub frames: Vec<Arc<str>>,
}

/// The people of one topic.
#[derive(Debug)]
pub(super) struct People {
    topic: Topic,
    /// How many are named.
    named: usize,
    there: HashMap<AccountId, Someone>,
    /// Those who are shown, by the number under which they came.
    shown: BTreeMap<u64, AccountId>,
    last_number: u64,
    /// Those without a connection, by the time at which they are gone.
    going: BTreeSet<(Millis, AccountId)>,
    typing: Vec<(AccountId, Millis)>,
    /// Frames told one by one, newest last; the last of them made `version`.
    ring: VecDeque<Arc<str>>,
    version: u64,
    /// The state as a frame, until something changes.
    state: Option<Arc<str>>,
    window: Option<Window>,
    /// When the hub's timer comes back here.
    armed: Option<Millis>,
    /// Readers who want to know.
    readers: usize,
}

#[derive(Debug)]
struct Someone {
    who: Who,
    connections: u32,
    gone_at: Option<Millis>,
    /// The number under which they are shown; none for who hides.
    shown_as: Option<u64>,
}

#[derive(Debug)]
struct Window {
    ends: Millis,
    told: usize,
    /// Something was not told one by one.
    overflowed: bool,
}

impl People {
    pub(super) fn new(topic: &Topic) -> Self {
        Self {
            topic: topic.clone(),
            named: topic.kind().people_named(),
            there: HashMap::new(),
            shown: BTreeMap::new(),
            last_number: 0,
            going: BTreeSet::new(),
            typing: Vec::new(),
            ring: VecDeque::new(),
            version: 1,
            state: None,
            window: None,
            armed: None,
            readers: 0,
        }
    }

    /// A reader comes who wants to know who is there.
    pub(super) const fn read(&mut self) {
        self.readers += 1;
    }

    /// It goes.
    pub(super) const fn unread(&mut self) {
        self.readers -= 1;
    }

    /// Whether anybody wants to know.
    pub(super) const fn has_readers(&self) -> bool {
        self.readers > 0
    }

    /// Counts the tellings; 0 is never one of them.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn is_empty(&self) -> bool {
        self.there.is_empty() && self.window.is_none()
    }

    /// How many are shown, named or not.
    pub(super) fn count(&self) -> u64 {
        self.shown.len() as u64
    }

    /// What is known of somebody who is there.
    pub(super) fn find(&self, account: &AccountId) -> Option<&Who> {
        self.there.get(account).map(|someone| &someone.who)
    }

    /// Somebody opens a connection.
    pub(super) fn enter(&mut self, now: Millis, who: &Who) {
        if self.named == 0 {
            return;
        }
        let account = &who.person.id;
        if let Some(someone) = self.there.get_mut(account) {
            someone.connections += 1;
            if let Some(gone_at) = someone.gone_at.take() {
                self.going.remove(&(gone_at, account.clone()));
            }
            return;
        }
        let someone = Someone { who: who.clone(), connections: 1, gone_at: None, shown_as: None };
        self.there.insert(account.clone(), someone);
        if !who.invisible {
            self.show(now, who.person.clone());
        }
    }

    /// A connection of somebody ends.
    pub(super) fn exit(&mut self, now: Millis, account: &AccountId, going: Going) {
        let Some(someone) = self.there.get_mut(account) else { return };
        someone.connections = someone.connections.saturating_sub(1);
        if someone.connections > 0 {
            return;
        }
        match going {
            Going::Until(until) if until > now => {
                someone.gone_at = Some(until);
                self.going.insert((until, account.clone()));
            }
            Going::Until(_) | Going::ForGood => self.remove(now, account),
        }
    }

    /// Somebody does not come back: if they are without a connection, they are gone.
    pub(super) fn forget(&mut self, now: Millis, account: &AccountId) {
        if self.there.get(account).is_some_and(|someone| someone.gone_at.is_some()) {
            self.remove(now, account);
        }
    }

    /// Somebody has another name now, or shows themselves, or does not any more.
    pub(super) fn change(&mut self, now: Millis, who: &Who) {
        let account = &who.person.id;
        let Some(someone) = self.there.get_mut(account).filter(|someone| someone.who != *who) else { return };
        someone.who = who.clone();
        match (someone.shown_as, who.invisible) {
            (Some(number), true) => {
                someone.shown_as = None;
                self.hide(now, number, account);
            }
            (Some(number), false) if self.is_named(number) => self.tell_came(now, who.person.clone()),
            (Some(_), false) => self.state = None,
            (None, false) => self.show(now, who.person.clone()),
            (None, true) => {}
        }
    }

    /// Somebody who is there has begun or gone on typing, or has stopped.
    pub(super) fn type_on(&mut self, now: Millis, account: &AccountId, on: bool) {
        let at = self.typing.iter().position(|(typist, _)| typist == account);
        match (at, on) {
            (Some(at), true) => self.typing[at].1 = now.plus(TYPING_MS),
            (Some(at), false) => self.stop_typing(now, at),
            (None, true) if self.typing.len() < TYPING_NAMED => {
                let Some(who) = self.find(account).filter(|who| !who.invisible) else { return };
                let person = who.person.clone();
                self.typing.push((account.clone(), now.plus(TYPING_MS)));
                self.tell(now, &ServerFrame::TypingStart(self.topic.clone(), PersonThere { person }));
            }
            // Enough are typing already; the next time that it is said there may be room.
            (None, _) => {}
        }
    }

    /// Does what is due.
    pub(super) fn ring(&mut self, now: Millis) {
        if self.armed.is_some_and(|armed| armed <= now) {
            self.armed = None;
        }
        while let Some((_, account)) = self.going.first().filter(|(until, _)| *until <= now).cloned() {
            self.remove(now, &account);
        }
        while let Some(at) = self.typing.iter().position(|(_, until)| *until <= now) {
            self.stop_typing(now, at);
        }
        if let Some(window) = self.window.take_if(|window| window.ends <= now)
            && window.overflowed
        {
            // What was told one by one before is part of the state that everybody gets now.
            self.ring.clear();
            self.version += 1;
            self.window = Some(Window { ends: now.plus(WINDOW_MS), told: 1, overflowed: false });
        }
    }

    /// When [`Self::ring`] is to be called, if nobody will by then.
    pub(super) fn arm(&mut self) -> Option<Millis> {
        let typing = self.typing.iter().map(|(_, until)| *until).min();
        let going = self.going.first().map(|(until, _)| *until);
        let window = self.window.as_ref().map(|window| window.ends);
        let due = [typing, going, window].into_iter().flatten().min()?;
        if self.armed.is_some_and(|armed| armed <= due) {
            return None;
        }
        self.armed = Some(due);
        Some(due)
    }

    /// What a reader is to be told who has been told up to the version `seen`; 0 for one who has been told
    /// nothing.
    pub(super) fn told(&mut self, seen: u64) -> Told {
        let missed = usize::try_from(self.version.saturating_sub(seen)).unwrap_or(usize::MAX);
        let frames = if seen > 0 && missed <= self.ring.len() {
            self.ring.iter().skip(self.ring.len() - missed).cloned().collect()
        } else {
            self.state().into_iter().collect()
        };
        Told { version: self.version, frames }
    }

    fn state(&mut self) -> Option<Arc<str>> {
        if self.state.is_none() {
            let person = |account: &AccountId| self.find(account).map(|who| who.person.clone());
            let state = PresenceState {
                people: self.shown.values().take(self.named).filter_map(person).collect(),
                total: self.count(),
                typing: self.typing.iter().filter_map(|(account, _)| person(account)).collect(),
            };
            let text = ServerFrame::PresenceState(self.topic.clone(), state).encode();
            self.state = text.ok().map(Into::into);
        }
        self.state.clone()
    }

    fn remove(&mut self, now: Millis, account: &AccountId) {
        let Some(gone) = self.there.remove(account) else { return };
        if let Some(gone_at) = gone.gone_at {
            self.going.remove(&(gone_at, account.clone()));
        }
        if let Some(number) = gone.shown_as {
            self.hide(now, number, account);
        }
    }

    /// Whether whoever came under this number is one of those who are named.
    fn is_named(&self, number: u64) -> bool {
        self.shown.range(..number).take(self.named).count() < self.named
    }

    fn show(&mut self, now: Millis, person: Person) {
        self.last_number += 1;
        let number = self.last_number;
        if let Some(someone) = self.there.get_mut(&person.id) {
            someone.shown_as = Some(number);
        }
        self.shown.insert(number, person.id.clone());
        self.state = None;
        if self.is_named(number) {
            self.tell_came(now, person);
        }
    }

    fn hide(&mut self, now: Millis, number: u64, account: &AccountId) {
        if let Some(at) = self.typing.iter().position(|(typist, _)| typist == account) {
            self.stop_typing(now, at);
        }
        let was_named = self.is_named(number);
        self.shown.remove(&number);
        self.state = None;
        if !was_named {
            return;
        }
        let (topic, gone) = (self.topic.clone(), PersonGone { user_id: account.clone() });
        let frame = match self.topic.kind() {
            TopicKind::Online => ServerFrame::UserOffline(topic, gone),
            _ => ServerFrame::PresenceLeave(topic, gone),
        };
        self.tell(now, &frame);
        // Somebody who was only counted is named in their place.
        let next = self.shown.values().nth(self.named - 1).and_then(|next| self.find(next));
        if let Some(person) = next.map(|who| who.person.clone()) {
            self.tell_came(now, person);
        }
    }

    fn tell_came(&mut self, now: Millis, person: Person) {
        let (topic, there) = (self.topic.clone(), PersonThere { person });
        let frame = match self.topic.kind() {
            TopicKind::Online => ServerFrame::UserOnline(topic, there),
            _ => ServerFrame::PresenceJoin(topic, there),
        };
        self.tell(now, &frame);
    }

    fn stop_typing(&mut self, now: Millis, at: usize) {
        let (user_id, _) = self.typing.remove(at);
        self.tell(now, &ServerFrame::TypingStop(self.topic.clone(), PersonGone { user_id }));
    }

    /// Tells a change, or leaves it to the end of the window when there have been many.
    fn tell(&mut self, now: Millis, frame: &ServerFrame) {
        self.state = None;
        if self.readers == 0 {
            // Whoever comes is told the state.
            self.ring.clear();
            self.version += 1;
            return;
        }
        let most = (WINDOW_DELIVERIES / self.readers).clamp(1, WINDOW_CHANGES);
        let ends = now.plus(WINDOW_MS);
        let window = self.window.get_or_insert(Window { ends, told: 0, overflowed: false });
        if window.overflowed || window.told >= most {
            window.overflowed = true;
            return;
        }
        window.told += 1;
        // Frames are made of strings and numbers; encoding them does not fail.
        let Ok(text) = frame.encode() else { return };
        if self.ring.len() == RING_FRAMES {
            self.ring.pop_front();
        }
        self.ring.push_back(text.into());
        self.version += 1;
    }
}

#[cfg(test)]
mod tests;
