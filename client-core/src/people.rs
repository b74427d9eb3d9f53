//! Who is there on a topic, as a page shows it (P4): names as far as the server tells them, how many there
//! are, who is typing; and when to say that one is typing oneself.
//!
//! It is fed with the frames that `Event::Ephemeral` brings and knows no clock. Nothing here is proved, as
//! it is of publications: what was missed comes again as a state. Called by the page.

use std::time::Duration;

use shared::{AccountId, ServerFrame, limits::TYPING_S, model::account::Person};

use crate::Instant;

/// Who is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    named: Vec<Person>,
    total: u64,
    typing: Vec<Person>,
}

impl People {
    /// Those who are named; who came first stands first.
    pub fn named(&self) -> &[Person] {
        &self.named
    }

    /// How many there are, named or not.
    pub fn total(&self) -> u64 {
        self.total.max(self.named.len() as u64)
    }

    /// Who is typing, oneself perhaps included.
    pub fn typing(&self) -> &[Person] {
        &self.typing
    }

    /// Takes a frame about the topic. True if it has changed anything.
    pub fn handle(&mut self, frame: &ServerFrame) -> bool {
        let before = self.clone();
        match frame {
            ServerFrame::PresenceState(_, state) => {
                *self =
                    Self { named: state.people.clone(), total: state.total, typing: state.typing.clone() };
            }
            ServerFrame::PresenceCount(_, count) => self.total = count.people,
            ServerFrame::PresenceJoin(_, there) | ServerFrame::UserOnline(_, there) => {
                // The count follows within a second; until then it is at least so.
                self.total += u64::from(put(&mut self.named, &there.person));
            }
            ServerFrame::PresenceLeave(_, gone) | ServerFrame::UserOffline(_, gone) => {
                if take(&mut self.named, &gone.user_id) {
                    self.total = self.total.saturating_sub(1);
                }
                take(&mut self.typing, &gone.user_id);
            }
            ServerFrame::TypingStart(_, there) => {
                put(&mut self.typing, &there.person);
            }
            ServerFrame::TypingStop(_, gone) => {
                take(&mut self.typing, &gone.user_id);
            }
            _ => {}
        }
        *self != before
    }

    /// Nothing is heard any more: that somebody stops typing would not be. True if it has changed anything.
    pub fn disconnected(&mut self) -> bool {
        !std::mem::take(&mut self.typing).is_empty()
    }
}

/// Adds somebody, or replaces them. True if they were not there.
fn put(people: &mut Vec<Person>, person: &Person) -> bool {
    match people.iter_mut().find(|known| known.id == person.id) {
        Some(known) => {
            known.clone_from(person);
            false
        }
        None => {
            people.push(person.clone());
            true
        }
    }
}

fn take(people: &mut Vec<Person>, id: &AccountId) -> bool {
    let before = people.len();
    people.retain(|person| person.id != *id);
    people.len() < before
}

/// Says again that one is typing after this long; the server forgets it after [`TYPING_S`].
const SAY_AGAIN: Duration = Duration::from_secs(TYPING_S - 2);

/// When to say that one is typing oneself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Typist {
    said: Option<Instant>,
}

impl Typist {
    /// The text has changed; `empty` is what it is now. What to say, if anything: that one is typing, or not.
    pub fn changed(&mut self, now: Instant, empty: bool) -> Option<bool> {
        if empty {
            return self.done(now);
        }
        if self.said.is_some_and(|said| now.since(said) < SAY_AGAIN) {
            return None;
        }
        self.said = Some(now);
        Some(true)
    }

    /// The text was posted or given up.
    pub fn done(&mut self, now: Instant) -> Option<bool> {
        let said = self.said.take()?;
        // What was said long ago is forgotten already.
        (now.since(said) < Duration::from_secs(TYPING_S)).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        Topic,
        frame::PresenceCount,
        model::presence::{PersonGone, PersonThere, PresenceState},
    };

    use super::*;

    fn topic() -> Topic {
        "event:e1".parse().unwrap()
    }

    fn person(name: &str) -> Person {
        Person { id: name.parse().unwrap(), name: name.to_owned(), display_name: name.to_uppercase() }
    }

    fn there(name: &str) -> PersonThere {
        PersonThere { person: person(name) }
    }

    fn gone(name: &str) -> PersonGone {
        PersonGone { user_id: name.parse().unwrap() }
    }

    fn state(names: &[&str], total: u64) -> ServerFrame {
        let people = names.iter().map(|name| person(name)).collect();
        ServerFrame::PresenceState(topic(), PresenceState { people, total, typing: Vec::new() })
    }

    fn words(people: &People) -> String {
        let names = |people: &[Person]| people.iter().map(|p| p.name.clone()).collect::<Vec<_>>().join(" ");
        format!("[{}] of {} typing [{}]", names(people.named()), people.total(), names(people.typing()))
    }

    #[test]
    fn p4_what_is_told_adds_up_and_a_state_begins_anew() {
        let mut people = People::default();
        let mut check = |frame: ServerFrame, shown: &str| {
            people.handle(&frame);
            assert_eq!(words(&people), shown, "{frame:?}");
            assert!(!people.handle(&frame), "told twice, it changes nothing: {frame:?}");
        };
        check(state(&["ada"], 1), "[ada] of 1 typing []");
        check(ServerFrame::PresenceJoin(topic(), there("ben")), "[ada ben] of 2 typing []");
        check(ServerFrame::TypingStart(topic(), there("ben")), "[ada ben] of 2 typing [ben]");
        check(ServerFrame::TypingStart(topic(), there("zoe")), "[ada ben] of 2 typing [ben zoe]");
        let count = PresenceCount { watchers: 90, subscriptions: 90, people: 31 };
        check(ServerFrame::PresenceCount(topic(), count), "[ada ben] of 31 typing [ben zoe]");
        check(ServerFrame::PresenceLeave(topic(), gone("ben")), "[ada] of 30 typing [zoe]");
        check(ServerFrame::TypingStop(topic(), gone("zoe")), "[ada] of 30 typing []");
        check(ServerFrame::PresenceLeave(topic(), gone("zoe")), "[ada] of 30 typing []");
        check(state(&["cid"], 1), "[cid] of 1 typing []");
        let mut countess = there("cid");
        countess.person.display_name = "Countess".to_owned();
        assert!(people.handle(&ServerFrame::PresenceJoin(topic(), countess)));
        assert_eq!((people.named()[0].display_name.as_str(), people.total()), ("Countess", 1));
    }

    #[test]
    fn p4_nobody_is_typing_on_a_line_that_is_dead() {
        let mut people = People::default();
        people.handle(&state(&["ada"], 1));
        people.handle(&ServerFrame::TypingStart(topic(), there("ada")));
        assert!(people.disconnected());
        assert_eq!(words(&people), "[ada] of 1 typing []");
        assert!(!people.disconnected());
    }

    #[test]
    fn p4_one_says_that_one_types_now_and_then_and_that_one_does_not() {
        let mut typist = Typist::default();
        let said: Vec<_> =
            (0..100).filter(|tick| typist.changed(Instant(tick * 100), false).is_some()).collect();
        assert_eq!(said, [0, 40, 80]);
        assert_eq!(typist.changed(Instant(9_900), true), Some(false));
        assert_eq!(typist.changed(Instant(9_950), true), None);
        assert_eq!(typist.changed(Instant(10_000), false), Some(true), "a new text is told at once");
        assert_eq!(typist.done(Instant(17_000)), None, "it is forgotten already");
    }
}
