//! One post on the board: what it says, where it goes, how far it has come, and what can be done with it.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    PostId,
    model::{
        account::Person,
        post::{DeliveryState, Destination, Post, PostStatus, Target},
    },
};

use super::{Editing, State, name_of};
use crate::{
    api::posts,
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::Icon,
        menu::{Menu, MenuEntry},
        picture::blur_of,
        time::moment,
    },
    session::use_session,
    words::count,
};

/// Of the card of a post.
pub(super) fn element_id(id: &PostId) -> String {
    format!("post-{id}")
}

/// A card of the board.
#[component]
pub(super) fn Card(state: State, id: PostId) -> impl IntoView {
    let of = id.clone();
    // Kept when the post is gone: the card goes with it, a moment later.
    let post = Memo::new(move |before: Option<&Option<Post>>| {
        state.posts.with(|list| list.get(&of).cloned()).or_else(|| before.cloned().flatten())
    });
    let part = move |of: fn(&Post) -> String| {
        Memo::new(move |_| post.with(|post| post.as_ref().map(of).unwrap_or_default()))
    };
    let name = part(name_of);
    let text = part(|post| post.text.clone());
    let failure = part(|post| post.failure.clone().unwrap_or_default());
    let workers = part(people);
    let attachment = Memo::new(move |_| post.with(|post| post.as_ref().and_then(|p| p.attachment.clone())));
    let status =
        Memo::new(move |_| post.with(|post| post.as_ref().map_or(PostStatus::Draft, |post| post.status)));
    let id = StoredValue::new(id);
    let problem = Memo::new(move |_| {
        let of_this = |(of, _): &&(PostId, String)| id.with_value(|id| of == id);
        state.problem.with(|problem| problem.as_ref().filter(of_this).map(|(_, message)| message.clone()))
    });
    let comments = Memo::new(move |_| post.with(|post| post.as_ref().map_or(0, |post| post.comments)));
    let talk = move |_| state.talking.set(Some(id.get_value()));
    let talk_label = move || match comments.get() {
        0 => "Comments".to_owned(),
        number => format!("Comments: {}", count(number, "comment", "comments")),
    };
    let session = use_session();
    let liked_by = Memo::new(move |_| {
        post.with(|post| post.as_ref().map(|post| post.liked_by.clone()).unwrap_or_default())
    });
    let mine =
        move || liked_by.with(|people| people.iter().any(|person| Some(&person.id) == session.id().as_ref()));
    let like_label = move || {
        liked_by.with(|people| match people.as_slice() {
            [] => "Like".to_owned(),
            people => format!("Like: {}", names(people)),
        })
    };
    let like = move |_| state.like(id.get_value(), !mine());
    let edit = move |_| state.editing.set(Some(Editing::Post(id.get_value())));
    let may_change =
        move || matches!(status.get(), PostStatus::Draft | PostStatus::Scheduled | PostStatus::Failed);
    view! {
        <article class="post-card" id=id.with_value(element_id) tabindex="-1" aria-label=name>
            <div class="post-top">
                <span class="hint">{part(when_words)}</span>
                <CardMenu state=state post=post name=name.into() />
            </div>
            {dynamic(move || attachment.get().map(|file| attachment_view(&file)))}
            <p class="post-text" hidden=dynamic(move || text.with(String::is_empty))>{text}</p>
            <Places state=state post=post />
            <p class="hint post-line" hidden=dynamic(move || workers.with(String::is_empty))>
                {Icon::People.draw()} {workers}
            </p>
            <p class="error-text" hidden=dynamic(move || failure.with(String::is_empty))>{failure}</p>
            <p class="error-text" role="alert" hidden=dynamic(move || problem.with(Option::is_none))>{problem}</p>
            <div class="row">
                {when(move || status.get() == PostStatus::Failed, move || view! {
                    <button class="btn btn-small" type="button" on:click=move |_| state.turn(id.get_value(), "retry")>"Retry"</button>
                }.into_any())}
                {when(may_change, move || view! {
                    <button class="btn btn-small" type="button" on:click=edit>"Edit"</button>
                }.into_any())}
                <button class="act like" type="button" aria-pressed=dynamic(move || mine().to_string()) aria-label=dynamic(like_label) title=like_label on:click=like>
                    {Icon::Heart.draw()}
                    <span class="num">{dynamic(move || Some(liked_by.with(Vec::len)).filter(|number| *number > 0))}</span>
                </button>
                <button class="act" type="button" aria-haspopup="dialog" aria-label=dynamic(talk_label) on:click=talk>
                    {Icon::Talk.draw()}
                    <span class="num">{dynamic(move || Some(comments.get()).filter(|number| *number > 0))}</span>
                </button>
            </div>
        </article>
    }
}

