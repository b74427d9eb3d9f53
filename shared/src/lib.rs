//! What crosses the wire between a Touchline server and its clients, and nothing else.
//!
//! This crate knows frames, positions, codes, limits and the shapes of the resources. It never knows a
//! clock, a socket, a database or a page. Called by every other crate of the workspace; calls none of them.
//!
//! The prose of the contract is `docs/protocol.md`; `tests/protocol_document.rs` fails when the two part.

pub mod change;
pub mod code;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod mention;
pub mod model;
pub mod position;
pub mod rest;
pub mod text;
pub mod timestamp;
pub mod topic;

pub use change::{Change, DomainChange};
pub use code::{CloseCode, ErrorCode};
pub use frame::{ClientFrame, Publication, ServerFrame};
pub use ids::{
    AccountId, BroadcastId, CommentId, ConnectionId, DestinationId, EventId, IdempotencyKey, InvitationId,
    MatchEventId, MatchId, MediaId, NotificationId, PlayerId, PostId, PromotionId, PublicationId, SessionId,
    StoryId, TeamId, TieId, TournamentId, UploadId, VenueId, VibeCheckId, WatcherId, WebhookId,
};
pub use mention::next_mention;
pub use position::{Cursor, Epoch, Offset, Position};
pub use timestamp::Timestamp;
pub use topic::{Topic, TopicKind};
