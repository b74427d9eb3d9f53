//! What a session has to do with who is there (P4): its user is online by it, is present where it
//! subscribes, and may be typing. Called by `session`.

use std::sync::Arc;

use shared::{CloseCode, ErrorCode, frame::Typing, rest::ErrorDetail};

use super::{Bucket, Ending, Session};
use crate::{
    auth::{Principal, permission::Decision},
    hub::{Hub, people::Who, topic::Leaving},
    time::Millis,
};

/// Times a second that a client may say that somebody is typing or is not; twice as many in one go.
const TYPING_PER_SECOND: u32 = 2;

pub(super) fn bucket(now: Millis) -> Bucket {
    Bucket::new(TYPING_PER_SECOND, now)
}

/// Who is present by a connection.
pub(super) fn who(principal: &Principal) -> Option<Who> {
    principal.user().map(|user| Who { person: user.person.clone(), invisible: user.invisible })
}

/// Whoever has a connection is online. True if somebody is by this one.
pub(super) fn arrive(hub: &Arc<Hub>, now: Millis, principal: &Principal) -> bool {
    let user = principal.user();
    if let Some(user) = user {
        hub.arrive(now, user);
    }
    user.is_some()
}

/// How who goes on saying so is closed where nobody may say it any more: a page may not have heard yet that its right
/// was taken, and is to come back.
const GOES_ON_TYPING: CloseCode = CloseCode::RoleChanged;

impl Session {
    /// Visitors are told how many there are, not who.
    pub(super) const fn may_know_people(&self) -> bool {
        !matches!(self.principal, Principal::Visitor { .. })
    }

    /// How the session's readers go when it ends.
    pub(super) fn leaving(&self) -> Leaving {
        match (self.linger_ms, self.signal.ending()) {
            // Signed out, or shut out: nobody comes back as who they were.
            (_, Some(code)) if !shared::code::may_reconnect(code.number()) => Leaving::ForGood,
            (Some(ms), _) => Leaving::Lingering(ms),
            (None, _) => Leaving::Dropped,
        }
    }

    pub(super) fn depart(&mut self, leaving: Leaving) {
        if std::mem::take(&mut self.is_online)
            && let Some(account) = self.principal.account_id()
        {
            self.hub.depart(self.now, account, leaving);
        }
    }

    /// The client says that its user is typing on a topic that it follows, or is not any more.
    pub(super) async fn type_on(&mut self, typing: &Typing) -> Result<(), Ending> {
        let name = typing.name.topic();
        // It names no topic: nothing is wrong with the subscription.
        let about = |code, message: &str| ErrorDetail {
            field: Some("typing".to_owned()),
            ..ErrorDetail::new(code, message)
        };
        if self.typing.take(self.now).is_err() {
            let detail = about(ErrorCode::RateLimited, "that somebody is typing is said too often");
            return self.complain(detail, CloseCode::RateLimited);
        }
        let found = self.subscriptions.iter().flatten().find(|followed| followed.topic.topic == name);
        let (Some(topic), Some(account)) =
            (found.map(|followed| followed.topic.clone()), self.principal.account_id().cloned())
        else {
            let detail =
                about(ErrorCode::Forbidden, "only who is signed in and follows the topic types there");
            return self.complain(detail, GOES_ON_TYPING);
        };
        // To stop one needs no right.
        let decision =
            if typing.on { self.hub.may_post(&self.principal, &name).await } else { Ok(Decision::Allowed) };
        match decision {
            Ok(Decision::Allowed) => {
                self.hub.type_on(self.now, &topic, &account, typing.on);
                Ok(())
            }
            Ok(_) => {
                self.complain(about(ErrorCode::Forbidden, "you do not post on this topic"), GOES_ON_TYPING)
            }
            Err(error) => {
                // Nothing is lost with it.
                tracing::debug!(%error, topic = %name, "a right could not be looked up");
                Ok(())
            }
        }
    }
}
