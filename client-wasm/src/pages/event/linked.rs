//! The item that the address points at: scrolled to where it is loaded, and otherwise fetched and shown
//! above the timeline.

use client_core::timeline::Row;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use shared::{EventId, MediaId, model::media::Media};

use super::feed::{Cell, Feed, Phase};
use crate::{
    api, browser,
    components::{
        icon::Icon,
        item::{Actions, item},
    },
};

/// What has become of the link.
#[derive(Debug, Clone, PartialEq)]
enum Found {
    Nothing,
    /// It is in no loaded page.
    Apart(Box<Media>),
    Gone,
}

/// Marks an item as the one that is meant, and no other.
fn point_at(pointed: StoredValue<Option<web_sys::Element>, LocalStorage>, node: Option<web_sys::Element>) {
    // The class is a constant without blanks: neither call can fail.
    pointed.update_value(|pointed| {
        if let Some(before) = pointed.take() {
            before.class_list().remove_1("target").ok();
        }
        if let Some(node) = &node {
            node.class_list().add_1("target").ok();
        }
        *pointed = node;
    });
}

/// Follows the link once the timeline has been read.
#[component]
pub(crate) fn LinkedItem(
    event: StoredValue<EventId>,
    feed: Feed,
    linked: Memo<Option<MediaId>>,
) -> impl IntoView {
    let found = RwSignal::new(Found::Nothing);
    let ready = Memo::new(move |_| feed.phase.get() == Phase::Ready);
    let actions = expect_context::<Actions>();
    // A link to an item may be one to what was said about it.
    let query = use_query_map();
    let pointed = StoredValue::new_local(None::<web_sys::Element>);
    Effect::new(move || {
        let id = linked.get();
        if !ready.get() {
            return;
        }
        found.set(Found::Nothing);
        point_at(pointed, None);
        let Some(id) = id else { return };
        let node = feed.node_of(&id);
        let talk = query.with_untracked(|query| query.get("comments").is_some());
        let there = node.is_some();
        if let Some(node) = node {
            point_at(pointed, Some(node.clone()));
            browser::focus_and_show(Some(&node));
        }
        if there && !talk {
            return;
        }
        spawn_local(async move {
            let answer = api::media(&event.get_value(), &id).await;
            let next = match answer {
                Ok(media) => {
                    if talk {
                        actions.talk.try_run(media.clone());
                    }
                    Found::Apart(Box::new(media))
                }
                Err(_) => Found::Gone,
            };
            if there {
                return;
            }
            found.try_set(next);
        });
    });
    crate::components::dynamic::dynamic(move || match found.get() {
        Found::Nothing => ().into_any(),
        Found::Gone => view! {
            <div class="linked">
                <p class="linked-title">"The update that this link points at has been deleted."</p>
            </div>
        }
        .into_any(),
        Found::Apart(media) => {
            let row = RwSignal::new(Row::Media(media));
            view! {
                <section class="linked" aria-label="Linked update">
                    <div class="linked-title">
                        <span>"Linked update"</span>
                        <button class="icon-btn" type="button" aria-label="Close linked update" on:click=move |_| found.set(Found::Nothing)>
                            {Icon::Close.draw()}
                        </button>
                    </div>
                    {item(Cell { row, fresh: false }, "by-linked".to_owned())}
                </section>
            }
            .into_any()
        }
    })
}
