//! The names of topics.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, EventId, MatchId, PostId, TeamId, TournamentId, VenueId,
    limits::{PEOPLE_NAMED, PEOPLE_NAMED_ONLINE},
    text::InvalidText,
};

/// What a topic is about; decides its rights, its window and its retention.
///
/// A further domain adds its line here and in the two functions below; the compiler finds the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// `events`: every public event's appearance and change of status.
    Events,
    /// `event:{id}`: the timeline of one event.
    Event,
    /// `user:{id}`: what concerns one account alone.
    User,
    /// `online`: who is online. Nothing is ever published on it.
    Online,
    /// `stories`: everybody's stories, as they come and go.
    Stories,
    /// `match:{id}`: what happens in one match, and where it stands.
    Match,
    /// `team:{id}`: a team, and what happens in its matches.
    Team,
    /// `tournament:{id}`: a tournament's table and bracket, and where its matches stand.
    Tournament,
    /// `post:{id}`: who works on one post.
    Post,
    /// `venue_updates`: every venue's appearance, and how it is there.
    VenueUpdates,
    /// `venue:{id}`: one venue.
    Venue,
    /// `vibe_checks:{id}`: what its guests say of a venue.
    VibeChecks,
    /// `promotions:{id}`: what a venue offers.
    Promotions,
}

impl TopicKind {
    /// Every kind there is.
    pub const ALL: [Self; 13] = [
        Self::Events,
        Self::Event,
        Self::User,
        Self::Online,
        Self::Stories,
        Self::Match,
        Self::Team,
        Self::Tournament,
        Self::Post,
        Self::VenueUpdates,
        Self::Venue,
        Self::VibeChecks,
        Self::Promotions,
    ];

    /// The name in front of the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Event => "event",
            Self::User => "user",
            Self::Online => "online",
            Self::Stories => "stories",
            Self::Match => "match",
            Self::Team => "team",
            Self::Tournament => "tournament",
            Self::Post => "post",
            Self::VenueUpdates => "venue_updates",
            Self::Venue => "venue",
            Self::VibeChecks => "vibe_checks",
            Self::Promotions => "promotions",
        }
    }

    /// Whether topics of this kind carry an id after a colon.
    pub const fn has_id(self) -> bool {
        match self {
            Self::Events | Self::Online | Self::Stories | Self::VenueUpdates => false,
            Self::Event
            | Self::User
            | Self::Match
            | Self::Team
            | Self::Tournament
            | Self::Post
            | Self::Venue
            | Self::VibeChecks
            | Self::Promotions => true,
        }
    }

    /// How many of those who are present are named; 0 where it is told to nobody who they are.
    pub const fn people_named(self) -> usize {
        match self {
            // Who looks at stories is told to those whose stories they are, and to nobody else.
            Self::User | Self::Stories => 0,
            Self::Events
            | Self::Event
            | Self::Match
            | Self::Team
            | Self::Tournament
            | Self::Post
            | Self::VenueUpdates
            | Self::Venue
            | Self::VibeChecks
            | Self::Promotions => PEOPLE_NAMED,
            Self::Online => PEOPLE_NAMED_ONLINE,
        }
    }
}

/// The name of a topic: a named, ordered, durable log. Written `kind` or `kind:id`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Topic {
    kind: TopicKind,
    text: Box<str>,
}

impl Topic {
    /// The list of all public events.
    pub fn events() -> Self {
        Self { kind: TopicKind::Events, text: TopicKind::Events.name().into() }
    }

    /// The timeline of one event.
    pub fn event(id: &EventId) -> Self {
        Self { kind: TopicKind::Event, text: format!("event:{id}").into() }
    }

    /// Who is online.
    pub fn online() -> Self {
        Self { kind: TopicKind::Online, text: TopicKind::Online.name().into() }
    }

    /// What concerns one account alone.
    pub fn user(id: &AccountId) -> Self {
        Self { kind: TopicKind::User, text: format!("user:{id}").into() }
    }

