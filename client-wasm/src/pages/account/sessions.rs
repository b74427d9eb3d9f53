//! Where one is signed in, and ending that: one by one, or everywhere.

use leptos::prelude::*;
use shared::{SessionId, model::account::SessionInfo};

use crate::{
    api::people as api,
    browser,
    components::{
        announcer::use_announcer,
        dynamic::dynamic,
        form::{Form, FormProblem, LoadProblem},
        me::leaves_nothing_behind,
        time::TimeAgo,
    },
    session::use_session,
    words::browser_name,
};

/// Of the heading, which has the focus when the row that had it goes.
const HEADING: &str = "account-sessions";

/// The list. It is read when it is drawn, and after each change.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    let session = use_session();
    let announcer = use_announcer();
    let loading = Form::new();
    let list = RwSignal::new(Vec::<SessionInfo>::new());
    let load = move || {
        loading.run(async move {
            let sessions = api::sessions().await?;
            list.try_set(sessions);
            Ok(())
        });
    };
    load();
    let ended = Callback::new(move |id: SessionId| {
        list.try_update(|list| list.retain(|entry| entry.id != id));
        browser::focus_if_lost(HEADING);
        announcer.say("Signed out there.");
    });
    let form = Form::new();
    let everywhere = move |_| {
        if leaves_nothing_behind() {
            form.run(session.sign_out_everywhere());
        }
    };
    view! {
        <section class="panel" aria-labelledby=HEADING>
            <h2 id=HEADING tabindex="-1">"Where you are signed in"</h2>
            <LoadProblem form=loading again=load heading=HEADING />
            <ul class="rows" aria-labelledby=HEADING>
                <For each=move || list.get() key=|entry| entry.id.clone() let:entry>
                    <SessionRow entry=entry ended=ended />
                </For>
            </ul>
            <FormProblem form=form />
            <div class="row">
                <button class="btn" type="button" aria-disabled=dynamic(move || form.is_busy().to_string()) on:click=everywhere>
                    "Sign out everywhere"
                </button>
            </div>
        </section>
    }
}

/// Several can be ended at a time.
#[component]
fn SessionRow(entry: SessionInfo, ended: Callback<SessionId>) -> impl IntoView {
    let form = Form::new();
    let name = browser_name(&entry.user_agent);
    let seen = browser::millis(&entry.seen_at);
    let label = format!("Sign out {name}");
    let id = StoredValue::new(entry.id);
    let end = move |_| {
        form.run(async move {
            let id = id.get_value();
            match api::end_session(&id).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            // The page may have been left meanwhile.
            ended.try_run(id);
            Ok(())
        });
    };
    view! {
        <li>
            <div class="rows-main">
                <b>{name}</b>
                <span class="hint">{entry.address} " · " {(!entry.current).then(|| view! { <TimeAgo at=Signal::stored(seen) /> })} {entry.current.then_some("this browser")}</span>
            </div>
            {(!entry.current).then(|| view! {
                <button class="btn btn-small" type="button" aria-label=label aria-disabled=dynamic(move || form.is_busy().to_string()) on:click=end>
                    "Sign out"
                </button>
            })}
            <FormProblem form=form />
        </li>
    }
}
