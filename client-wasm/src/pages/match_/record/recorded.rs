//! What has been recorded, newest first, each with a way to correct it; and before it what the server has refused.

use leptos::prelude::*;
use shared::MatchEventId;

use super::{
    Recorder,
    making::{Kind, Making},
    queue::Standing,
};
use crate::{
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
        menu::{Menu, MenuEntry},
    },
    pages::match_::{
        moments::{Choice, Lines},
        words::what_word,
    },
};

/// The rows, with their menus.
#[component]
pub(super) fn Recorded(recorder: Recorder) -> impl IntoView {
    provide_context(recorder);
    let empty = Memo::new(move |_| recorder.log.counted.with(|counted| counted.lines.is_empty()));
    view! {
        <section class="recorded" aria-labelledby="recorded-title">
            <h2 id="recorded-title">"Recorded"</h2>
            <Lines log=recorder.log choice=Signal::stored(Choice::Everything) extra=correction />
            {when(move || empty.get(), || view! { <p class="moments-none">"Nothing yet."</p> }.into_any())}
        </section>
    }
}

/// The menu of a row.
fn correction(id: MatchEventId) -> AnyView {
    let recorder = expect_context::<Recorder>();
    let id = StoredValue::new(id);
    let line =
        Memo::new(move |_| recorder.log.counted.with(|counted| counted.line(&id.get_value()).cloned()));
    let open = Memo::new(move |_| line.with(|line| line.as_ref().is_some_and(|line| line.struck.is_none())));
    let kind =
        Memo::new(move |_| line.with(|line| line.as_ref().and_then(|line| Kind::of(&line.happening.what))));
    let correct = Callback::new(move |()| {
        let (Some(kind), Some(line)) = (kind.get_untracked(), line.get_untracked()) else { return };
        let making = Making { of: Some(id.get_value()), ..Making::new(line.happening.at, kind) };
        recorder.making.set(Some(making));
        crate::browser::scroll_to(0.0, true);
    });
    let strike = Callback::new(move |()| recorder.strike(id.get_value()));
    let label = Signal::derive(move || {
        line.with(|line| {
            line.as_ref()
                .map_or_else(String::new, |line| format!("Correct: {}", what_word(&line.happening.what)))
        })
    });
    when(
        move || open.get(),
        move || {
            view! {
                <Menu label=label class="icon-btn" side="right" face=dynamic(|| Icon::More.draw())>
                    {when(move || kind.get().is_some(), move || view! {
                        <MenuEntry on_choose=correct>{Icon::Edit.draw()} "Correct it"</MenuEntry>
                    }.into_any())}
                    <MenuEntry on_choose=strike>{Icon::Trash.draw()} "Strike it"</MenuEntry>
                </Menu>
            }
            .into_any()
        },
    )
    .into_any()
}

/// What the server will not have.
#[component]
pub(super) fn Refused(recorder: Recorder) -> impl IntoView {
    let refused = Memo::new(move |_| {
        recorder.queue.entries.with(|entries| {
            let refused = entries.iter().filter_map(|entry| match &entry.standing {
                Standing::Refused(reason) => Some((entry.entry.clone(), reason.clone())),
                _ => None,
            });
            refused.collect::<Vec<_>>()
        })
    });
    view! {
        <div role="alert" aria-label="Not taken by the server" hidden=dynamic(move || refused.with(Vec::is_empty))><ul class="refused">
            {dynamic(move || refused.get().into_iter().map(|(entry, reason)| {
                let (id, what) = (StoredValue::new(entry.id), entry.happening.what);
                let (word, kind) = (what_word(&what), Kind::of(&what));
                let at = entry.happening.at;
                let discard = move || recorder.queue.discard(&id.get_value());
                view! {
                    <li>
                        <p><b>{word}</b> " was not taken: " {reason}</p>
                        <span class="row">
                            {kind.map(|kind| view! {
                                <button class="btn btn-small" type="button" on:click=move |_| {
                                    discard();
                                    recorder.making.set(Some(Making::new(at.clone(), kind)));
                                }>"Fix"</button>
                            })}
                            <button class="btn btn-small" type="button" on:click=move |_| recorder.queue.retry(&id.get_value())>"Retry"</button>
                            <button class="btn btn-small btn-quiet" type="button" on:click=move |_| discard()>"Discard"</button>
                        </span>
                    </li>
                }
            }).collect_view())}
        </ul></div>
    }
}
