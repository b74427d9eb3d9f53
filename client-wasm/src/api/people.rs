//! The REST calls about people: signing in, one's own account, members and invitations.

use gloo_net::http::Request;
use shared::{
    EventId, InvitationId, Position, SessionId, Topic,
    frame::decode_poll,
    model::{
        account::{
            Account, AccountPatch, Credentials, NewAccount, PasswordChange, Person, SessionInfo, SessionState,
        },
        event::Event,
        member::{Access, Invitation, InvitationView, Member, MemberRole, NewInvitation, NewMember},
    },
};

use super::{Answer, ApiError, done, get, read, send, text};
use crate::browser::encode;

/// Who is signed in, and what the server offers.
pub(crate) async fn session() -> Answer<SessionState> {
    get("/api/session").await
}

pub(crate) async fn sign_in(credentials: &Credentials) -> Answer<Account> {
    send(Request::post("/api/session"), credentials).await
}

pub(crate) async fn sign_out() -> Answer<()> {
    done(Request::delete("/api/session").build()).await
}

pub(crate) async fn register(new: &NewAccount) -> Answer<Account> {
    send(Request::post("/api/accounts"), new).await
}

pub(crate) async fn patch_account(patch: &AccountPatch) -> Answer<Account> {
    send(Request::patch("/api/account"), patch).await
}

pub(crate) async fn change_password(change: &PasswordChange) -> Answer<()> {
    done(Request::post("/api/account/password").json(change)).await
}

/// All sign-ins of the account.
pub(crate) async fn sessions() -> Answer<Vec<SessionInfo>> {
    get("/api/account/sessions").await
}

pub(crate) async fn end_session(id: &SessionId) -> Answer<()> {
    done(Request::delete(&format!("/api/account/sessions/{id}")).build()).await
}

/// Ends every sign-in of the account, this one too.
pub(crate) async fn end_all_sessions() -> Answer<()> {
    done(Request::delete("/api/account/sessions").build()).await
}

/// People whose name or display name begins like this.
pub(crate) async fn people(beginning: &str) -> Answer<Vec<Person>> {
    get(&format!("/api/people?limit=8&q={}", encode(beginning))).await
}

pub(crate) async fn access(event: &EventId) -> Answer<Access> {
    get(&format!("/api/events/{event}/access")).await
}

pub(crate) async fn members(event: &EventId) -> Answer<Vec<Member>> {
    get(&format!("/api/events/{event}/members")).await
}

/// Makes somebody a member, or changes what a member may do.
pub(crate) async fn put_member(event: &EventId, name: &str, role: MemberRole) -> Answer<Member> {
    send(Request::put(&member(event, name)), &NewMember { role }).await
}

pub(crate) async fn remove_member(event: &EventId, name: &str) -> Answer<()> {
    done(Request::delete(&member(event, name)).build()).await
}

fn member(event: &EventId, name: &str) -> String {
    format!("/api/events/{event}/members/{}", encode(name))
}

pub(crate) async fn invitations(event: &EventId) -> Answer<Vec<Invitation>> {
    get(&format!("/api/events/{event}/invitations")).await
}

/// Makes an invitation; the answer is the only one that has its code.
pub(crate) async fn invite(event: &EventId, new: &NewInvitation) -> Answer<Invitation> {
    send(Request::post(&format!("/api/events/{event}/invitations")), new).await
}

pub(crate) async fn revoke_invitation(event: &EventId, id: &InvitationId) -> Answer<()> {
    done(Request::delete(&format!("/api/events/{event}/invitations/{id}")).build()).await
}

/// What a code invites to.
pub(crate) async fn invitation(code: &str) -> Answer<InvitationView> {
    get(&format!("/api/invitations/{}", encode(code))).await
}

/// Takes an invitation; answers with the event.
pub(crate) async fn take_invitation(code: &str) -> Answer<Event> {
    read(&text(Request::post(&format!("/api/invitations/{}", encode(code))).build()).await?)
}

/// Where a topic stands now. For topics that are followed without a snapshot.
pub(crate) async fn head(topic: &Topic) -> Answer<Option<Position>> {
    let body = text(Request::get(&format!("/api/poll?wait=0&from={topic}")).build()).await?;
    let frames = decode_poll(&body).map_err(|_| ApiError::unreachable())?;
    Ok(frames.into_iter().find_map(|frame| match frame {
        shared::ServerFrame::Subscribed(of, subscribed) if of == *topic => {
            Some(Position { epoch: subscribed.epoch, offset: subscribed.offset })
        }
        _ => None,
    }))
}
