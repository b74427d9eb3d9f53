//! What one has muted, and hearing of it again.

use leptos::{prelude::*, task::spawn_local};
use shared::{EventId, MediaId, model::notification::Mute};

use super::HEADING;
use crate::{
    api::talk as api,
    browser,
    components::{
        announcer::Announcer,
        announcer::use_announcer,
        dynamic::when,
        form::{Form, FormProblem},
    },
};

/// What is muted. Read when the page is drawn, and after each change.
#[derive(Clone, Copy)]
pub(super) struct Mutes {
    all: RwSignal<Vec<Mute>>,
    announcer: Announcer,
}

impl Mutes {
    pub(super) fn new() -> Self {
        let mutes = Self { all: RwSignal::new(Vec::new()), announcer: use_announcer() };
        mutes.load();
        mutes
    }

    fn load(self) {
        spawn_local(async move {
            // Without an answer the list stays as it is.
            if let Ok(all) = api::mutes().await {
                self.all.try_set(all);
            }
        });
    }

    pub(super) fn mute(self, event: EventId, media: Option<MediaId>) {
        spawn_local(async move {
            match api::set_muted(&event, media.as_ref(), true).await {
                Ok(()) => {
                    self.announcer.say("Muted. No notifications come of it.");
                    self.load();
                }
                Err(error) => self.announcer.say(format!("It is not muted. {}", error.message)),
            }
        });
    }
}

/// The list, if there is anything on it.
#[component]
pub(super) fn MutedList(mutes: Mutes) -> impl IntoView {
    view! {
        {when(move || mutes.all.with(|all| !all.is_empty()), move || view! {
            <section class="panel" aria-labelledby="notifications-muted">
                <h2 id="notifications-muted">"Muted"</h2>
                <ul class="rows" aria-labelledby="notifications-muted">
                    <For each=move || mutes.all.get() key=|mute| (mute.event_id.clone(), mute.media_id.clone()) let:mute>
                        <MutedRow mutes=mutes mute=mute />
                    </For>
                </ul>
            </section>
        }.into_any())}
    }
}

#[component]
fn MutedRow(mutes: Mutes, mute: Mute) -> impl IntoView {
    let form = Form::new();
    let what = match (&mute.media_id, mute.text.as_str()) {
        (None, _) => "The whole event".to_owned(),
        (Some(_), "") => "One update".to_owned(),
        (Some(_), text) => format!("“{text}”"),
    };
    let label = format!("Unmute {}", mute.event_title);
    let title = mute.event_title;
    let place = StoredValue::new((mute.event_id, mute.media_id));
    let unmute = move |_| {
        let (event, media) = place.get_value();
        form.run(async move {
            api::set_muted(&event, media.as_ref(), false).await?;
            mutes.announcer.say("No longer muted.");
            mutes.load();
            browser::focus_if_lost(HEADING);
            Ok(())
        });
    };
    view! {
        <li>
            <div class="rows-main"><b>{title}</b><span class="hint">{what}</span></div>
            <button class="btn btn-small" type="button" aria-label=label on:click=unmute>"Unmute"</button>
            <FormProblem form=form />
        </li>
    }
}
