//! Who may read which event, while it changes: members come and go, events are shown to all and hidden.
//! The first event is nobody's and open to everybody; the others have an owner who is far away.
//!
//! What must hold of everything that the server hands to a page: at some moment since it was committed the
//! page's reader was allowed it. What was committed after a removal never reaches who was removed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

use client_core::Input;
use rand::{Rng, seq::IndexedRandom as _};
use server::{
    auth::{Credential, Principal, User},
    domain,
    store::Appended,
};
use shared::{
    AccountId, ErrorCode, EventId, Offset, ServerFrame, Topic,
    model::{
        account::{AccountRole, Person},
        event::EventPatch,
        member::{MemberRole, Visibility},
    },
};

use crate::{action::Action, page::View, server_side::now, world::World};

/// Between two looks of a page at what was closed to it, in milliseconds.
const REVISIT_EVERY_MS: u64 = 3_000;
/// Accounts there are, of which a page's reader has one.
pub(crate) const PEOPLE_MAX: usize = 10;

/// What is true of the rights, and was.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    /// Counts the commits.
    moment: u64,
    visibility: BTreeMap<EventId, Visibility>,
    members: BTreeMap<EventId, BTreeSet<usize>>,
    /// From which moment on who could read a topic. Everybody reads a topic that is not here.
    history: BTreeMap<Topic, Vec<(u64, BTreeSet<usize>)>>,
    /// At which moment each publication was committed.
    committed: BTreeMap<Topic, Vec<u64>>,
}

impl Rights {
    /// A commit: what it appended stands after all changes of rights so far.
    pub(crate) fn commit(&mut self, appended: &[Appended]) {
        self.moment += 1;
        for entry in appended {
            self.committed.entry(entry.topic.clone()).or_default().push(self.moment);
        }
    }

    pub(crate) const fn moment(&self) -> u64 {
        self.moment
    }

    /// What the commit that comes next makes of an event's rights.
    fn change(&mut self, event: &EventId) {
        let everybody = self.visibility.get(event) != Some(&Visibility::Private);
        let members = self.members.entry(event.clone()).or_default();
        let readers = if everybody { (0..PEOPLE_MAX).collect() } else { members.clone() };
        self.history.entry(Topic::event(event)).or_default().push((self.moment + 1, readers));
    }

    /// Who could read the topic at each of the moments since `since`.
    fn since(&self, topic: &Topic, since: u64) -> &[(u64, BTreeSet<usize>)] {
        let history = self.history.get(topic).map_or(&[][..], Vec::as_slice);
        let first = history.partition_point(|(at, _)| *at <= since).saturating_sub(1);
        &history[first..]
    }

    fn ever_since(&self, topic: &Topic, page: usize, since: u64) -> bool {
        let history = self.since(topic, since);
        history.is_empty() || history.iter().any(|(_, readers)| readers.contains(&holder(page)))
    }

    fn always_since(&self, topic: &Topic, page: usize, since: u64) -> bool {
        self.since(topic, since).iter().all(|(_, readers)| readers.contains(&holder(page)))
    }

    pub(crate) fn may_now(&self, topic: &Topic, page: usize) -> bool {
        self.ever_since(topic, page, self.moment)
    }

    /// Whether a frame may be handed to a page at this moment.
    fn allows(&self, page: usize, frame: &ServerFrame) -> bool {
        let (topic, to) = match frame {
            ServerFrame::Publication(publication) => (&publication.topic, publication.offset),
            ServerFrame::Batch(topic, batch) => (topic, batch.to),
            _ => return true,
        };
        let Offset(to) = to;
        let commits = self.committed.get(topic).map_or(&[][..], Vec::as_slice);
        // What nobody committed is found by other checks.
        let committed = usize::try_from(to.saturating_sub(1)).ok().and_then(|index| commits.get(index));
        committed.is_none_or(|moment| self.ever_since(topic, page, *moment))
    }
}

/// The account of a page's reader. Ids are given, so that a seed replays exactly.
///
/// # Panics
/// Never: the ids are plain.
pub(crate) fn person(number: usize) -> Person {
    let id: AccountId = match format!("u{number}").parse() {
        Ok(id) => id,
        Err(_) => unreachable!("a letter and a number are an id"),
    };
    Person { id, name: format!("u{number}"), display_name: format!("Reader {number}") }
}

/// The number of the account of a page's reader: the fourth page is the first reader's second.
const fn holder(page: usize) -> usize {
    if page == 3 { 0 } else { page }
}

/// Who sits in front of a page: every third is not signed in, and of the others the second hides.
pub(crate) fn reader(page: usize) -> Principal {
    if page % 3 == 2 {
        return Principal::anybody();
    }
    Principal::User(Box::new(User {
        person: person(holder(page)),
        role: AccountRole::User,
        invisible: page == 1,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        may_post: true,
        by: Credential::Token { expires_at: i64::MAX },
    }))
}

