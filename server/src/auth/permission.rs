//! What a principal may do. One function decides for a topic and an act: at subscribe, at publish, for every
//! change over REST, and again for those who are subscribed when rights have changed.
//!
//! It reads the store within the transaction it is given, so that a change and the right to make it are
//! looked at together.

use shared::{
    AccountId, EventId, PostId, Topic, TopicKind, VenueId,
    model::member::{MemberRole, Visibility},
};

use super::Principal;
use crate::{
    domain::Refusal,
    store::{Store, StoreError, Tx, WorkError, match_, member, post, venue},
};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Follow a topic, read its snapshot.
    Read,
    /// Append to it: post, and change or delete what is one's own.
    Post,
    /// Change or delete what others posted, the resource itself, and who may do what.
    Manage,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// Signing in might help.
    SignIn,
    Forbidden,
    /// Not to be told from a resource that does not exist: who may not read it learns nothing of it.
    Hidden,
}

/// Whether `principal` may do `action` on `topic`.
pub async fn decide(
    tx: &mut Tx<'_>,
    principal: &Principal,
    action: Action,
    topic: &Topic,
) -> Result<Decision, StoreError> {
    if let Some(decision) = decide_at_once(principal, action, topic) {
        return Ok(decision);
    }
    if let Some(id) = topic.post_id() {
        return on_post(tx, principal, action, &id).await;
    }
    if let Some(id) = topic.venue_id() {
        return on_venue(tx, principal, &id).await;
    }
    let Some(id) = match_::event_of(tx, topic).await? else { return Ok(Decision::Hidden) };
    let standing = member::standing(tx, &id, principal.account_id()).await?;
    Ok(standing.map_or(Decision::Hidden, |standing| on_event(principal, action, &standing)))
}

/// What takes no look at the store.
fn decide_at_once(principal: &Principal, action: Action, topic: &Topic) -> Option<Decision> {
    match topic.kind() {
        // Not even an administrator reads what concerns somebody else alone.
        TopicKind::User => Some(on_user(principal, action, topic)),
        TopicKind::Post => None,
        _ if principal.is_admin() => Some(Decision::Allowed),
        TopicKind::Events | TopicKind::VenueUpdates => Some(on_events(principal, action)),
        TopicKind::Online => Some(on_online(principal, action)),
        TopicKind::Stories => Some(on_stories(principal, action)),
        // Everybody reads of venues, and who may make one says how it is there.
        TopicKind::Venue | TopicKind::VibeChecks | TopicKind::Promotions if action == Action::Read => {
            Some(Decision::Allowed)
        }
        TopicKind::VibeChecks if action == Action::Post => Some(on_events(principal, action)),
        // These take the rights of the venue, or of the event, that they belong to.
        TopicKind::Venue
        | TopicKind::VibeChecks
        | TopicKind::Promotions
        | TopicKind::Event
        | TopicKind::Match
        | TopicKind::Team
        | TopicKind::Tournament => None,
    }
}

/// The same, as a refusal of the work that needs the right.
pub async fn require(
    tx: &mut Tx<'_>,
    principal: &Principal,
    action: Action,
    topic: &Topic,
) -> Result<(), WorkError<Refusal>> {
    let refusal = match decide(tx, principal, action, topic).await? {
        Decision::Allowed => return Ok(()),
        Decision::SignIn => Refusal::SignIn,
        Decision::Forbidden => Refusal::Forbidden,
        Decision::Hidden => Refusal::NotFound(topic.kind().name()),
    };
    Err(WorkError::Refused(refusal))
}

/// Whether `principal` may follow `topic`, for who has no transaction of their own.
pub async fn read_decision(
    store: &Store,
    principal: &Principal,
    topic: &Topic,
) -> Result<Decision, StoreError> {
    if let Some(decision) = decide_at_once(principal, Action::Read, topic) {
        return Ok(decision);
    }
    let (principal, topic) = (principal.clone(), topic.clone());
    store.read(async move |tx| decide(tx, &principal, Action::Read, &topic).await).await
}

/// Whether `principal` may store a file: whoever may make an event has something to put into it.
pub fn may_upload(principal: &Principal) -> bool {
    on_events(principal, Action::Post) == Decision::Allowed
}

/// Everybody reads the list; who has an account (or is a welcome visitor) adds to it.
fn on_events(principal: &Principal, action: Action) -> Decision {
    match (principal, action) {
        (_, Action::Read)
        | (
            Principal::User(_) | Principal::Key { .. } | Principal::Visitor { may_post: true, .. },
            Action::Post,
        ) => Decision::Allowed,
        (Principal::Visitor { .. }, _) => Decision::SignIn,
        (_, Action::Manage) => Decision::Forbidden,
    }
}

