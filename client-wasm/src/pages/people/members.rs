//! The members: who they are, as what; owners add, change and remove, and everybody may leave.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    AccountId,
    model::{
        account::Person,
        member::{Member, MemberRole, Visibility},
    },
};

use super::Known;
use crate::{
    api::people,
    browser,
    components::{
        announcer::use_announcer,
        avatar::Avatar,
        dynamic::{dynamic, when},
        form::{Choice, Form, FormProblem, SubmitButton},
        name_field::{self, NameField},
        sheet::{Sheet, open_while, use_sheet},
    },
    session::use_session,
    words::role_word,
};

/// Of the heading, which has the focus when the row that had it goes.
const HEADING: &str = "people-members";

/// The list, and for owners the form that adds to it.
#[component]
pub(super) fn Members(known: Known) -> impl IntoView {
    let removing = RwSignal::new(None::<Person>);
    let ids = Memo::new(move |_| {
        known.members.with(|members| {
            members.iter().flatten().map(|member| member.person.id.clone()).collect::<Vec<_>>()
        })
    });
    let hidden = Memo::new(move |_| known.members.with(Option::is_none));
    view! {
        <section class="panel" aria-labelledby=HEADING>
            <h2 id=HEADING tabindex="-1">"Members"</h2>
            {when(move || known.may_manage(), move || view! { <AddMember known=known /> }.into_any())}
            <Stale known=known />
            <p class="hint" hidden=dynamic(move || !hidden.get())>"Only members see who the members are."</p>
            <ul class="rows" aria-labelledby=HEADING hidden=hidden>
                <For each=move || ids.get() key=|id| id.clone() let:id>
                    <MemberRow known=known id=id removing=removing />
                </For>
            </ul>
            <RemoveDialog known=known removing=removing />
        </section>
    }
}

#[component]
fn MemberRow(known: Known, id: AccountId, removing: RwSignal<Option<Person>>) -> impl IntoView {
    let session = use_session();
    let id = StoredValue::new(id);
    let member = Memo::new(move |_| {
        known
            .members
            .with(|all| all.iter().flatten().find(|m| id.with_value(|id| m.person.id == *id)).cloned())
    });
    let name = Signal::derive(move || {
        member.with(|m| m.as_ref().map(|m| m.person.display_name.clone()).unwrap_or_default())
    });
    let at = move || member.with(|m| m.as_ref().map(|m| format!("@{}", m.person.name)));
    let form = Form::new();
    let choice = Choice::new(form);
    let role = Memo::new(move |_| {
        choice.or(member.with(|m| m.as_ref().map_or(MemberRole::Viewer, |member| member.role)))
    });
    let myself = Memo::new(move |_| session.id().is_some_and(|me| id.with_value(|id| *id == me)));
    let may = Memo::new(move |_| known.may_manage());
    let change = move |chosen: MemberRole| {
        let Some(member) = member.get_untracked() else { return };
        let event = known.id.get_value();
        choice.choose(chosen, move |next| {
            let (event, name) = (event.clone(), member.person.name.clone());
            async move {
                put(known, people::put_member(&event, &name, next).await?);
                Ok(())
            }
        });
    };
    let remove = move |_| removing.set(member.get_untracked().map(|member| member.person));
    view! {
        <li class="member">
            <Avatar name=name />
            <div class="rows-main">
                <b>{name}</b>
                <span class="hint">
                    {at} {move || myself.get().then_some(" · you")}
                    {when(move || id.with_value(|id| known.online.has(id)), || view! { <span class="online">"online"</span> }.into_any())}
                </span>
            </div>
            {dynamic(move || if may.get() {
                view! {
                    <RoleSelect label=Signal::derive(move || format!("Role of {}", name.get())) role=role owner=true choose=Callback::new(change) />
                }
                .into_any()
            } else {
                view! { <span class="hint">{move || role_word(role.get())}</span> }.into_any()
            })}
            {when(move || may.get() || myself.get(), move || view! {
                <button
                    class="btn btn-small"
                    type="button"
                    aria-label=move || if myself.get() { "Leave this event".to_owned() } else { format!("Remove {}", name.get()) }
                    on:click=remove
                >
                    {move || if myself.get() { "Leave" } else { "Remove" }}
                </button>
            }.into_any())}
            <FormProblem form=form />
        </li>
    }
}

