//! Publishes what came in a `publish` frame, and has the session say what became of it. Used by the transports that
//! a client can say something over; it knows no domain.

use shared::frame::Publish;

use super::session::Session;
use crate::{app::App, publish::post};

/// Publishes a draft, and answers once it is on the disk or refused.
pub(super) async fn publish(app: &App, session: &mut Session, draft: Publish) {
    let outcome = match app.may_change(session.principal(), 1) {
        Ok(()) => post::by_frame(&app.store, session.principal(), &draft).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(published) => session.published(draft.topic, published),
        Err(error) => session.refuse_draft(draft, error.0),
    }
}
