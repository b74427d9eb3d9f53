//! One item of a timeline. Its node is the same from the local echo to the confirmed item and through every
//! change: what differs is a text or an attribute.

use client_core::timeline::{Echo, EchoState, Row, RowKey};
use leptos::prelude::*;
use shared::{
    EventId, IdempotencyKey, MediaId,
    model::media::{Attachment, Media, MediaKind},
};

use super::{
    avatar::Avatar,
    dynamic::{dynamic, when},
    icon::Icon,
    linked_text::linked_text,
    menu::{Menu, MenuEntry},
    picture::{Picture, PictureImage, blur, size},
    reactions::reactions,
    time::TimeAgo,
};
use crate::{
    browser,
    pages::event::{feed::Cell, likes::Likes, outgoing::Outgoing, rights::Rights},
};

/// A text without a file that is no longer than this is set larger, in characters.
const LEAD_CHARS: usize = 90;

/// What can be asked for at an item; the page does it.
#[derive(Clone, Copy)]
pub(crate) struct Actions {
    pub(crate) event: StoredValue<EventId>,
    pub(crate) open_photo: Callback<MediaId>,
    pub(crate) copy_link: Callback<MediaId>,
    pub(crate) edit: Callback<Media>,
    pub(crate) delete: Callback<Media>,
    pub(crate) retry: Callback<IdempotencyKey>,
    pub(crate) discard: Callback<IdempotencyKey>,
    pub(crate) load_gap: Callback<()>,
    /// Likes it, or no longer.
    pub(crate) like: Callback<Media>,
    pub(crate) likes: Likes,
    /// Shows its comments.
    pub(crate) talk: Callback<Media>,
    pub(crate) outgoing: Outgoing,
    /// Editing and deleting are offered by these.
    pub(crate) rights: Rights,
}

/// Draws a row, whatever it is.
pub(crate) fn draw_row(key: RowKey, cell: Cell) -> AnyView {
    if cell.row.with_untracked(|row| *row == Row::Gap) {
        gap_row().into_any()
    } else {
        item(cell, format!("by-{}", key.0)).into_any()
    }
}

fn gap_row() -> impl IntoView {
    let actions = expect_context::<Actions>();
    view! {
        <article class="gap-row" aria-label="Some updates are not shown">
            <span>"Some updates are not shown"</span>
            <button class="btn btn-small" type="button" on:click=move |_| actions.load_gap.run(())>"Load"</button>
        </article>
    }
}

pub(super) fn media<T>(row: RwSignal<Row>, read: impl Fn(&Media) -> T) -> Option<T> {
    row.with(|row| match row {
        Row::Media(media) => Some(read(media)),
        _ => None,
    })
}

fn echo<T>(row: RwSignal<Row>, read: impl Fn(&Echo) -> T) -> Option<T> {
    row.with(|row| match row {
        Row::Echo(echo) => Some(read(echo)),
        _ => None,
    })
}

/// The item. `label` is the id of the element that names it.
pub(crate) fn item(cell: Cell, label: String) -> impl IntoView {
    let actions = expect_context::<Actions>();
    let row = cell.row;
    let posted_at = browser::wall_ms();

    // What is cheap to compare is read from the row each time it changes; what is drawn from is remembered.
    let author = Signal::derive(move || {
        media(row, |m| m.author.name.clone()).or_else(|| echo(row, |e| e.author.clone())).unwrap_or_default()
    });
    let kind = Memo::new(move |_| {
        media(row, |m| m.kind).or_else(|| echo(row, |e| e.kind)).unwrap_or(MediaKind::Text)
    });
    let text = Memo::new(move |_| {
        media(row, |m| m.text.clone()).or_else(|| echo(row, |e| e.text.clone())).unwrap_or_default()
    });
    let at = Signal::derive(move || media(row, |m| browser::millis(&m.created_at)).unwrap_or(posted_at));
    let is_echo = Memo::new(move |_| row.with(|row| matches!(row, Row::Echo(_))));
    let sent = Memo::new(move |_| sent_percent(row, actions));
    let is_sending = move || sent.with(Option::is_some);
    let edited = move || media(row, |m| m.updated_at > m.created_at).unwrap_or(false);
    let is_lead = move || {
        kind.get() == MediaKind::Text
            && text.with(|text| text.chars().count() <= LEAD_CHARS && !text.contains('\n'))
    };
    let link = move || media(row, |m| permalink(&actions.event.get_value(), &m.id));
    let named = label.clone();

    view! {
        <article
            class="item"
            class:fresh=cell.fresh
            class:echo=is_echo
            tabindex="-1"
            aria-labelledby=label
            data-media-id=dynamic(move || media(row, |m| m.id.to_string()))
            data-offset=dynamic(move || media(row, |m| m.offset.to_string()))
            data-kind=dynamic(move || kind.get().as_str())
        >
            <Avatar name=author />
            <div class="item-main">
                <div class="item-head" id=named>
                    <span class="who">{author}</span>
                    <a class="when" href=dynamic(link) data-noscroll="true" hidden=is_echo>
                        <TimeAgo at=at />
                    </a>
                    {when(is_sending, move || progress_text(sent))}
                    <span class="edited" hidden=dynamic(move || !edited())>"edited"</span>
                </div>
                {dynamic(move || failure(row, actions))}
                <div class="item-text" class:lead=dynamic(is_lead)>
                    {dynamic(move || text.with(|text| linked_text(text)))}
                </div>
                {dynamic(move || file(kind.get(), row, actions))}
                {reactions(row, actions)}
            </div>
            {when(is_sending, move || progress_bar(sent))}
            {dynamic(move || (!is_echo.get()).then(|| item_menu(row, actions).into_any()))}
        </article>
    }
}