/// A choice of roles; an `owner` is one of them where that can be given.
#[component]
pub(super) fn RoleSelect(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] role: Signal<MemberRole>,
    owner: bool,
    choose: Callback<MemberRole>,
) -> impl IntoView {
    let roles = MemberRole::ALL.into_iter().filter(move |entry| owner || *entry != MemberRole::Owner);
    view! {
        <select
            class="input small"
            aria-label=label
            on:change=move |event| {
                if let Ok(chosen) = event_target_value(&event).parse() {
                    choose.run(chosen);
                }
            }
        >
            {roles
                .map(|entry| view! { <option value=entry.as_str() prop:selected=move || role.get() == entry>{role_word(entry)}</option> })
                .collect_view()}
        </select>
    }
}

/// By the name to sign in with; people who are known are suggested.
#[component]
fn AddMember(known: Known) -> impl IntoView {
    let announcer = use_announcer();
    let form = Form::new();
    let name = RwSignal::new(String::new());
    let role = RwSignal::new(MemberRole::Contributor);
    let add = move || async move {
        let wanted = name_field::given(name)?;
        let event = known.id.get_value();
        let member = people::put_member(&event, &wanted, role.get_untracked()).await;
        let member = member.map_err(name_field::nobody)?;
        announcer.say(format!("{} was added.", member.person.display_name));
        put(known, member);
        name.try_set(String::new());
        Ok(())
    };
    view! {
        <form class="add-row" aria-label="Add a member" on:submit=move |event| form.submit(&event, add()) novalidate>
            <NameField form=form id="member-name" list="member-names" label="Name" value=name />
            <RoleSelect label="Role".to_owned() role=role owner=true choose=Callback::new(move |chosen| role.set(chosen)) />
            <SubmitButton form=form label="Add" class="btn" />
            <FormProblem form=form />
        </form>
    }
}

/// What is shown may not be what holds.
#[component]
fn Stale(known: Known) -> impl IntoView {
    view! { <p class="error-text" role="alert" hidden=dynamic(move || known.stale.with(Option::is_none))>{known.stale}</p> }
}

fn put(known: Known, member: Member) {
    known.members.try_update(|all| {
        let all = all.get_or_insert_default();
        match all.iter_mut().find(|there| there.person.id == member.person.id) {
            Some(there) => *there = member,
            None => all.push(member),
        }
    });
}

#[component]
fn RemoveDialog(known: Known, removing: RwSignal<Option<Person>>) -> impl IntoView {
    let session = use_session();
    let title = Signal::derive(move || {
        let whom = removing.with(|person| person.as_ref().map(|person| person.id.clone()));
        let words = if whom.is_some() && whom == session.id() {
            "Leave this event?"
        } else {
            "Remove from this event?"
        };
        words.to_owned()
    });
    view! {
        <Sheet open=open_while(removing) title=title>
            <RemoveForm known=known removing=removing />
        </Sheet>
    }
}

#[component]
fn RemoveForm(known: Known, removing: RwSignal<Option<Person>>) -> impl IntoView {
    let session = use_session();
    let sheet = use_sheet();
    let navigate = use_navigate();
    let form = Form::new();
    let person = removing.get_untracked();
    let myself = person.as_ref().is_some_and(|person| {
        session.account.with_untracked(|a| a.as_ref().is_some_and(|a| a.person.id == person.id))
    });
    let private =
        known.event.with_untracked(|e| e.as_ref().is_some_and(|e| e.visibility == Visibility::Private));
    let name = person.as_ref().map(|person| person.display_name.clone()).unwrap_or_default();
    let consequence = match (myself, private) {
        (true, true) => "You will no longer see this event.".to_owned(),
        (true, false) => "You will no longer be a member.".to_owned(),
        (false, true) => format!("{name} stops seeing this event at once."),
        (false, false) => format!("{name} will no longer be a member, and still sees what everybody sees."),
    };
    let confirm = move |_| {
        let (Some(person), navigate) = (person.clone(), navigate.clone()) else { return };
        form.run(async move {
            match people::remove_member(&known.id.get_value(), &person.name).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            sheet.close();
            if myself && private {
                navigate("/", NavigateOptions::default());
            } else {
                known.members.try_update(|all| {
                    if let Some(all) = all {
                        all.retain(|member| member.person.id != person.id);
                    }
                });
                browser::focus_if_lost(HEADING);
            }
            Ok(())
        });
    };
    view! {
        <p>{consequence}</p>
        <FormProblem form=form />
        <div class="sheet-end">
            <button class="btn btn-quiet" type="button" autofocus on:click=move |_| sheet.close()>"Cancel"</button>
            <button class="btn btn-danger" type="button" aria-disabled=dynamic(move || form.is_busy().to_string()) on:click=confirm>
                {if myself { "Leave" } else { "Remove" }}
            </button>
        </div>
    }
}
