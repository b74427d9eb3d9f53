//! `/api/accounts`, `/api/account` and `/api/people`

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use shared::model::{
    account::{Account, AccountPatch, AccountRole, NewAccount, PasswordChange, Person, Registration},
    notification::NotificationKind,
};

use crate::{
    app::App,
    auth::{Credential, Principal, User, session},
    domain::{
        Refusal, account as domain,
        notification::{self, Notice},
    },
    error::ApiError,
    hub::people::Who,
    store::{Tx, WorkError, account as rows},
    time::unix_ms,
};

/// People that one answer names.
const PEOPLE_MAX: usize = 20;

/// Who is signed in, or a refusal.
pub fn signed_in(principal: &Principal) -> Result<&User, ApiError> {
    principal.user().ok_or_else(|| Refusal::SignIn.into())
}

/// Makes an account, and signs in with it.
pub async fn register(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    body: Result<Json<NewAccount>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(new) = body?;
    let registration = app.config.accounts.registration;
    if registration == Registration::Closed {
        return Err(Refusal::Forbidden.into());
    }
    let name = domain::name(&new.name)?;
    domain::check_password("password", &new.password)?;
    app.passwords.attempt(principal.address(), None)?;
    let password = Some(app.passwords.hash(new.password).await?);
    let person =
        domain::NewPerson { name, display_name: new.display_name, password, role: AccountRole::User };
    let days = app.config.accounts.session_days;
    let outcome = app
        .store
        .write(async move |tx| {
            let at = unix_ms();
            if registration == Registration::Invitation {
                let hash = new.invitation.map(|code| session::hash(&code)).unwrap_or_default();
                if !rows::take_registration(tx, &hash, at).await? {
                    return Err(WorkError::Refused(Refusal::Forbidden));
                }
            }
            let account = domain::create(tx, person, at).await?;
            let opening = session::Opening::new(account.person.id.clone(), &principal, &headers, days);
            let secret = session::open(tx, &opening, at).await?;
            Ok((account, secret, opening.over_tls))
        })
        .await?;
    let (account, secret, over_tls) = outcome.map_err(ApiError::from)?;
    tracing::info!(account = %account.person.id, name = account.person.name, "an account was made");
    let cookie = session::set_cookie(&secret, days, over_tls)?;
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(account)).into_response())
}

/// One's own account.
pub async fn read(State(app): State<App>, principal: Principal) -> Result<Json<Account>, ApiError> {
    let id = signed_in(&principal)?.person.id.clone();
    let found = app.store.read(async move |tx| rows::find(tx, &id).await).await?;
    found.map(|stored| Json(stored.account)).ok_or_else(|| ApiError::not_found("account"))
}

/// Changes one's own account.
pub async fn change(
    State(app): State<App>,
    principal: Principal,
    body: Result<Json<AccountPatch>, JsonRejection>,
) -> Result<Json<Account>, ApiError> {
    let Json(patch) = body?;
    let id = signed_in(&principal)?.person.id.clone();
    app.may_change(&principal, 1)?;
    let work = async move |tx: &mut Tx<'_>| {
        let found = rows::find(tx, &id).await?;
        let stored = found.ok_or(WorkError::Refused(Refusal::NotFound("account")))?;
        domain::change(tx, stored.account, patch).await
    };
    let account = app.store.write(work).await?.map_err(ApiError::from)?;
    let who = Who { person: account.person.clone(), invisible: account.invisible };
    app.hub.person_changed(app.clock.now(), &who);
    Ok(Json(account))
}

/// Changes one's password; every other session of the account ends.
pub async fn change_password(
    State(app): State<App>,
    principal: Principal,
    body: Result<Json<PasswordChange>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(change) = body?;
    let user = signed_in(&principal)?;
    domain::check_password("new", &change.new)?;
    app.passwords.attempt(principal.address(), Some(&user.person.name))?;
    let id = user.person.id.clone();
    let found = app.store.read(async move |tx| rows::find(tx, &id).await).await?;
    let stored = found.ok_or_else(|| ApiError::not_found("account"))?;
    if !app.passwords.verify(change.current, stored.password).await? {
        return Err(ApiError::invalid("current", "this is not the password"));
    }
    let password = app.passwords.hash(change.new).await?;
    let current = match &user.by {
        Credential::Session(id) => Some(id.clone()),
        Credential::Token { .. } | Credential::Schedule => None,
    };
    let (id, kept) = (user.person.id.clone(), current.clone());
    let work = async move |tx: &mut Tx<'_>| {
        rows::set_password(tx, &id, &password).await?;
        rows::delete_sessions(tx, &id, kept.as_ref()).await?;
        // Who did not do it has to know.
        let notice = Notice::of_system(NotificationKind::Warning, "Your password was changed.");
        notification::tell(tx, &id, notice, unix_ms()).await?;
        Ok::<_, WorkError<Refusal>>(())
    };
    app.store.write(work).await?.map_err(ApiError::from)?;
    app.sessions.end_account(&user.person.id, current.as_ref());
    app.hub.gone(app.clock.now(), &user.person.id, None);
    tracing::info!(account = %user.person.id, "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/people?q=&limit=`
#[derive(Debug, Deserialize)]
pub struct PeopleQuery {
    #[serde(default)]
    q: String,
    limit: Option<usize>,
}

/// People whose name begins so, for who is signed in.
pub async fn people(
    State(app): State<App>,
    principal: Principal,
    query: Result<Query<PeopleQuery>, QueryRejection>,
) -> Result<Json<Vec<Person>>, ApiError> {
    let Query(query) = query?;
    app.guesses.look_up(&signed_in(&principal)?.person.id)?;
    let limit = query.limit.unwrap_or(PEOPLE_MAX).clamp(1, PEOPLE_MAX);
    let begins = query.q.trim().trim_start_matches('@').to_owned();
    if begins.is_empty() {
        return Err(ApiError::invalid("q", "the beginning of a name, of one character or more"));
    }
    let found = app.store.read(async move |tx| rows::find_people(tx, &begins, limit).await).await?;
    Ok(Json(found))
}
