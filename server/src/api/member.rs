//! `/api/events/{id}/access`, `…/members`, `…/invitations`, and `/api/invitations/{code}`

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use shared::{
    EventId, InvitationId, Topic,
    model::{
        event::Event,
        member::{Access, Invitation, InvitationView, Member, NewInvitation, NewMember},
    },
};

use super::account::signed_in;
use crate::{
    app::App,
    auth::{
        Principal,
        permission::{self, Action},
    },
    domain::{Refusal, member as domain},
    error::ApiError,
    publish::publish,
    store::{Tx, member as rows},
    time::unix_ms,
};

/// What who asks may do on an event.
pub async fn access(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Access>, ApiError> {
    let Path(id) = id?;
    let (topic, by) = (Topic::event(&id), principal.clone());
    let work = async move |tx: &mut Tx<'_>| domain::access(tx, &by, &id).await;
    let found = app.read_as(&principal, &topic, work).await?;
    found.map(Json).ok_or_else(|| ApiError::not_found("event"))
}

/// An event's members.
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Vec<Member>>, ApiError> {
    let Path(id) = id?;
    Ok(Json(app.read(async move |tx: &mut Tx<'_>| domain::list(tx, &principal, &id).await).await?))
}

/// Makes somebody a member, or changes what a member may do.
pub async fn put(
    State(app): State<App>,
    principal: Principal,
    path: Result<Path<(EventId, String)>, PathRejection>,
    body: Result<Json<NewMember>, JsonRejection>,
) -> Result<Json<Member>, ApiError> {
    let (Path((id, name)), Json(new)) = (path?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::put(tx, &id, &name, new.role, at).await;
    let outcome = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(Json(outcome.into_inner()))
}

/// Takes a member out.
pub async fn remove(
    State(app): State<App>,
    principal: Principal,
    path: Result<Path<(EventId, String)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((id, name)) = path?;
    app.may_change(&principal, 1)?;
    let (topic, by) = (Topic::event(&id), principal.clone());
    // Who leaves need not manage the event; whether they may is decided with the name.
    let work = async move |tx: &mut Tx<'_>, at| domain::remove(tx, &by, &id, &name, at).await;
    let removed = publish(&app.store, &principal, Action::Read, &topic, None, work).await?.into_inner();
    app.hub.gone(app.clock.now(), &removed, Some(&topic));
    Ok(StatusCode::NO_CONTENT)
}

/// The invitations to an event that can still be taken.
pub async fn invitations(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
) -> Result<Json<Vec<Invitation>>, ApiError> {
    let Path(id) = id?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>| {
        permission::require(tx, &principal, Action::Manage, &topic).await?;
        Ok(rows::invitations(tx, &id, unix_ms()).await?)
    };
    Ok(Json(app.read(work).await?))
}

/// Makes an invitation. Its code is in this answer and nowhere else.
pub async fn invite(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<EventId>, PathRejection>,
    body: Result<Json<NewInvitation>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (Path(id), Json(new)) = (id?, body?);
    app.may_change(&principal, 1)?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, at| domain::invite(tx, &id, new, at).await;
    let outcome = publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    let no_store = [(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, no_store, Json(outcome.into_inner())).into_response())
}

/// Withdraws an invitation.
pub async fn withdraw(
    State(app): State<App>,
    principal: Principal,
    path: Result<Path<(EventId, InvitationId)>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path((id, invitation)) = path?;
    app.may_change(&principal, 1)?;
    let topic = Topic::event(&id);
    let work = async move |tx: &mut Tx<'_>, _| domain::withdraw(tx, &id, &invitation).await;
    publish(&app.store, &principal, Action::Manage, &topic, None, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invitation is to, for whoever holds its code.
pub async fn look(
    State(app): State<App>,
    principal: Principal,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<InvitationView>, ApiError> {
    let Path(code) = code?;
    app.guesses.attempt(principal.address())?;
    let found = app.store.read(async move |tx| domain::view(tx, &code, unix_ms()).await).await?;
    found.map(Json).ok_or_else(|| no_invitation(&principal))
}

/// Takes an invitation: whoever is signed in becomes a member.
pub async fn accept(
    State(app): State<App>,
    principal: Principal,
    code: Result<Path<String>, PathRejection>,
) -> Result<Json<Event>, ApiError> {
    let Path(code) = code?;
    let account = signed_in(&principal)?.person.id.clone();
    app.guesses.attempt(principal.address())?;
    let work = async move |tx: &mut Tx<'_>| domain::accept(tx, &account, &code, unix_ms()).await;
    let taken = app.store.write(work).await?;
    taken.map(Json).map_err(|refusal| match refusal {
        Refusal::NotFound(_) => no_invitation(&principal),
        refusal => refusal.into(),
    })
}

/// Said in the log as well: whoever guesses is seen.
fn no_invitation(principal: &Principal) -> ApiError {
    tracing::warn!(address = %principal.address(), "an invitation that is none was asked for");
    ApiError::not_found("invitation")
}
