//! Identifiers. Each is text on the wire; the server makes them as UUID version 7 (RFC 9562 §5.7).

use crate::text::{is_plain_id, text_newtype};

/// Longest identifier of any kind, in bytes.
pub const MAX_ID_BYTES: usize = 64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        text_newtype!(
            $(#[$doc])*
            $name, $what, "1 to 64 characters of A-Z, a-z, 0-9, _ and -", |t| is_plain_id(t, MAX_ID_BYTES)
        );
    };
}

id!(
    /// An event: a match, a wedding, a launch.
    EventId, "an event id"
);
id!(
    /// One item of an event's timeline.
    MediaId, "a media id"
);
id!(
    /// The bytes behind a photo, a video or a sound.
    UploadId, "an upload id"
);
id!(
    /// Somebody who signs in.
    AccountId, "an account id"
);
id!(
    /// One sign-in of an account.
    SessionId, "a session id"
);
id!(
    /// An invitation to an event.
    InvitationId, "an invitation id"
);
id!(
    /// A story: a photo or a video that is there for a day.
    StoryId, "a story id"
);
id!(
    /// A team, of one event.
    TeamId, "a team id"
);
id!(
    /// Somebody who plays for a team.
    PlayerId, "a player id"
);
id!(
    /// A match between two teams.
    MatchId, "a match id"
);
id!(
    /// One entry in the log of a match. Made by the client before its first try: sent twice, it is stored once.
    MatchEventId, "a match event id"
);
id!(
    /// Matches that belong together: groups with their tables, and a bracket.
    TournamentId, "a tournament id"
);
id!(
    /// A place in the bracket of a tournament, named by who plans it.
    TieId, "a tie's id"
);
id!(
    /// Something that an operator sent by hand.
    BroadcastId, "a broadcast's id"
);
id!(
    /// A venue: a place that people go to.
    VenueId, "a venue id"
);
id!(
    /// What one guest says of a venue.
    VibeCheckId, "a vibe check's id"
);
id!(
    /// Something that a venue offers for a time.
    PromotionId, "a promotion id"
);
id!(
    /// A post: written now, published later.
    PostId, "a post id"
);
id!(
    /// One place that one post goes to.
    DestinationId, "a destination id"
);
id!(
    /// Somewhere that posts are sent to over HTTP.
    WebhookId, "a webhook id"
);
id!(
    /// What somebody wrote under an item.
    CommentId, "a comment id"
);
id!(
    /// Something that concerns one account.
    NotificationId, "a notification id"
);
id!(
    /// One entry of a topic. Unique over all topics.
    PublicationId, "a publication id"
);
id!(
    /// One transport attempt, as the server names it in `connected`, for logs and support.
    ConnectionId, "a connection id"
);
id!(
    /// The identity of one act of publishing, made by the client before its first try: sent twice, it
    /// is stored once. Unique per author.
    IdempotencyKey, "an idempotency key"
);
id!(
    /// A browser, or another program, over all its connections: what "N watching" counts. Chosen by the
    /// client at random; trusted for counting and for nothing else.
    WatcherId, "a watcher id"
);

/// What a client makes up is the entry's id and the key of its publishing in one.
impl From<MatchEventId> for IdempotencyKey {
    fn from(id: MatchEventId) -> Self {
        Self(id.0)
    }
}

impl From<IdempotencyKey> for MatchEventId {
    fn from(key: IdempotencyKey) -> Self {
        Self(key.0)
    }
}
