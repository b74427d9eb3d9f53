//! Where one is signed in, and ending that: one by one, or everywhere.

use leptos::prelude::*;
use shared::{SessionId, model::account::SessionInfo};

use crate::{
    api::people as api,
    browser,
    components::{
        announcer::use_announcer,
        dynamic::dynamic,
        form::{Form, FormProblem},
        time::TimeAgo,
    },
    session::use_session,
    words::browser_name,
};

/// The list. It is read when it is drawn, and after each change.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    let session = use_session();
    let announcer = use_announcer();
    let form = Form::new();
    let list = RwSignal::new(Vec::<SessionInfo>::new());
    let load = move || {
        form.run(async move {
            let sessions = api::sessions().await?;
            list.try_set(sessions);
            Ok(())
        });
    };
    load();
    let end = Callback::new(move |id: SessionId| {
        form.run(async move {
            match api::end_session(&id).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            list.try_update(|list| list.retain(|entry| entry.id != id));
            announcer.say("Signed out there.");
            Ok(())
        });
    });
    let leave = super::leave();
    let everywhere = move |_| {
        let leave = leave.clone();
        form.run(async move {
            session.sign_out_everywhere().await?;
            leave();
            Ok(())
        });
    };
    view! {
        <section class="panel" aria-labelledby="account-sessions">
            <h2 id="account-sessions">"Where you are signed in"</h2>
            <ul class="rows" aria-labelledby="account-sessions">
                <For each=move || list.get() key=|entry| entry.id.clone() let:entry>
                    <li>{entry_view(entry, end)}</li>
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

fn entry_view(entry: SessionInfo, end: Callback<SessionId>) -> impl IntoView {
    let name = browser_name(&entry.user_agent);
    let seen = browser::millis(&entry.seen_at);
    let label = format!("Sign out {name}");
    let id = entry.id;
    view! {
        <div class="rows-main">
            <b>{name}</b>
            <span class="hint">{entry.address} " · " {(!entry.current).then(|| view! { <TimeAgo at=Signal::stored(seen) /> })} {entry.current.then_some("this browser")}</span>
        </div>
        {(!entry.current).then(|| view! {
            <button class="btn btn-small" type="button" aria-label=label on:click=move |_| end.run(id.clone())>"Sign out"</button>
        })}
    }
}
