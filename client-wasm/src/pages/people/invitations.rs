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
        form::{Form, FormProblem, LoadProblem, SubmitButton},
        icon::Icon,
        time::moment,
    },
    words::{self, role_word},
};

/// How long a link can hold, in seconds.
const DAYS: [(u64, &str); 3] = [(86_400, "1 day"), (604_800, "7 days"), (2_592_000, "30 days")];
/// The middle one.
const DAYS_DEFAULT: u64 = 604_800;
/// Of the heading, which has the focus when the row that had it goes.
const HEADING: &str = "people-invitations";

/// The link that was made last, while this page is open.
type Made = RwSignal<Option<(InvitationId, String)>>;

/// The links, and the form that makes one.
#[component]
pub(super) fn Invitations(known: Known) -> impl IntoView {
    let announcer = use_announcer();
    let form = Form::new();
    let list = RwSignal::new(Vec::<Invitation>::new());
    let role = RwSignal::new(MemberRole::Contributor);
    let once = RwSignal::new(false);
    let ttl_s = RwSignal::new(DAYS_DEFAULT);
    let made: Made = RwSignal::new(None);
    let loading = Form::new();
    let load = move || {
        loading.run(async move {
            let found = api::invitations(&known.id.get_value()).await?;
            list.try_update(|list| {
                // One may have been made meanwhile.
                let further: Vec<_> =
                    found.into_iter().filter(|one| list.iter().all(|there| there.id != one.id)).collect();
                list.extend(further);
            });
            Ok(())
        });
    };
    load();
    let make = move || async move {
        let new = NewInvitation {
            role: role.get_untracked(),
            uses: once.get_untracked().then_some(1),
            ttl_s: Some(ttl_s.get_untracked()),
        };
        let mut invitation = api::invite(&known.id.get_value(), &new).await?;
        let code = invitation.code.take();
        let link = |code| (invitation.id.clone(), format!("{}/invitations/{code}", browser::origin()));
        made.try_set(code.map(link));
        list.try_update(|list| list.insert(0, invitation));
        announcer.say("The link was made.");
        Ok(())
    };
    let revoked = Callback::new(move |id: InvitationId| {
        list.try_update(|list| list.retain(|entry| entry.id != id));
        // Another link is still to be passed on: it is not shown again.
        made.try_update(|made| {
            if made.as_ref().is_some_and(|(of, _)| *of == id) {
                *made = None;
            }
        });
        browser::focus_if_lost(HEADING);
        announcer.say("The link was revoked.");
    });
    view! {
        <section class="panel" aria-labelledby=HEADING>
            <h2 id=HEADING tabindex="-1">"Invitation links"</h2>
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
            <LoadProblem form=loading again=load heading=HEADING />
            <ul class="rows" aria-labelledby=HEADING hidden=dynamic(move || list.with(Vec::is_empty))>
                <For each=move || list.get() key=|entry| entry.id.clone() let:entry>
                    <InvitationRow known=known entry=entry revoked=revoked />
                </For>
            </ul>
        </section>
    }
}

/// The link that was made just now: the server keeps only its hash, and cannot show it again.
fn made_view(made: Made) -> impl IntoView {
    let announcer = use_announcer();
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let Some((_, link)) = made.get_untracked() else { return };
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
                    prop:value=move || made.get().map(|(_, link)| link).unwrap_or_default()
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

/// Several can be revoked at a time.
#[component]
fn InvitationRow(known: Known, entry: Invitation, revoked: Callback<InvitationId>) -> impl IntoView {
    let form = Form::new();
    let role = role_word(entry.role);
    let until = moment(browser::millis(&entry.expires_at), browser::wall_ms());
    let uses = entry.uses_left.map(|left| words::count(u64::from(left), "use left", "uses left"));
    let label = format!("Revoke the link for a {}, until {until}", role.to_lowercase());
    let id = entry.id;
    let revoke = move |_| {
        let id = id.clone();
        form.run(async move {
            match api::revoke_invitation(&known.id.get_value(), &id).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            // The page may have been left meanwhile.
            revoked.try_run(id);
            Ok(())
        });
    };
    view! {
        <li>
            <div class="rows-main">
                <b>{role}</b>
                <span class="hint">"until "{until} {uses.map(|uses| format!(" · {uses}"))}</span>
            </div>
            <button class="btn btn-small" type="button" aria-label=label aria-disabled=dynamic(move || form.is_busy().to_string()) on:click=revoke>
                "Revoke"
            </button>
            <FormProblem form=form />
        </li>
    }
}