/// The address of an item.
pub(crate) fn permalink(event: &EventId, id: &MediaId) -> String {
    format!("/events/{event}?item={id}")
}

/// What goes with the text. `kind` never changes in the life of a row, so this is drawn once.
fn file(kind: MediaKind, row: RwSignal<Row>, actions: Actions) -> AnyView {
    match kind {
        MediaKind::Text => ().into_any(),
        MediaKind::Photo => photo(row, actions).into_any(),
        MediaKind::Video => video(row, actions).into_any(),
        MediaKind::Audio => sound(row, actions).into_any(),
    }
}

fn photo(row: RwSignal<Row>, actions: Actions) -> impl IntoView {
    let picture = Memo::new(move |_| {
        media(row, Picture::of).flatten().or_else(|| {
            let preview = echo(row, |e| actions.outgoing.preview(&e.key))??;
            Some(Picture {
                src: preview.url,
                srcset: None,
                width: preview.width,
                height: preview.height,
                hash: None,
                alt: "Photo that is being sent".to_owned(),
            })
        })
    });
    // Once there is a picture there always is one; the frame stays.
    let there = Memo::new(move |_| picture.with(Option::is_some));
    move || {
        there.get().then(|| {
            let shown = Signal::derive(move || {
                picture.get().unwrap_or_else(|| Picture {
                    src: String::new(),
                    srcset: None,
                    width: 3,
                    height: 2,
                    hash: None,
                    alt: String::new(),
                })
            });
            let ratio = Memo::new(move |_| shown.with(|p| Picture::ratio(p.width, p.height)));
            let hash = Memo::new(move |_| shown.with(|p| p.hash.clone()));
            let open = move |_| {
                if let Some(id) = media_untracked(row, |m| m.id.clone()) {
                    actions.open_photo.run(id);
                }
            };
            view! {
                <button
                    class="frame"
                    type="button"
                    aria-label=dynamic(move || shown.with(|p| format!("Open: {}", p.alt)))
                    style:aspect-ratio=ratio
                    style:background-image=dynamic(move || hash.with(|hash| blur(hash.as_deref())))
                    on:click=open
                >
                    <PictureImage picture=shown />
                </button>
            }
        })
    }
}

pub(super) fn media_untracked<T>(row: RwSignal<Row>, read: impl Fn(&Media) -> T) -> Option<T> {
    row.with_untracked(|row| match row {
        Row::Media(media) => Some(read(media)),
        _ => None,
    })
}

/// The file of a row, and the local copy of it if it was posted from here: playing goes on from the copy.
fn source(row: RwSignal<Row>, actions: Actions) -> (Memo<Option<Attachment>>, Memo<Option<String>>) {
    let file = Memo::new(move |_| media(row, |m| m.attachment.clone()).flatten());
    let local = move || {
        let key = media(row, |m| m.key.clone()).flatten().or_else(|| echo(row, |e| e.key.clone()))?;
        actions.outgoing.preview(&key)
    };
    let url = Memo::new(move |_| {
        local().map(|p| p.url).or_else(|| file.with(|f| f.as_ref().map(|f| f.url.clone())))
    });
    (file, url)
}

