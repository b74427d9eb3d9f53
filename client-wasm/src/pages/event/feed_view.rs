//! The timeline as it is drawn: composer, filter, what waits, the rows, and what is below them.

use leptos::{ev::KeyboardEvent, html, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    EventId, MediaId,
    model::media::{Media, MediaKind},
};
use wasm_bindgen::{JsCast, closure::Closure};

use super::{
    composer::Writing,
    feed::{Feed, Phase},
    likes::Likes,
    linked::LinkedItem,
    load::Loader,
    outgoing::{Decision, Outgoing},
    place_to_write::PlaceToWrite,
    presence::Presence,
    rights::Rights,
    updates,
};
use crate::{
    browser,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        icon::Icon,
        item::{Actions, draw_row, permalink},
    },
    pages::sign_in,
    parts,
    session::use_session,
    words::kind_plural,
};

/// Everything under the event's header.
#[component]
pub(crate) fn FeedView(
    id: EventId,
    feed: Feed,
    loader: Loader,
    outgoing: Outgoing,
    writing: Writing,
    rights: Rights,
    presence: Presence,
    likes: Likes,
    kind: Memo<Option<MediaKind>>,
    linked: Memo<Option<MediaId>>,
) -> impl IntoView {
    let event = StoredValue::new(id);
    let announcer = use_announcer();
    let editing = RwSignal::new(None::<Media>);
    let deleting = RwSignal::new(None::<Media>);
    let photo = RwSignal::new(None::<MediaId>);
    let session = use_session();
    let navigate = use_navigate();
    let talk = RwSignal::new(None::<Media>);
    let actions = Actions {
        event,
        likes,
        talk: Callback::new(move |media| talk.set(Some(media))),
        like: Callback::new(move |media: Media| {
            if !untrack(|| session.is_signed_in()) {
                let here = permalink(&event.get_value(), &media.id);
                navigate(&sign_in::address(&here), NavigateOptions::default());
                return;
            }
            spawn_local(async move {
                match parts::turn().await {
                    Ok(turn) => turn(likes, announcer, media.id),
                    Err(_) => announcer.say("That was not stored. Are you connected?"),
                }
            });
        }),
        open_photo: Callback::new(move |id| photo.set(Some(id))),
        copy_link: Callback::new(move |id: MediaId| {
            let address = format!("{}{}", browser::origin(), permalink(&event.get_value(), &id));
            spawn_local(async move {
                announcer.say(if browser::copy(&address).await {
                    "Link copied."
                } else {
                    "The link could not be copied."
                });
            });
        }),
        edit: Callback::new(move |media| editing.set(Some(media))),
        delete: Callback::new(move |media| deleting.set(Some(media))),
        retry: Callback::new(move |key| outgoing.decide(Decision::Retry(key))),
        discard: Callback::new(move |key| outgoing.decide(Decision::Discard(key))),
        load_gap: Callback::new(move |()| loader.older()),
        outgoing,
        rights,
    };
    provide_context(actions);

    let container = NodeRef::<html::Div>::new();
    let owner = Owner::current().unwrap_or_default();
    Effect::new(move || {
        if let Some(container) = container.get() {
            let owner = owner.clone();
            feed.mount(&container, owner.clone(), draw_row);
        }
    });
    let scrolled = browser::listen(&browser::window(), "scroll", move |_| feed.scrolled());
    let walking = browser::listen(&browser::document(), "keydown", move |event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            walk(container, event);
        }
    });
    let seen = browser::listen(&browser::document(), "visibilitychange", move |_| feed.seen());
    let listeners = StoredValue::new_local([scrolled, walking, seen]);
    on_cleanup(move || listeners.dispose());

    let shown = Memo::new(move |_| feed.phase.get() == Phase::Ready && !feed.is_empty.get());
    view! {
        <PlaceToWrite event=event loader=loader feed=feed outgoing=outgoing writing=writing rights=rights />
        {presence.typing()}
        <Filters event=event kind=kind />
        <LinkedItem event=event feed=feed linked=linked />
        <Pills feed=feed />
        <div
            class="feed"
            // A feed has items; without any it is a place for them.
            role=dynamic(move || if shown.get() { "feed" } else { "group" })
            aria-label="Timeline"
            aria-busy=dynamic(move || (feed.phase.get() == Phase::Loading).to_string())
            node_ref=container
        ></div>
        {dynamic(move || match feed.phase.get() {
            Phase::Loading => skeleton().into_any(),
            Phase::Failed(message) => view! {
                <div class="notice" role="alert">
                    <h2>"The timeline could not be loaded"</h2>
                    <p>{message}</p>
                    <button class="btn" type="button" on:click=move |_| loader.again()>"Try again"</button>
                </div>
            }
            .into_any(),
            Phase::Ready => view! { <FeedEnd feed=feed loader=loader kind=kind /> }.into_any(),
        })}
        {parts::about(parts::edit, event, editing)}
        {parts::about(parts::delete, event, deleting)}
        {parts::about(parts::comments, event, talk)}
        {when(
            move || photo.with(Option::is_some),
            move || parts::later(parts::lightbox, || ().into_any(), move |draw| draw(feed, photo)),
        )}
    }
}

