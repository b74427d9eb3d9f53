//! Members of an event and invitations to become one. Whoever is concerned hears of it: `event:access` on
//! the event's topic, before anything that is committed later, and the event itself on the member's own
//! topic, where it comes onto their list or leaves it.

use shared::{
    AccountId, Change, EventId, InvitationId, Topic,
    change::EventAccessChanged,
    limits::{
        EVENT_INVITATIONS, EVENT_MEMBERS, INVITATION_TTL_S_DEFAULT, INVITATION_TTL_S_MAX, INVITATION_USES_MAX,
    },
    model::{
        account::Person,
        event::Event,
        member::{Access, Invitation, InvitationView, Member, MemberRole, NewInvitation, Visibility},
    },
};

use super::{Refusal, event, notification};
use crate::{
    auth::{
        Principal,
        permission::{self, Action, Decision},
        session,
    },
    ids::new_id,
    store::{
        StoreError, Tx, WorkError, account, event as events, log, match_, member as rows, notification::About,
    },
    time::timestamp,
};

/// What `principal` may do on an event that they may read; `None` if there is no such event.
pub async fn access(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &EventId,
) -> Result<Option<Access>, StoreError> {
    let topic = Topic::event(id);
    let Some(standing) = rows::standing(tx, id, principal.account_id()).await? else { return Ok(None) };
    let mut may = async |action| {
        Ok::<_, StoreError>(permission::decide(tx, principal, action, &topic).await? == Decision::Allowed)
    };
    Ok(Some(Access {
        role: standing.role,
        may_post: may(Action::Post).await?,
        may_manage: may(Action::Manage).await?,
    }))
}

/// An event's members, for who may know them: of a private event whoever reads it, of another its members.
pub async fn list(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &EventId,
) -> Result<Vec<Member>, WorkError<Refusal>> {
    permission::require(tx, principal, Action::Read, &Topic::event(id)).await?;
    let standing = rows::standing(tx, id, principal.account_id()).await?;
    let standing = standing.ok_or(WorkError::Refused(Refusal::NotFound("event")))?;
    if standing.role.is_none() && !principal.is_admin() {
        // Only an event that is not private gets here.
        let signed_in = principal.user().is_some();
        return Err(WorkError::Refused(if signed_in { Refusal::Forbidden } else { Refusal::SignIn }));
    }
    Ok(rows::list(tx, id).await?)
}

/// Makes the account of that name a member, or changes what a member may do.
pub async fn put(
    tx: &mut Tx<'_>,
    id: &EventId,
    name: &str,
    role: MemberRole,
    at: i64,
) -> Result<Member, WorkError<Refusal>> {
    let event = owned(tx, id).await?;
    let person = person(tx, name).await?;
    let before = rows::find(tx, id, &person.id).await?;
    let next = match &before {
        Some(member) if member.role == role => return Ok(member.clone()),
        Some(member) if member.role == MemberRole::Owner => Some(another_owner(tx, id, &person.id).await?),
        _ => None,
    };
    enter(tx, id, &person.id, role, before.is_none(), at).await?;
    show_owner(tx, &event, &person.id, next, at).await?;
    let gone = WorkError::Refused(Refusal::NotFound("person"));
    rows::find(tx, id, &person.id).await?.ok_or(gone)
}

/// Takes a member out: an owner anybody, everybody oneself. Returns whom.
pub async fn remove(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &EventId,
    name: &str,
    at: i64,
) -> Result<AccountId, WorkError<Refusal>> {
    let own = principal.user().is_some_and(|user| user.person.name == name.to_ascii_lowercase());
    if !own {
        permission::require(tx, principal, Action::Manage, &Topic::event(id)).await?;
    }
    let event = owned(tx, id).await?;
    let no_member = || WorkError::Refused(Refusal::NotFound("member"));
    let found = account::find_by_name(tx, &name.to_ascii_lowercase()).await?.ok_or_else(no_member)?;
    let account = found.account.person.id;
    let member = rows::find(tx, id, &account).await?.ok_or_else(no_member)?;
    let next = match member.role {
        MemberRole::Owner => Some(another_owner(tx, id, &account).await?),
        MemberRole::Contributor | MemberRole::Viewer => None,
    };
    rows::remove(tx, id, &account).await?;
    changed(tx, id, at).await?;
    show_owner(tx, &event, &account, next, at).await?;
    if event.visibility == Visibility::Private {
        notification::withdraw(tx, About::EventTo(id, &account), at).await?;
    }
    if event.visibility != Visibility::Public {
        event::unlist(tx, &Topic::user(&account), id, at).await?;
    }
    Ok(account)
}