/// Whether an account is told of what happens on an event: as everybody may read it, or as one of its members.
/// What an administrator may read beside that concerns them as little as others.
pub async fn may_hear(tx: &mut Tx<'_>, account: &AccountId, event: &EventId) -> Result<bool, StoreError> {
    let standing = member::standing(tx, event, Some(account)).await?;
    Ok(standing.is_some_and(|standing| is_readable(&standing)))
}

fn is_readable(standing: &member::Standing) -> bool {
    standing.visibility != Visibility::Private || standing.role.is_some()
}

fn on_event(principal: &Principal, action: Action, standing: &member::Standing) -> Decision {
    let readable = is_readable(standing);
    let may = match action {
        Action::Read => readable,
        _ if standing.owner.is_none() => match principal {
            // Nobody owns it: whoever is welcome may.
            Principal::Visitor { may_post, .. } => *may_post,
            Principal::User(user) => user.may_post,
            Principal::Key { .. } => true,
        },
        Action::Post => standing.role >= Some(MemberRole::Contributor),
        Action::Manage => standing.role == Some(MemberRole::Owner),
    };
    match (may, readable, principal) {
        (true, ..) => Decision::Allowed,
        (false, false, _) => Decision::Hidden,
        (false, true, Principal::Visitor { .. }) => Decision::SignIn,
        (false, true, _) => Decision::Forbidden,
    }
}

/// Who is online is told to who is signed in; nobody writes there.
fn on_online(principal: &Principal, action: Action) -> Decision {
    match (principal, action) {
        (Principal::Visitor { .. }, _) => Decision::SignIn,
        (Principal::User(_) | Principal::Key { .. }, Action::Read) => Decision::Allowed,
        (Principal::User(_) | Principal::Key { .. }, _) => Decision::Forbidden,
    }
}

/// Whoever has an account looks at stories and posts them; another's are an administrator's to delete.
fn on_stories(principal: &Principal, action: Action) -> Decision {
    match (principal, action) {
        (Principal::Visitor { .. }, _) => Decision::SignIn,
        (_, Action::Read | Action::Post) => Decision::Allowed,
        (_, Action::Manage) => Decision::Forbidden,
    }
}

/// A post is its owner's and its editors': they read and change it, the owner deletes it and shares it.
async fn on_post(
    tx: &mut Tx<'_>,
    principal: &Principal,
    action: Action,
    id: &PostId,
) -> Result<Decision, StoreError> {
    let account = match principal {
        Principal::Visitor { .. } => return Ok(Decision::SignIn),
        Principal::Key { .. } => return Ok(Decision::Hidden),
        Principal::User(user) => &user.person.id,
    };
    Ok(match (post::part(tx, id, account).await?, action) {
        (Some(post::Part::Owner), _) | (Some(post::Part::Editor), Action::Read | Action::Post) => {
            Decision::Allowed
        }
        (Some(post::Part::Editor), Action::Manage) => Decision::Forbidden,
        (None, _) => Decision::Hidden,
    })
}

/// A venue is its host's to change, with what it offers and what is said of it; one that nobody owns is
/// whoever's may make one.
async fn on_venue(tx: &mut Tx<'_>, principal: &Principal, id: &VenueId) -> Result<Decision, StoreError> {
    Ok(match venue::owner(tx, id).await? {
        None => Decision::Hidden,
        Some(None) => on_events(principal, Action::Post),
        Some(Some(owner)) if principal.account_id() == Some(&owner) => Decision::Allowed,
        Some(Some(_)) if principal.user().is_none() => Decision::SignIn,
        Some(Some(_)) => Decision::Forbidden,
    })
}

/// Whether everybody may read a topic, now and later.
pub fn is_open(topic: &Topic) -> bool {
    decide_at_once(&Principal::anybody(), Action::Read, topic) == Some(Decision::Allowed)
}

/// An account's own topic is its holder's alone, and the server's to write.
fn on_user(principal: &Principal, action: Action, topic: &Topic) -> Decision {
    let own = topic.account_id().is_some_and(|id| principal.account_id() == Some(&id));
    match (action, principal) {
        (Action::Read, _) if own => Decision::Allowed,
        // Whether there is such an account is not said.
        (_, Principal::Visitor { .. }) => Decision::SignIn,
        _ => Decision::Forbidden,
    }
}
