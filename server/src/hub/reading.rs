//! Who reads a topic: coming and going, who is there by reading, and whether they may. Part of [`Hub`]; called by
//! sessions.

use std::sync::Arc;

use shared::{AccountId, Topic, TopicKind};

use super::{
    Entry, Hub, TopicError, open,
    people::Who,
    topic::{self, Joined, Leaving, Reading, TopicHub},
};
use crate::{
    auth::{
        Principal, User,
        permission::{self, Action, Decision},
    },
    store::StoreError,
    time::Millis,
};

impl Hub {
    /// Adds a reader; `leave` with the key that this returns takes it out.
    pub fn join(&self, now: Millis, topic: &TopicHub, mut reading: Reading<'_>) -> Joined {
        // Who is online is online by what was last said of them, not by what a connection began with.
        let account = reading.who.as_ref().map(|who| who.person.id.clone());
        let known = account.as_ref().and_then(|account| self.online.find(account));
        reading.who = match topic.topic.kind() {
            // There one is by being connected, not by reading.
            TopicKind::Online => None,
            _ => known.or(reading.who),
        };
        let (joined, alarms) = topic.join(now, reading);
        self.set_alarms(alarms, &topic.topic);
        if let Some(account) = account {
            self.show_as_changed(now, topic, &account);
        }
        joined
    }

    /// Takes a reader out.
    pub fn leave(&self, now: Millis, topic: &TopicHub, key: usize, leaving: Leaving) {
        self.set_alarms(topic.leave(now, key, leaving), &topic.topic);
    }

    /// A reader wants to be told who is there, or does not any more.
    pub fn want_people(&self, topic: &TopicHub, key: usize, wants: bool) {
        topic.want_people(key, wants);
    }

    /// Somebody has opened a connection.
    pub fn arrive(&self, now: Millis, user: &User) {
        let who = Who { person: user.person.clone(), invisible: user.invisible };
        self.set_alarms(self.online.enter(now, &who), &self.online.topic);
        self.show_as_changed(now, &self.online, &who.person.id);
    }

    /// Takes over what was said of somebody between their being looked up and their entering a topic.
    fn show_as_changed(&self, now: Millis, topic: &TopicHub, account: &AccountId) {
        let changed = self.changes.lock().get(account).map(|(_, who)| who.clone());
        if let Some(who) = changed {
            self.set_alarms(topic.change(now, &who), &topic.topic);
        }
    }

    /// A connection of theirs has ended.
    pub fn depart(&self, now: Millis, account: &AccountId, leaving: Leaving) {
        self.set_alarms(self.online.exit(now, account, leaving), &self.online.topic);
    }

    /// Somebody is called otherwise from now on, or hides, or does not any more.
    pub fn person_changed(&self, now: Millis, who: &Who) {
        // First of all noted: who enters a topic after it was told of the change finds it there.
        self.changes.lock().insert(who.person.id.clone(), (now, who.clone()));
        self.on_every_topic(|topic| topic.change(now, who));
    }

    /// Does something on `online` and on every topic in memory.
    fn on_every_topic(&self, act: impl Fn(&TopicHub) -> topic::Alarms) {
        let topics: Vec<_> = self.topics.read().values().filter_map(Entry::ready).collect();
        for topic in [&self.online].into_iter().chain(&topics) {
            self.set_alarms(act(topic), &topic.topic);
        }
    }

    /// An account is signed out somewhere, or may not know of `of` any more. Where none of its connections is
    /// left it is gone at once, and not only when nobody has come back.
    pub fn gone(&self, now: Millis, account: &AccountId, of: Option<&Topic>) {
        match of {
            None => self.on_every_topic(|topic| topic.forget(now, account)),
            Some(name) => {
                if let Some(topic) = self.ready(name) {
                    self.set_alarms(topic.forget(now, account), name);
                }
            }
        }
    }

    /// Somebody who is there is typing, or is not any more.
    pub fn type_on(&self, now: Millis, topic: &TopicHub, account: &AccountId, on: bool) {
        self.set_alarms(topic.type_on(now, account, on), &topic.topic);
    }

    /// Whether `principal` may post on a topic, as the store has it now.
    pub async fn may_post(&self, principal: &Principal, topic: &Topic) -> Result<Decision, StoreError> {
        let (principal, topic) = (principal.clone(), topic.clone());
        self.store.read(async move |tx| permission::decide(tx, &principal, Action::Post, &topic).await).await
    }

    /// The topic, if `principal` may read it, and the version of its rights as of which that was decided.
    /// One that must not be known of costs what one that does not exist costs, and is answered the same.
    pub async fn readable(
        &self,
        now: Millis,
        principal: &Principal,
        name: &Topic,
    ) -> Result<(Arc<TopicHub>, u64), TopicError> {
        let mut found = self.ready(name);
        loop {
            // Looked at first: what changes while it is decided is seen to have changed.
            let rights = found.as_ref().map(|topic| topic.rights());
            match permission::read_decision(&self.store, principal, name).await? {
                Decision::Allowed => {}
                Decision::SignIn => return Err(TopicError::SignIn),
                Decision::Forbidden => return Err(TopicError::Forbidden),
                Decision::Hidden => return Err(TopicError::Unknown),
            }
            match found.zip(rights) {
                Some((topic, rights)) => return Ok((open(topic)?, rights)),
                // Loaded only for who may read it; what changed meanwhile is decided with it in memory.
                None => found = Some(self.topic(now, name).await?),
            }
        }
    }

    /// Whether `principal` may read on in a topic whose rights have changed, and as of which version.
    pub async fn may_read_on(
        &self,
        principal: &Principal,
        topic: &TopicHub,
    ) -> Result<(bool, u64), StoreError> {
        let rights = topic.rights();
        let decide = async |principal: &Principal| {
            let decision = permission::read_decision(&self.store, principal, &topic.topic).await?;
            Ok::<_, StoreError>(decision == Decision::Allowed)
        };
        let open = {
            // All of its readers ask at once: what is open to everybody is looked up for all of them.
            let mut found = topic.open.lock().await;
            match *found {
                Some((as_of, open)) if as_of == rights => open,
                _ => {
                    let open = decide(&Principal::anybody()).await?;
                    *found = Some((rights, open));
                    open
                }
            }
        };
        Ok((open || decide(principal).await?, rights))
    }
}