#[component]
fn Filters(event: StoredValue<EventId>, kind: Memo<Option<MediaKind>>) -> impl IntoView {
    let entries =
        [None, Some(MediaKind::Photo), Some(MediaKind::Video), Some(MediaKind::Audio), Some(MediaKind::Text)];
    let navigate = use_navigate();
    view! {
        <div class="filters" role="group" aria-label="Filter">
            {entries
                .map(|entry| {
                    let navigate = navigate.clone();
                    let name = entry.map_or("All", kind_plural);
                    view! {
                        <button
                            class="chip"
                            type="button"
                            aria-label=format!("Filter: {name}")
                            aria-pressed=dynamic(move || (kind.get() == entry).to_string())
                            on:click=move |_| {
                                let (address, options) = super::address_of_kind(&event.get_value(), entry);
                                navigate(&address, options);
                            }
                        >
                            {name}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}

/// What is new, and the way back.
#[component]
fn Pills(feed: Feed) -> impl IntoView {
    let some = Memo::new(move |_| feed.waiting.get() > 0);
    view! {
        <div class="pills">
            {when(
                move || some.get(),
                move || {
                    view! {
                        <button class="pill" type="button" on:click=move |_| feed.go_to_new()>
                            {Icon::ArrowUp.draw()}
                            <span class="num">{dynamic(move || updates(feed.waiting.get()))}</span>
                        </button>
                    }
                    .into_any()
                },
            )}
            {when(
                move || feed.can_go_back.get() && !some.get(),
                move || {
                    view! {
                        <button class="pill back-pill" type="button" on:click=move |_| feed.go_back()>
                            {Icon::ArrowDown.draw()}
                            "Back to where you were"
                        </button>
                    }
                    .into_any()
                },
            )}
        </div>
    }
}

/// Below the rows: more of them, or that there are none.
#[component]
fn FeedEnd(feed: Feed, loader: Loader, kind: Memo<Option<MediaKind>>) -> impl IntoView {
    let end = NodeRef::<html::Div>::new();
    let watch = StoredValue::new_local(None::<Watch>);
    Effect::new(move || {
        // Observed anew after each page: what is still near the end then asks for the next one.
        let idle = !loader.loading_older.get() && loader.older_failed.with(Option::is_none);
        let seen = end.get().filter(|_| idle && feed.has_older.get());
        watch.set_value(seen.and_then(|end| Watch::start(&end, move || loader.older())));
    });
    on_cleanup(move || watch.dispose());
    view! {
        <div class="feed-end" node_ref=end>
            {dynamic(move || if feed.is_empty.get() {
                view! {
                    <div class="feed-empty">
                        <h2>{dynamic(move || match kind.get() {
                            None => "Nothing has happened yet",
                            Some(_) => "Nothing of this kind yet",
                        })}</h2>
                        <p>"What is posted appears here by itself."</p>
                    </div>
                }
                .into_any()
            } else if feed.has_older.get() {
                view! {
                    <p class="error-text" role="alert" hidden=dynamic(move || loader.older_failed.with(Option::is_none))>
                        {loader.older_failed}
                    </p>
                    <button class="btn" type="button" on:click=move |_| loader.older()>
                        {dynamic(move || if loader.loading_older.get() { "Loading…" } else { "Load older" })}
                    </button>
                }
                .into_any()
            } else {
                view! { <p>"That is how it began."</p> }.into_any()
            })}
        </div>
    }
}

/// Calls when an element comes near the window's lower edge.
struct Watch {
    observer: web_sys::IntersectionObserver,
    _call: Closure<dyn FnMut(js_sys::Array)>,
}

impl Watch {
    fn start(element: &web_sys::Element, near: impl Fn() + 'static) -> Option<Self> {
        let call = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let is_near = |entry: wasm_bindgen::JsValue| {
                entry
                    .dyn_ref::<web_sys::IntersectionObserverEntry>()
                    .is_some_and(web_sys::IntersectionObserverEntry::is_intersecting)
            };
            if entries.iter().any(is_near) {
                near();
            }
        });
        let options = web_sys::IntersectionObserverInit::new();
        options.set_root_margin("1200px 0px");
        let observer =
            web_sys::IntersectionObserver::new_with_options(call.as_ref().unchecked_ref(), &options).ok()?;
        observer.observe(element);
        Some(Self { observer, _call: call })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// `j` goes to the next article and `k` to the one before, from anywhere but a field; Page Down and Page Up
/// do the same from within an article.
fn walk(container: NodeRef<html::Div>, event: &KeyboardEvent) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let elsewhere =
        target.closest("input, textarea, select, video, audio, dialog, [role=menu]").ok().flatten().is_some();
    if elsewhere || event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return;
    }
    let article = target.closest(".feed > article").ok().flatten();
    let next = match (event.key().as_str(), article) {
        ("j" | "PageDown", Some(article)) => article.next_element_sibling(),
        ("k" | "PageUp", Some(article)) => article.previous_element_sibling(),
        ("j", None) => container.get_untracked().and_then(|feed| feed.first_element_child()),
        _ => return,
    };
    event.prevent_default();
    browser::focus_and_show(next.as_ref());
}

fn skeleton() -> impl IntoView {
    let row = |lines: &'static [&'static str]| {
        view! {
            <div class="feed-sk" aria-hidden="true">
                <span class="sk sk-dot"></span>
                <div>{lines.iter().map(|class| view! { <span class=format!("sk {class}")></span> }).collect_view()}</div>
            </div>
        }
    };
    view! {
        {row(&["sk-line sk-short", "sk-line"])}
        {row(&["sk-line sk-short", "sk-block"])}
        {row(&["sk-line sk-short", "sk-line", "sk-line"])}
    }
}
