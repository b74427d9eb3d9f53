//! Which teams and players one follows, and following them no more.

use leptos::{prelude::*, task::spawn_local};
use shared::model::follow::Follow;

use super::HEADING;
use crate::{
    api::follows as api,
    browser,
    components::{
        announcer::use_announcer,
        dynamic::when,
        form::{Form, FormProblem},
    },
};

/// The list, if there is anything on it.
#[component]
pub(super) fn Following() -> impl IntoView {
    let all = RwSignal::new(Vec::<Follow>::new());
    spawn_local(async move {
        // Without an answer there is no list.
        if let Ok(follows) = api::all().await {
            all.try_set(follows);
        }
    });
    when(
        move || all.with(|all| !all.is_empty()),
        move || {
            view! {
                <section class="panel" aria-labelledby="notifications-following">
                    <h2 id="notifications-following">"Following"</h2>
                    <ul class="rows" aria-labelledby="notifications-following">
                        <For each=move || all.get() key=|one| (one.team_id.clone(), one.player_id.clone()) let:one>
                            <Row all=all one=one />
                        </For>
                    </ul>
                </section>
            }
            .into_any()
        },
    )
}

#[component]
fn Row(all: RwSignal<Vec<Follow>>, one: Follow) -> impl IntoView {
    let (form, announcer) = (Form::new(), use_announcer());
    let (name, of) = match one.player_name.clone() {
        Some(player) => (player, format!("{}, {}", one.team_name, one.event_title)),
        None => (one.team_name.clone(), one.event_title.clone()),
    };
    let (shown, label) = (name.clone(), format!("Stop following {name}"));
    let one = StoredValue::new(one);
    let stop = move |_| {
        let (one, name) = (one.get_value(), name.clone());
        form.run(async move {
            api::set(&one.team_id, one.player_id.as_ref(), false).await?;
            all.try_update(|all| all.retain(|known| *known != one));
            announcer.say(format!("You follow {name} no more."));
            browser::focus_if_lost(HEADING);
            Ok(())
        });
    };
    view! {
        <li>
            <div class="rows-main"><b>{shown}</b><span class="hint">{of}</span></div>
            <button class="btn btn-small" type="button" aria-label=label on:click=stop>"Stop"</button>
            <FormProblem form=form />
        </li>
    }
}
