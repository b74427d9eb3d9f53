//! Links that make whoever opens them a member: made, copied and revoked by owners.

use leptos::{prelude::*, task::spawn_local};
use shared::{
    InvitationId,
    model::member::{Invitation, MemberRole, NewInvitation},
};

use wasm_bindgen::JsCast;

use super::{Known, members::RoleSelect};
use crate::{
    api::people as api,
    browser,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        form::{Form, FormProblem, SubmitButton},
        icon::Icon,
        time::moment,
    },
    words::{self, role_word},
};

/// How long a link can hold, in seconds.
const DAYS: [(u64, &str); 3] = [(86_400, "1 day"), (604_800, "7 days"), (2_592_000, "30 days")];
/// The middle one.
const DAYS_DEFAULT: u64 = 604_800;

/// The links, and the form that makes one.
#[component]
pub(super) fn Invitations(known: Known) -> impl IntoView {
    let announcer = use_announcer();
    let form = Form::new();
    let list = RwSignal::new(Vec::<Invitation>::new());
    let role = RwSignal::new(MemberRole::Contributor);
    let once = RwSignal::new(false);
    let ttl_s = RwSignal::new(DAYS_DEFAULT);
    let made = RwSignal::new(None::<String>);
    spawn_local(async move {
        if let Ok(invitations) = api::invitations(&known.id.get_value()).await {
            list.try_set(invitations);
        }
    });
    let make = move || async move {
        let new = NewInvitation {
            role: role.get_untracked(),
            uses: once.get_untracked().then_some(1),
            ttl_s: Some(ttl_s.get_untracked()),
        };
        let mut invitation = api::invite(&known.id.get_value(), &new).await?;
        made.try_set(invitation.code.take().map(|code| format!("{}/invitations/{code}", browser::origin())));
        list.try_update(|list| list.insert(0, invitation));
        announcer.say("The link was made.");
        Ok(())
    };
    let revoke = Callback::new(move |id: InvitationId| {
        form.run(async move {
            match api::revoke_invitation(&known.id.get_value(), &id).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            list.try_update(|list| list.retain(|entry| entry.id != id));
            made.try_set(None);
            announcer.say("The link was revoked.");
            Ok(())
        });
    });
    view! {
        <section class="panel" aria-labelledby="people-invitations">
            <h2 id="people-invitations">"Invitation links"</h2>
            <p class="hint">"Whoever opens the link and signs in becomes a member."</p>
            <form class="add-row" aria-label="Make a link" on:submit=move |event| form.submit(&event, make())>
                <RoleSelect label="Invited as".to_owned() role=role owner=false choose=Callback::new(move |chosen| role.set(chosen)) />
                <select class="input small" aria-label="Can be used" on:change=move |event| once.set(event_target_value(&event) == "once")>
                    <option value="often">"Any number of times"</option>
                    <option value="once">"Once"</option>
                </select>
                <select
                    class="input small"
                    aria-label="Holds for"
                    on:change=move |event| ttl_s.set(event_target_value(&event).parse().unwrap_or(DAYS_DEFAULT))
                >
                    {DAYS.map(|(seconds, words)| view! { <option value=seconds.to_string() selected=seconds == DAYS_DEFAULT>{words}</option> }).collect_view()}
                </select>
                <SubmitButton form=form label="Make link" class="btn" />
            </form>
            <FormProblem form=form />
            {when(move || made.with(Option::is_some), move || made_view(made).into_any())}
            <ul class="rows" aria-labelledby="people-invitations" hidden=dynamic(move || list.with(Vec::is_empty))>
                <For each=move || list.get() key=|entry| entry.id.clone() let:entry>
                    <li>{entry_view(entry, revoke)}</li>
                </For>
            </ul>
        </section>
    }
}

/// The link that was made just now: the server keeps only its hash, and cannot show it again.
fn made_view(made: RwSignal<Option<String>>) -> impl IntoView {
    let announcer = use_announcer();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let Some(link) = made.get_untracked() else { return };
        spawn_local(async move {
            let done = browser::copy(&link).await;
            copied.try_set(done);
            announcer.say(if done { "Link copied." } else { "The link could not be copied." });
        });
    };
    view! {
        <div class="made">
            <div class="made-row">
                <input
                    class="input"
                    readonly
                    aria-label="Link"
                    prop:value=move || made.get().unwrap_or_default()
                    on:focus=select_all
                />
                <button class="btn" type="button" on:click=copy>
                    {dynamic(move || if copied.get() { Icon::Check.draw() } else { Icon::Link.draw() })}
                    {move || if copied.get() { "Copied" } else { "Copy link" }}
                </button>
            </div>
            <p class="hint">"Pass it on now: it is not shown again."</p>
        </div>
    }
}

fn select_all(event: leptos::ev::FocusEvent) {
    if let Some(input) = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok())
    {
        input.select();
    }
}

fn entry_view(entry: Invitation, revoke: Callback<InvitationId>) -> impl IntoView {
    let role = role_word(entry.role);
    let until = moment(browser::millis(&entry.expires_at), browser::wall_ms());
    let uses = entry.uses_left.map(|left| words::count(u64::from(left), "use left", "uses left"));
    let label = format!("Revoke the link for a {}, until {until}", role.to_lowercase());
    let id = entry.id;
    view! {
        <div class="rows-main">
            <b>{role}</b>
            <span class="hint">"until "{until} {uses.map(|uses| format!(" · {uses}"))}</span>
        </div>
        <button class="btn btn-small" type="button" aria-label=label on:click=move |_| revoke.run(id.clone())>"Revoke"</button>
    }
}
