//! Who a connection is, once it stands: the `auth` frame, and whether what was shown still holds.
//!
//! The session knows no keys and no store of accounts; this asks them on its behalf. Used by the transports.

use shared::{CloseCode, ErrorCode, frame::Auth};

use super::session::{Ending, Session};
use crate::{
    app::App,
    auth::{Principal, standing, token},
    error::ApiError,
    listener::SessionGuard,
};

/// Looks a token up and tells the session what came of it.
pub(super) async fn authenticate(
    app: &App,
    guard: &SessionGuard,
    session: &mut Session,
    auth: Auth,
) -> Result<(), Ending> {
    match token::user(app, session.principal().address(), &auth.token).await {
        Ok(user) => {
            session.authenticate(user, auth.reference)?;
            guard.hold(session.principal());
            // A sign-out may have come between the two.
            still_holds(app, session).await
        }
        Err(error) => {
            let detail = ApiError::from(error).0;
            let code = detail.code;
            session.refuse_auth(detail, auth.reference);
            // A store that cannot be read now may be read in a moment; a bad token stays one.
            if code == ErrorCode::Unauthenticated { Err(Ending(CloseCode::Unauthenticated)) } else { Ok(()) }
        }
    }
}

/// Ends a session whose principal is not what it was.
pub(super) async fn still_holds(app: &App, session: &mut Session) -> Result<(), Ending> {
    if matches!(session.principal(), Principal::Visitor { .. }) {
        return Ok(());
    }
    match standing::ends(app, session.principal()).await {
        None => Ok(()),
        Some(code) => {
            let detail = why(code);
            session.complain_once(detail.0.code, &detail.0.message);
            Err(Ending(code))
        }
    }
}

/// What a reader is told whose transport has no close code.
pub(super) fn why(code: CloseCode) -> ApiError {
    match code {
        CloseCode::Replaced => {
            ApiError::new(ErrorCode::TooManyConnections, "a newer connection of yours took this one's place")
        }
        CloseCode::RateLimited => ApiError::rate_limited(1000),
        CloseCode::RoleChanged => {
            ApiError::new(ErrorCode::Unauthenticated, "what you may do has changed; come back")
        }
        CloseCode::ClosedByOperator => {
            ApiError::new(ErrorCode::TooManyConnections, "an operator has closed this connection; come back")
        }
        _ => ApiError::new(ErrorCode::Unauthenticated, "you are not signed in any more"),
    }
}
