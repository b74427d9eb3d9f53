//! What a session has to do with who its client is (S2): the `auth` frame, which a visitor shows to become
//! somebody and a user to go on being it. It knows no keys; `transport::authenticate` looks tokens up for it.

use shared::{
    ClientFrame, CloseCode, ErrorCode, ServerFrame,
    frame::{Auth, Authenticated},
    rest::ErrorDetail,
};

use super::{Ending, Session, presence, publishing};
use crate::{
    auth::{Credential, Principal, User},
    hub::topic::{Leaving, Reading},
    time::Millis,
};

impl Session {
    /// Refuses a text because the account, over all its connections, has sent too many.
    pub fn refuse_one_of_many(&mut self, now: Millis, wait_ms: u64, text: &str) -> Result<(), Ending> {
        self.now = now;
        let mut detail = ErrorDetail {
            retry_after_ms: Some(wait_ms),
            ..ErrorDetail::new(ErrorCode::RateLimited, "too many frames a second on your connections")
        };
        if let Ok(frame) = ClientFrame::decode(text) {
            publishing::name(&mut detail, &frame);
        }
        self.complain(detail, CloseCode::RateLimited)
    }

    /// The token that came in an `auth` frame, for who can look it up.
    pub fn take_auth(&mut self) -> Option<Box<Auth>> {
        self.auth.take()
    }

    /// A token was good: a visitor becomes its user, and a user goes on until the token is over. It has to
    /// be the same user.
    pub fn authenticate(&mut self, user: User, reference: Option<u64>) -> Result<(), Ending> {
        match &mut self.principal {
            Principal::Visitor { .. } => self.become_somebody(user),
            Principal::User(current) if current.person.id == user.person.id => {
                // What rests on a cookie ends with it, whatever token comes.
                if matches!(current.by, Credential::Token { .. }) {
                    // The role stays the one by which the subscriptions were decided. Who has another by now
                    // is told to come back, as at every look at their standing.
                    **current = User { role: current.role, ..user };
                }
            }
            Principal::User(_) | Principal::Key { .. } => {
                let detail = ErrorDetail::new(
                    ErrorCode::Forbidden,
                    "this connection is somebody else's; open another",
                );
                self.refuse_auth(detail, reference);
                tracing::warn!(
                    connection = %self.connection, who = self.principal.who(), other = %user.person.id,
                    "a token of somebody else was refused"
                );
                return Err(Ending(CloseCode::Forbidden));
            }
        }
        let expires_at = self.principal.expires_at().map(crate::time::timestamp);
        if let Some(account_id) = self.principal.account_id().cloned() {
            self.reply(&ServerFrame::Authenticated(Authenticated { account_id, expires_at, reference }));
        }
        Ok(())
    }

    /// Tells the client that its token is not taken.
    pub fn refuse_auth(&mut self, detail: ErrorDetail, reference: Option<u64>) {
        self.reply(&ServerFrame::Error(ErrorDetail { reference, ..detail }));
    }

    /// A visitor is known from here on: online, and present where they read. What a visitor reads is closed
    /// to nobody, so the subscriptions go on where they are.
    fn become_somebody(&mut self, user: User) {
        self.principal = Principal::User(Box::new(user));
        self.is_online = presence::arrive(&self.hub, self.now, &self.principal);
        for (slot, subscription) in self.subscriptions.iter_mut().enumerate() {
            let Some(subscription) = subscription else { continue };
            let reading = Reading {
                signal: &self.signal,
                slot,
                watcher: self.watcher.as_ref(),
                who: presence::who(&self.principal),
                people: subscription.people.is_some(),
                position: subscription.reader.position.get(),
            };
            // The new reader first: nobody is to see one watcher less for a moment.
            let reader = self.hub.join(self.now, &subscription.topic, reading);
            let visitors = std::mem::replace(&mut subscription.reader, reader);
            self.hub.leave(self.now, &subscription.topic, visitors.key, Leaving::ForGood);
        }
    }
}