/// Makes an invitation; what is returned has its code, which is kept nowhere.
pub async fn invite(
    tx: &mut Tx<'_>,
    id: &EventId,
    new: NewInvitation,
    at: i64,
) -> Result<Invitation, WorkError<Refusal>> {
    owned(tx, id).await?;
    let ttl_s = checked(&new).map_err(WorkError::Refused)?;
    if rows::invitations(tx, id, at).await?.len() >= EVENT_INVITATIONS {
        let message = format!("an event has {EVENT_INVITATIONS} open invitations at most");
        return Err(WorkError::Refused(Refusal::Conflict { field: "invitations", message }));
    }
    let expires_at = at + ttl_s * 1000;
    let code = session::new_secret();
    let invitation = Invitation {
        id: new_id(),
        code: Some(code.clone()),
        role: new.role,
        uses_left: new.uses,
        expires_at: timestamp(expires_at),
    };
    rows::insert_invitation(tx, &session::hash(&code), id, &invitation, at, expires_at).await?;
    Ok(invitation)
}

/// Holds what is asked for to its limits; returns how long the invitation lasts, in seconds.
fn checked(new: &NewInvitation) -> Result<i64, Refusal> {
    let invalid = |field, message: String| Refusal::Invalid { field, message };
    if new.role == MemberRole::Owner {
        return Err(invalid("role", "an owner is made by name".to_owned()));
    }
    if new.uses.is_some_and(|uses| uses == 0 || uses as usize > INVITATION_USES_MAX) {
        return Err(invalid("uses", format!("between 1 and {INVITATION_USES_MAX}")));
    }
    let ttl_s = new.ttl_s.unwrap_or(INVITATION_TTL_S_DEFAULT);
    if ttl_s == 0 || ttl_s > INVITATION_TTL_S_MAX {
        return Err(invalid("ttlS", format!("between 1 and {INVITATION_TTL_S_MAX}")));
    }
    i64::try_from(ttl_s).map_err(|_| invalid("ttlS", "too long".to_owned()))
}

/// Withdraws an invitation.
pub async fn withdraw(
    tx: &mut Tx<'_>,
    id: &EventId,
    invitation: &InvitationId,
) -> Result<(), WorkError<Refusal>> {
    if rows::delete_invitation(tx, id, invitation).await? {
        return Ok(());
    }
    Err(WorkError::Refused(Refusal::NotFound("invitation")))
}

/// What the holder of a code is invited to.
pub async fn view(tx: &mut Tx<'_>, code: &str, now: i64) -> Result<Option<InvitationView>, StoreError> {
    let found = rows::find_invitation(tx, &session::hash(code), now).await?;
    let Some((_, event, role)) = found else { return Ok(None) };
    Ok(events::find(tx, &event).await?.map(|event| InvitationView { event_title: event.title, role }))
}

/// Makes the account a member as the invitation says. Whoever may do as much already stays what they are
/// and uses nothing up.
pub async fn accept(
    tx: &mut Tx<'_>,
    account: &AccountId,
    code: &str,
    at: i64,
) -> Result<Event, WorkError<Refusal>> {
    let none = || WorkError::Refused(Refusal::NotFound("invitation"));
    let found = rows::find_invitation(tx, &session::hash(code), at).await?;
    let (invitation, id, role) = found.ok_or_else(none)?;
    let before = rows::find(tx, &id, account).await?.map(|member| member.role);
    if before < Some(role) {
        enter(tx, &id, account, role, before.is_none(), at).await?;
        rows::use_invitation(tx, &invitation).await?;
    }
    events::find(tx, &id).await?.ok_or_else(none)
}

/// The event, if somebody owns it: of one that nobody owns nobody says who may what.
async fn owned(tx: &mut Tx<'_>, id: &EventId) -> Result<Event, WorkError<Refusal>> {
    let event = events::find(tx, id).await?.ok_or(WorkError::Refused(Refusal::NotFound("event")))?;
    if event.owner.is_none() {
        return Err(WorkError::Refused(Refusal::Forbidden));
    }
    Ok(event)
}

async fn person(tx: &mut Tx<'_>, name: &str) -> Result<Person, WorkError<Refusal>> {
    let found = account::find_by_name(tx, &name.to_ascii_lowercase()).await?;
    let found = found.filter(|stored| !stored.disabled);
    found.map(|stored| stored.account.person).ok_or(WorkError::Refused(Refusal::NotFound("person")))
}