fn video(row: RwSignal<Row>, actions: Actions) -> impl IntoView {
    let (file, url) = source(row, actions);
    let pixels = Memo::new(move |_| {
        file.with(|file| file.as_ref().map(size)).or_else(|| {
            let preview = echo(row, |e| actions.outgoing.preview(&e.key))??;
            Some((preview.width, preview.height))
        })
    });
    let ratio = move || {
        pixels
            .get()
            .filter(|(_, h)| *h > 2)
            .map_or_else(|| "16 / 9".to_owned(), |(w, h)| Picture::ratio(w, h))
    };
    let poster = move || file.with(|f| f.as_ref().and_then(|f| f.renditions.last().map(|r| r.url.clone())));
    let hash = Memo::new(move |_| file.with(|f| f.as_ref().and_then(|f| f.thumb_hash.clone())));
    view! {
        <div class="frame" style:aspect-ratio=ratio style:background-image=dynamic(move || hash.with(|hash| blur(hash.as_deref())))>
            <video controls preload="metadata" playsinline src=url poster=poster aria-label="Video"></video>
        </div>
    }
}

fn sound(row: RwSignal<Row>, actions: Actions) -> impl IntoView {
    let (_, url) = source(row, actions);
    view! {
        <div class="frame sound">
            <audio controls preload="metadata" src=url aria-label="Audio"></audio>
        </div>
    }
}

/// How much of an echo has been sent, in percent, while it is.
fn sent_percent(row: RwSignal<Row>, actions: Actions) -> Option<u32> {
    let key = echo(row, |e| (e.state == EchoState::Sending).then(|| e.key.clone()))??;
    let share = actions.outgoing.progress(&key).map_or(0.0, |share| share.get());
    Some((share * 100.0) as u32)
}

/// Stands in the place of the time, so that nothing below moves when the item is confirmed.
fn progress_text(sent: Memo<Option<u32>>) -> AnyView {
    let text = move || match sent.get().unwrap_or(0) {
        0 => "Sending…".to_owned(),
        percent => format!("Sending… {percent} %"),
    };
    view! { <span class="sending num">{dynamic(text)}</span> }.into_any()
}

/// Lies on the row's lower edge and takes no room.
fn progress_bar(sent: Memo<Option<u32>>) -> AnyView {
    let value = move || sent.get().unwrap_or(0).to_string();
    view! { <progress max="100" value=dynamic(value) aria-label="Sent"></progress> }.into_any()
}

/// Why an echo was not taken, and what can be done about it. It stands above the content: below a photo it
/// would be out of sight.
fn failure(row: RwSignal<Row>, actions: Actions) -> Option<AnyView> {
    let (key, message) = echo(row, |e| match &e.state {
        EchoState::Sending => None,
        EchoState::Failed { message, .. } => Some((e.key.clone(), message.clone())),
    })??;
    let again = key.clone();
    let view = view! {
        <div class="echo-state">
            <span>{format!("Not sent. {message}")}</span>
            <button class="btn btn-small" type="button" on:click=move |_| actions.retry.run(again.clone())>"Retry"</button>
            <button class="btn btn-small btn-quiet" type="button" on:click=move |_| actions.discard.run(key.clone())>
                "Discard"
            </button>
        </div>
    };
    Some(view.into_any())
}

fn item_menu(row: RwSignal<Row>, actions: Actions) -> impl IntoView {
    let whole = move || media_untracked(row, Media::clone);
    let copy = Callback::new(move |()| {
        if let Some(media) = whole() {
            actions.copy_link.run(media.id);
        }
    });
    let edit = Callback::new(move |()| {
        if let Some(media) = whole() {
            actions.edit.run(media);
        }
    });
    let delete = Callback::new(move |()| {
        if let Some(media) = whole() {
            actions.delete.run(media);
        }
    });
    view! {
        <div class="item-menu">
            <Menu label="More" class="icon-btn" side="right" face=dynamic(|| Icon::More.draw())>
                <MenuEntry on_choose=copy>{Icon::Link.draw()} "Copy link"</MenuEntry>
                {when(
                    move || media(row, |m| actions.rights.may_change(m)).unwrap_or(false),
                    move || view! {
                        <MenuEntry on_choose=edit>{Icon::Edit.draw()} "Edit text"</MenuEntry>
                        <MenuEntry class="danger" on_choose=delete>{Icon::Trash.draw()} "Delete"</MenuEntry>
                    }.into_any(),
                )}
            </Menu>
        </div>
    }
}
