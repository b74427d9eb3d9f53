//! One's notifications: what happened, read or not, and what one has muted. Live, and the same on every device.

use leptos::prelude::*;
use shared::{NotificationId, model::notification::Notification};

mod following;
mod muted;
mod state;
mod words;

use following::Following;
use muted::{MutedList, Mutes};
use state::List;

use super::sign_in;
use crate::{
    browser,
    components::{
        avatar::Avatar,
        dynamic::{dynamic, when},
        form::{Form, FormProblem, LoadProblem},
        icon::Icon,
        menu::{Menu, MenuEntry},
        time::TimeAgo,
        title::use_title,
    },
    session::use_session,
};

/// Of the heading, which has the focus when what had it goes.
const HEADING: &str = "notifications";

/// The page.
#[component]
pub(crate) fn NotificationsPage() -> impl IntoView {
    let session = use_session();
    let title = use_title();
    title.name("Notifications");
    browser::scroll_to(0.0, false);
    sign_in::is_required("/notifications");
    let id = Memo::new(move |_| session.id());
    view! {
        <div class="narrow wide">
            {dynamic(move || match id.get() {
                Some(_) => view! { <Notifications /> }.into_any(),
                None => view! { <h1>"Notifications"</h1> }.into_any(),
            })}
        </div>
    }
}

#[component]
fn Notifications() -> impl IntoView {
    let told = use_title().told;
    let list = List::follow(use_session());
    let mutes = Mutes::new();
    let marking = Form::new();
    let read_all = move |_| {
        if told.get_untracked() > 0 {
            marking.run(list.mark_read(None));
        }
    };
    let ids = Memo::new(move |_| list.items.with(|all| all.iter().map(|n| n.id.clone()).collect::<Vec<_>>()));
    view! {
        <div class="title-row">
            <h1 id=HEADING tabindex="-1">"Notifications"</h1>
            <button
                class="btn btn-small"
                type="button"
                aria-disabled=dynamic(move || (told.get() == 0 || marking.is_busy()).to_string())
                on:click=read_all
            >
                "Mark all as read"
            </button>
        </div>
        <FormProblem form=marking />
        <LoadProblem form=list.loading again=move || list.load(None) heading=HEADING />
        <ul class="notices" aria-labelledby=HEADING>
            <For each=move || ids.get() key=|id| id.clone() let:id>
                <Row list=list id=id mutes=mutes />
            </For>
        </ul>
        {when(
            move || list.known.get() && ids.with(Vec::is_empty),
            || view! {
                <div class="feed-empty">
                    <h2>"Nothing has happened yet"</h2>
                    <p>"Mentions of you, comments and likes on what you posted, and what happens to the teams and players whom you follow, appear here by themselves."</p>
                </div>
            }.into_any(),
        )}
        {when(move || list.next.with(Option::is_some), move || view! {
            <div class="feed-end">
                <button class="btn" type="button" on:click=move |_| list.load(list.next.get_untracked())>"Load older"</button>
            </div>
        }.into_any())}
        <Following />
        <MutedList mutes=mutes />
    }
}

#[component]
fn Row(list: List, id: NotificationId, mutes: Mutes) -> impl IntoView {
    let form = Form::new();
    let wanted = id.clone();
    let told = Memo::new(move |_| list.items.with(|all| all.iter().find(|n| n.id == wanted).cloned()));
    let read = move |what: fn(&Notification) -> String| {
        dynamic(move || told.with(|told| told.as_ref().map(what).unwrap_or_default()))
    };
    let unread = Memo::new(move |_| told.with(|told| told.as_ref().is_some_and(|told| !told.read)));
    let at =
        Signal::derive(move || told.with(|told| told.as_ref().map_or(0.0, |told| browser::millis(&told.at))));
    let who = Signal::derive(move || {
        told.with(|told| told.as_ref().and_then(words::whose).map(|by| by.display_name.clone()))
    });
    let id = StoredValue::new(id);
    let mark = move || {
        if unread.get_untracked() {
            form.run(list.mark_read(Some(id.get_value())));
        }
    };
    let face = dynamic(move || {
        match who.get() {
        Some(_) => view! { <Avatar name=Signal::derive(move || who.get().unwrap_or_default()) /> }.into_any(),
        None => view! { <span class="avatar notice-icon">{told.with_untracked(|t| words::icon(t.as_ref())).draw()}</span> }
            .into_any(),
    }
    });
    // What it is about never changes, only how often it happened and who was last.
    let link = told.with_untracked(|told| told.as_ref().and_then(words::address));
    let body = view! {
        {face}
        <span class="rows-main">
            <span class="notice-words">{read(words::sentence)}</span>
            <span class="hint notice-text">{read(words::quote)}</span>
            <span class="hint"><TimeAgo at=at /></span>
        </span>
    };
    view! {
        <li class="notice-row" class:unread=unread>
            {match link {
                Some(link) => view! { <a class="notice-link" href=link on:click=move |_| mark()>{body}</a> }.into_any(),
                None => view! { <div class="notice-link">{body}</div> }.into_any(),
            }}
            {when(move || unread.get(), move || view! {
                <button class="icon-btn notice-mark" type="button" aria-label="Mark as read" title="Mark as read" on:click=move |_| {
                    mark();
                    browser::focus_if_lost(HEADING);
                }>
                    <span class="dot" aria-hidden="true"></span>
                </button>
            }.into_any())}
            {told.with_untracked(Clone::clone).and_then(|told| menu(told, mutes))}
            <FormProblem form=form />
        </li>
    }
}

/// What can be muted about a notification; a word of the server has nothing to mute.
fn menu(told: Notification, mutes: Mutes) -> Option<AnyView> {
    let event = told.event_id?;
    let of_event = event.clone();
    let all = Callback::new(move |()| mutes.mute(of_event.clone(), None));
    let item =
        told.media_id.map(|media| Callback::new(move |()| mutes.mute(event.clone(), Some(media.clone()))));
    let view = view! {
        <Menu label="More" class="icon-btn" side="right" face=dynamic(|| Icon::More.draw())>
            {item.map(|item| view! { <MenuEntry on_choose=item>{Icon::BellOff.draw()} "Mute this update"</MenuEntry> })}
            <MenuEntry on_choose=all>{Icon::BellOff.draw()} "Mute this event"</MenuEntry>
        </Menu>
    };
    Some(view.into_any())
}
