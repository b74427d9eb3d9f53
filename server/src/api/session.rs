//! `/api/session` and `/api/account/sessions`: signing in and out.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use shared::{
    ErrorCode, SessionId,
    model::account::{Credentials, SessionInfo, SessionState},
};

use super::account::signed_in;
use crate::{
    app::App,
    auth::{Credential, Principal, session},
    domain::Refusal,
    error::ApiError,
    store::{Tx, WorkError, account as rows},
    time::unix_ms,
};

/// Who is asking. Whoever comes with a cookie gets it anew, so that it lasts while it is used.
pub async fn read(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let of = session_of(&principal).map(|(_, session)| session);
    let (account, secure) = match principal.account_id().cloned() {
        Some(id) => {
            let work = async move |tx: &mut Tx<'_>| {
                let account = rows::find(tx, &id).await?;
                // Not what this request was made over: a GET does not say. And not the cookie of a session
                // that was replaced since the request was made.
                let secure = match &of {
                    Some(session) => rows::is_secure(tx, session).await?,
                    None => None,
                };
                Ok((account, secure))
            };
            app.store.read(work).await?
        }
        None => (None, None),
    };
    let state = SessionState {
        account: account.map(|stored| stored.account),
        registration: app.config.accounts.registration,
        visitors_may_post: app.config.accounts.visitors_may_post,
    };
    let mut response = Json(state).into_response();
    // A cookie that is nobody's is not taken away: a sign-in under way may have just replaced it.
    if let (Some(secret), Some(secure)) = (session::secret_of(&headers), secure) {
        let cookie = session::set_cookie(&secret, app.config.accounts.session_days, secure)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Signs in with name and password. Whoever was signed in with the same browser is not any more.
pub async fn sign_in(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(credentials) = body?;
    let name = credentials.name.trim().to_ascii_lowercase();
    app.passwords.attempt(principal.address(), Some(&name)).inspect_err(|_| {
        tracing::warn!(address = %principal.address(), "too many sign-ins");
    })?;
    let found = app.store.read(async move |tx| rows::find_by_name(tx, &name).await).await?;
    let stored = found.as_ref().filter(|stored| !stored.disabled).and_then(|stored| stored.password.clone());
    let right = app.passwords.verify(credentials.password, stored).await?;
    let refused = || {
        tracing::warn!(address = %principal.address(), "a sign-in was refused");
        metrics::counter!("touchline_sign_ins_total", "outcome" => "refused").increment(1);
        ApiError::new(ErrorCode::Unauthenticated, "the name or the password is wrong")
    };
    let found = found.filter(|_| right).ok_or_else(refused)?;
    let account = found.account.clone();
    let days = app.config.accounts.session_days;
    let opening = session::Opening::new(account.person.id.clone(), &principal, &headers, days);
    let over_tls = opening.over_tls;
    let before = session_of(&principal);
    let ended = before.clone();
    let work = async move |tx: &mut Tx<'_>| {
        let secret = session::open_checked(tx, &found, &opening, unix_ms()).await?;
        let secret = secret.ok_or(WorkError::Refused(()))?;
        if let Some((account, id)) = before {
            rows::delete_session(tx, &account, &id).await?;
        }
        Ok(secret)
    };
    let secret = app.store.write(work).await?.map_err(|()| refused())?;
    metrics::counter!("touchline_sign_ins_total", "outcome" => "done").increment(1);
    if let Some((account, id)) = ended {
        app.sessions.end_session(&id);
        app.hub.gone(app.clock.now(), &account, None);
    }
    let cookie = session::set_cookie(&secret, days, over_tls)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(account)).into_response())
}

fn session_of(principal: &Principal) -> Option<(shared::AccountId, SessionId)> {
    let user = principal.user()?;
    match &user.by {
        Credential::Session(id) => Some((user.person.id.clone(), id.clone())),
        Credential::Token { .. } | Credential::Schedule => None,
    }
}

/// Signs out: the session ends, and the connections that were opened with it.
pub async fn sign_out(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some((account, id)) = session_of(&principal) {
        let (of, ended) = (account.clone(), id.clone());
        let work = async move |tx: &mut Tx<'_>| {
            Ok::<_, WorkError<Refusal>>(rows::delete_session(tx, &of, &id).await?)
        };
        app.store.write(work).await?.map_err(ApiError::from)?;
        app.sessions.end_session(&ended);
        app.hub.gone(app.clock.now(), &account, None);
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session::clear_cookie(&headers)?)]).into_response())
}

/// One's sessions.
pub async fn list(State(app): State<App>, principal: Principal) -> Result<Json<Vec<SessionInfo>>, ApiError> {
    let id = signed_in(&principal)?.person.id.clone();
    let current = session_of(&principal).map(|(_, id)| id);
    let sessions =
        app.store.read(async move |tx| rows::sessions(tx, &id, current.as_ref(), unix_ms()).await).await?;
    Ok(Json(sessions))
}

/// Ends one of one's sessions.
pub async fn end(
    State(app): State<App>,
    principal: Principal,
    id: Result<Path<SessionId>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id?;
    let account = signed_in(&principal)?.person.id.clone();
    let (of, ended) = (account.clone(), id.clone());
    let work = async move |tx: &mut Tx<'_>| {
        let deleted = rows::delete_session(tx, &of, &id).await?;
        if deleted { Ok(()) } else { Err(WorkError::Refused(Refusal::NotFound("session"))) }
    };
    app.store.write(work).await?.map_err(ApiError::from)?;
    app.sessions.end_session(&ended);
    app.hub.gone(app.clock.now(), &account, None);
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out everywhere.
pub async fn end_all(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let account = signed_in(&principal)?.person.id.clone();
    let of = account.clone();
    let work =
        async move |tx: &mut Tx<'_>| Ok::<_, WorkError<Refusal>>(rows::delete_sessions(tx, &of, None).await?);
    app.store.write(work).await?.map_err(ApiError::from)?;
    app.sessions.end_account(&account, None);
    app.hub.gone(app.clock.now(), &account, None);
    tracing::info!(%account, "signed out everywhere");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, session::clear_cookie(&headers)?)]).into_response())
}