/// Stores a member, and tells who is concerned.
async fn enter(
    tx: &mut Tx<'_>,
    id: &EventId,
    account: &AccountId,
    role: MemberRole,
    is_new: bool,
    at: i64,
) -> Result<(), WorkError<Refusal>> {
    if is_new && rows::count(tx, id).await? >= EVENT_MEMBERS {
        let message = format!("an event has {EVENT_MEMBERS} members at most");
        return Err(WorkError::Refused(Refusal::Conflict { field: "members", message }));
    }
    rows::put(tx, id, account, role, at).await?;
    changed(tx, id, at).await?;
    let listed = events::find(tx, id).await?.filter(|event| is_new && event.visibility != Visibility::Public);
    if let Some(event) = listed {
        log::append(tx, &Topic::user(account), at, |_| Change::EventNew(Box::new(event))).await?;
    }
    Ok(())
}

/// Whoever follows the event, or what takes its rights, is decided on anew.
pub(super) async fn changed(tx: &mut Tx<'_>, id: &EventId, at: i64) -> Result<(), StoreError> {
    let access = || Change::EventAccess(EventAccessChanged { event_id: id.clone() });
    log::append(tx, &Topic::event(id), at, |_| access()).await?;
    for topic in match_::topics_of(tx, id).await? {
        log::append(tx, &topic, at, |_| access()).await?;
    }
    Ok(())
}

/// Who owns the event when `leaving` does not any more: somebody must.
async fn another_owner(
    tx: &mut Tx<'_>,
    id: &EventId,
    leaving: &AccountId,
) -> Result<AccountId, WorkError<Refusal>> {
    rows::other_owner(tx, id, leaving).await?.ok_or_else(|| {
        let message = "an event keeps at least one owner".to_owned();
        WorkError::Refused(Refusal::Conflict { field: "role", message })
    })
}

/// Shows an event as that of the next owner, if it was shown as that of the one who has left.
async fn show_owner(
    tx: &mut Tx<'_>,
    event: &Event,
    left: &AccountId,
    next: Option<AccountId>,
    at: i64,
) -> Result<(), StoreError> {
    let shown = event.owner.as_ref().is_some_and(|owner| owner.id == *left);
    let Some(next) = next.filter(|_| shown) else { return Ok(()) };
    events::set_owner(tx, &event.id, &next, at).await?;
    let Some(event) = events::find(tx, &event.id).await? else { return Ok(()) };
    let update = || Change::EventUpdate(Box::new(event.clone()));
    event::tell(tx, &event.id, event.visibility, at, update).await?;
    log::append(tx, &Topic::event(&event.id), at, |_| update()).await.map(drop)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use shared::model::{account::AccountRole, event::NewEvent};

    use super::*;
    use crate::{
        auth::example::signed_in,
        domain::account::{NewPerson, create},
        store::Store,
    };

    #[test]
    fn v8_members_and_invitations_are_limited() {
        let store = Store::inline(std::sync::Arc::new(|_| {})).unwrap();
        let person = |name: String| NewPerson {
            name,
            display_name: String::new(),
            password: None,
            role: AccountRole::User,
        };
        let done = store.write(async move |tx| {
            log::ensure_topic(tx, &Topic::events()).await?;
            let owner = create(tx, person("owner".to_owned()), 0).await?.person;
            let owner = signed_in(owner);
            let new: NewEvent = serde_json::from_str(r#"{"title":"A wedding"}"#).unwrap();
            let id = event::create(tx, &owner, new, 0).await?.id;
            for guest in 1..EVENT_MEMBERS {
                let name = format!("guest{guest}");
                create(tx, person(name.clone()), 0).await?;
                put(tx, &id, &name, MemberRole::Viewer, 0).await?;
            }
            create(tx, person("late".to_owned()), 0).await?;
            let refused = put(tx, &id, "late", MemberRole::Viewer, 0).await;
            assert!(matches!(refused, Err(WorkError::Refused(Refusal::Conflict { field: "members", .. }))));
            put(tx, &id, "guest1", MemberRole::Contributor, 0).await?;

            let new = NewInvitation { role: MemberRole::Viewer, uses: None, ttl_s: Some(1) };
            for _ in 0..EVENT_INVITATIONS {
                invite(tx, &id, new, 0).await?;
            }
            let refused = invite(tx, &id, new, 999).await;
            assert!(matches!(
                refused,
                Err(WorkError::Refused(Refusal::Conflict { field: "invitations", .. }))
            ));
            invite(tx, &id, new, 1_000).await?;
            Ok::<_, WorkError<Refusal>>(())
        });
        done.now_or_never().unwrap().unwrap().unwrap();
    }
}