    /// Everybody's stories.
    pub fn stories() -> Self {
        Self { kind: TopicKind::Stories, text: TopicKind::Stories.name().into() }
    }

    /// What happens in one match.
    pub fn of_match(id: &MatchId) -> Self {
        Self { kind: TopicKind::Match, text: format!("match:{id}").into() }
    }

    /// A team and its matches.
    pub fn team(id: &TeamId) -> Self {
        Self { kind: TopicKind::Team, text: format!("team:{id}").into() }
    }

    /// A tournament and its matches.
    pub fn tournament(id: &TournamentId) -> Self {
        Self { kind: TopicKind::Tournament, text: format!("tournament:{id}").into() }
    }

    /// Who works on one post.
    pub fn post(id: &PostId) -> Self {
        Self { kind: TopicKind::Post, text: format!("post:{id}").into() }
    }

    /// Every venue.
    pub fn venue_updates() -> Self {
        Self { kind: TopicKind::VenueUpdates, text: TopicKind::VenueUpdates.name().into() }
    }

    /// One venue.
    pub fn venue(id: &VenueId) -> Self {
        Self { kind: TopicKind::Venue, text: format!("venue:{id}").into() }
    }

    /// What its guests say of a venue.
    pub fn vibe_checks(id: &VenueId) -> Self {
        Self { kind: TopicKind::VibeChecks, text: format!("vibe_checks:{id}").into() }
    }

    /// What a venue offers.
    pub fn promotions(id: &VenueId) -> Self {
        Self { kind: TopicKind::Promotions, text: format!("promotions:{id}").into() }
    }

    /// The venue that this topic is about.
    pub fn venue_id(&self) -> Option<VenueId> {
        match self.kind {
            TopicKind::Venue | TopicKind::VibeChecks | TopicKind::Promotions => {
                self.id().and_then(|id| id.parse().ok())
            }
            _ => None,
        }
    }

    /// The post that this topic is about.
    pub fn post_id(&self) -> Option<PostId> {
        match self.kind {
            TopicKind::Post => self.id().and_then(|id| id.parse().ok()),
            _ => None,
        }
    }

    /// The account whose own topic this is.
    pub fn account_id(&self) -> Option<AccountId> {
        match self.kind {
            TopicKind::User => self.id().and_then(|id| id.parse().ok()),
            _ => None,
        }
    }

    pub const fn kind(&self) -> TopicKind {
        self.kind
    }

    /// What stands behind the colon.
    pub fn id(&self) -> Option<&str> {
        self.text.split_once(':').map(|(_, id)| id)
    }

    /// The event that this topic is the timeline of.
    pub fn event_id(&self) -> Option<EventId> {
        match self.kind {
            TopicKind::Event => self.id().and_then(|id| id.parse().ok()),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({})", self.text)
    }
}

impl FromStr for Topic {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid =
            InvalidText { what: "a topic", rule: "the name of a known kind, with an id where it takes one" };
        let (name, id) = match text.split_once(':') {
            Some((name, id)) => (name, Some(id)),
            None => (text, None),
        };
        let kind =
            TopicKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| invalid.clone())?;
        match id {
            Some(id) if kind.has_id() && crate::text::is_plain_id(id, crate::ids::MAX_ID_BYTES) => {}
            None if !kind.has_id() => {}
            _ => return Err(invalid),
        }
        Ok(Self { kind, text: text.into() })
    }
}

impl TryFrom<String> for Topic {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_written() {
        for good in
            ["events", "online", "stories", "event:0198c0de", "event:a_B-9", "match:m1", "team:t1", "post:p1"]
                .into_iter()
                .chain(["venue_updates", "venue:v1", "vibe_checks:v1", "promotions:v1"])
        {
            let topic: Topic = good.parse().unwrap();
            assert_eq!(topic.to_string(), good);
        }
        for bad in
            ["", "event", "event:", "events:1", "Event:1", "event:a:b", "event:ä", "nothing:1", "event: 1"]
        {
            assert!(bad.parse::<Topic>().is_err(), "{bad:?} was taken");
        }
    }
}