#[component]
fn CardMenu(state: State, post: Memo<Option<Post>>, name: Signal<String>) -> impl IntoView {
    let session = use_session();
    let turn = move |what: &'static str| {
        Callback::new(move |()| {
            if let Some(post) = post.get_untracked() {
                state.turn(post.id, what);
            }
        })
    };
    let delete = Callback::new(move |()| state.deleting.set(post.get_untracked()));
    let leave = Callback::new(move |()| {
        let me = session.account.with_untracked(|a| a.as_ref().map(|a| a.person.name.clone()));
        if let Some((post, me)) = post.get_untracked().zip(me) {
            spawn_local(async move {
                if let Err(error) = posts::unshare(&post.id, &me).await {
                    state.problem.try_set(Some((post.id, error.message)));
                }
            });
        }
    });
    // Read when the menu opens, and again when the post changes under it.
    let entries = move || {
        let me = session.id();
        post.with(|post| {
            let post = post.as_ref()?;
            let is_to_go = matches!(post.status, PostStatus::Draft | PostStatus::Scheduled);
            let is_mine = Some(&post.owner.id) == me.as_ref();
            Some(view! {
                {is_to_go.then(|| view! { <MenuEntry on_choose=turn("publish")>{Icon::Send.draw()} "Publish now"</MenuEntry> })}
                {(post.status == PostStatus::Scheduled).then(|| view! {
                    <MenuEntry on_choose=turn("unschedule")>{Icon::ArrowLeft.draw()} "Back to draft"</MenuEntry>
                })}
                {is_mine.then(|| view! { <MenuEntry class="danger" on_choose=delete>{Icon::Trash.draw()} "Delete"</MenuEntry> })}
                {(!is_mine).then(|| view! { <MenuEntry on_choose=leave>{Icon::Leave.draw()} "Work on it no more"</MenuEntry> })}
            })
        })
    };
    let label = Signal::derive(move || name.with(|name| format!("More about: {name}")));
    view! {
        <Menu label=label class="icon-btn" side="right" face=dynamic(|| Icon::More.draw())>
            {entries}
        </Menu>
    }
}

/// When it goes out, went out, or was changed.
fn when_words(post: &Post) -> String {
    let at = |time: &shared::Timestamp| moment(browser::millis(time), browser::wall_ms());
    let retries = post.destinations.iter().filter(|place| place.reason.is_some());
    let retry = retries.filter_map(|place| place.next_attempt_at.as_ref()).min();
    match (post.status, &post.publish_at, &post.published_at, retry) {
        (PostStatus::Scheduled, Some(time), ..) => format!("Goes out {}", at(time)),
        (PostStatus::Publishing, .., Some(time)) => format!("Tried again at {}", at(time)),
        (PostStatus::Publishing, ..) => "On its way".to_owned(),
        (PostStatus::Published, _, Some(time), _) => format!("Went out {}", at(time)),
        (PostStatus::Failed, ..) => format!("Failed {}", at(&post.updated_at)),
        _ => format!("Changed {}", at(&post.updated_at)),
    }
}

fn attachment_view(file: &shared::model::media::Attachment) -> AnyView {
    // A picture that is small already has no smaller one.
    let whole = file.content_type.starts_with("image/").then_some(&file.url);
    match file.renditions.first().map(|small| &small.url).or(whole) {
        Some(src) => {
            let background = blur_of(file.thumb_hash.as_ref());
            view! {
                <img
                    class="post-thumb"
                    src=src.clone()
                    alt=""
                    loading="lazy"
                    style:background-image=background
                />
            }
            .into_any()
        }
        None => {
            view! { <p class="hint post-line">{Icon::Clip.draw()} {file.content_type.clone()}</p> }.into_any()
        }
    }
}

/// Who works on it, if it is more than one.
fn people(post: &Post) -> String {
    if post.editors.is_empty() {
        return String::new();
    }
    format!("{}, {}", post.owner.display_name, names(&post.editors))
}

fn names(people: &[Person]) -> String {
    people.iter().map(|person| person.display_name.as_str()).collect::<Vec<_>>().join(", ")
}

#[component]
fn Places(state: State, post: Memo<Option<Post>>) -> impl IntoView {
    let places = Memo::new(move |_| {
        post.with(|post| post.as_ref().map(|post| post.destinations.clone()).unwrap_or_default())
    });
    view! {
        <ul class="post-places" aria-label="Destinations" hidden=dynamic(move || places.with(Vec::is_empty))>
            <For each=move || places.get() key=|place| (place.id.clone(), place.state, place.reason.clone()) let:place>
                <Place state=state place=place />
            </For>
        </ul>
    }
}

#[component]
fn Place(state: State, place: Destination) -> impl IntoView {
    let asked = place.target.asked();
    let href = match &place.target {
        Target::Event { event_id } => Some(format!("/events/{event_id}")),
        Target::Webhook { .. } => None,
    };
    let name = Signal::derive(move || match &place.target {
        Target::Event { .. } => state.name_of(&asked),
        Target::Webhook { host, .. } => host.clone(),
    });
    let (icon, words) = match place.state {
        DeliveryState::Delivered => (Some(Icon::Check), ", arrived"),
        DeliveryState::Failed => (Some(Icon::Close), ", did not arrive"),
        DeliveryState::Waiting => (None, ""),
    };
    let name = match href {
        Some(href) => view! { <A href=href>{name}</A> }.into_any(),
        None => view! { <span>{name}</span> }.into_any(),
    };
    // A failure is told for the post as a whole.
    let reason = place.reason.filter(|_| place.state == DeliveryState::Waiting);
    view! {
        <li class="chip-small" data-state=place.state.as_str()>
            {icon.map(Icon::draw)}
            <span>
                {name} <span class="visually-hidden">{words}</span>
                {reason.map(|reason| view! { <span class="chip-why">{reason}</span> })}
            </span>
        </li>
    }
}