/// Somebody far away who may do everything.
pub(crate) fn far_away() -> Principal {
    Principal::Key { id: "far".into(), address: IpAddr::V4(Ipv4Addr::LOCALHOST) }
}

impl World {
    /// The rights that the events have from the beginning.
    pub(crate) fn first_rights(&mut self) {
        for (event, visibility) in self.events.iter().skip(1).zip([Visibility::Private, Visibility::Unlisted])
        {
            self.rights.visibility.insert(event.clone(), visibility);
            self.rights.change(event);
        }
    }

    /// How an event stands at the beginning.
    pub(crate) fn first_visibility(&self, event: &EventId) -> Visibility {
        match self.events.iter().position(|other| other == event) {
            Some(1) => Visibility::Private,
            Some(2) => Visibility::Unlisted,
            _ => Visibility::Public,
        }
    }

    /// An owner lets somebody in, throws somebody out, or shows or hides an event.
    pub(crate) fn change_rights(&mut self) {
        if self.hub.is_none() {
            return;
        }
        let Some(event) = self.events.get(1..).and_then(|owned| owned.choose(&mut self.rng)).cloned() else {
            return;
        };
        let page = self.rng.random_range(0..self.pages.len());
        let (id, at) = (event.clone(), self.unix_ms());
        let number = holder(page);
        let Person { name, .. } = person(number);
        let is_member = self.rights.members.get(&event).is_some_and(|members| members.contains(&number));
        match self.rng.random_range(0..10) {
            0..3 => {
                let all = Visibility::ALL;
                let visibility = all[self.rng.random_range(0..all.len())];
                let patch = EventPatch { visibility: Some(visibility), ..EventPatch::default() };
                let done = now(self
                    .store
                    .write(async move |tx| domain::event::change(tx, &id, patch, at).await.map(drop)));
                if matches!(done, Ok(Ok(()))) {
                    self.rights.visibility.insert(event.clone(), visibility);
                }
            }
            // Who is not signed in is no member.
            _ if reader(page).user().is_none() => return,
            3..7 if is_member => {
                let done = now(self
                    .store
                    .write(async move |tx| domain::member::remove(tx, &far_away(), &id, &name, at).await));
                if let (Ok(Ok(_)), Some(members)) = (done, self.rights.members.get_mut(&event)) {
                    members.remove(&number);
                }
            }
            _ => {
                let role = if self.rng.random() { MemberRole::Viewer } else { MemberRole::Contributor };
                let done = now(self
                    .store
                    .write(async move |tx| domain::member::put(tx, &id, &name, role, at).await.map(drop)));
                if matches!(done, Ok(Ok(()))) {
                    self.rights.members.entry(event.clone()).or_default().insert(number);
                }
            }
        }
        self.rights.change(&event);
        self.committed();
    }

    /// Holds what the server hands to a page against what its reader may.
    pub(crate) fn check_rights(&mut self, page: usize, frame: &ServerFrame) {
        if !self.rights.allows(page, frame) {
            self.say(page, || format!("! was handed what it may not read: {frame:?}"));
            self.report.violations.leaked += 1;
        }
    }

    /// The server refuses a subscription, or has ended it: the page shows that the event is not for it.
    pub(crate) fn refused(&mut self, page: usize, topic: &Topic, code: ErrorCode) {
        let Some(opened) = self.pages[page].view(topic).map(|view| view.opened) else { return };
        let known = matches!(code, ErrorCode::Forbidden | ErrorCode::UnknownTopic);
        if !known || self.rights.always_since(topic, page, opened) {
            self.say(page, || format!("! {topic} was refused ({code}) for nothing"));
            self.report.violations.lost += 1;
        }
        self.close(page, topic);
    }

    /// The page shows nothing of the event any more.
    pub(crate) fn close(&mut self, page: usize, topic: &Topic) {
        if let Some(view) = self.pages[page].view(topic) {
            *view = View { closed: true, ..View::new(view.event.clone()) };
        }
    }

    /// Readers look again at what was closed to them; what has been opened since is followed anew.
    pub(crate) fn revisit(&mut self) {
        for page in 0..self.pages.len() {
            if self.pages[page].asleep_until > self.now {
                continue;
            }
            for index in 0..self.pages[page].views.len() {
                let topic = self.pages[page].views[index].topic();
                if self.pages[page].views[index].closed && self.rights.may_now(&topic, page) {
                    let view = &mut self.pages[page].views[index];
                    (view.closed, view.opened) = (false, self.rights.moment());
                    self.input(page, Input::Subscribe { topic, position: None });
                }
            }
        }
        self.later(REVISIT_EVERY_MS, Action::Revisit);
    }
}
