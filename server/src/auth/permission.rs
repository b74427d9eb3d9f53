//! What a principal may do, as one function per kind of act. Asked at subscribe, at publish and for every
//! change.

use shared::{Topic, TopicKind};

use super::Principal;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Follow a topic, read its snapshot.
    Read,
    /// Append to it: post, change, delete.
    Publish,
}

/// Whether `principal` may do `action` on `topic`. Every kind of topic there is so far is open to all; a
/// private kind adds its arm, and the compiler asks for it.
pub fn may(principal: &Principal, action: Action, topic: &Topic) -> bool {
    match (principal, action, topic.kind()) {
        (Principal::Visitor { .. }, Action::Read | Action::Publish, TopicKind::Events | TopicKind::Event) => {
            true
        }
    }
}
