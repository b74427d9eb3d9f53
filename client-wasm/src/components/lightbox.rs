//! A photo over the whole window, with its neighbours an arrow or a swipe away.

use leptos::{
    ev::{KeyboardEvent, PointerEvent},
    html,
    prelude::*,
};
use shared::{MediaId, model::media::Media};

use super::{
    dynamic::dynamic,
    icon::Icon,
    linked_text::linked_text,
    picture::{blur_of, size},
};
use crate::pages::event::feed::Feed;

/// A swipe is at least so long, in CSS pixels.
const SWIPE: f64 = 48.0;

/// The light-box, for as long as `photo` names an item.
#[component]
pub(crate) fn Lightbox(feed: Feed, photo: RwSignal<Option<MediaId>>) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    // The list grows while it is looked through; what is looked at stays.
    let photos = Memo::new(move |_| {
        feed.version.track();
        feed.photos()
    });
    let at = Memo::new(move |_| {
        photo.with(|photo| photos.with(|all| all.iter().position(|media| Some(&media.id) == photo.as_ref())))
    });
    let current = Memo::new(move |before: Option<&Option<Media>>| {
        let now = at.get().and_then(|at| photos.with(|all| all.get(at).cloned()));
        // Deleted while it is open: it stays until it is closed.
        now.or_else(|| before.cloned().flatten())
    });
    let neighbour = move |step: isize| {
        let at = at.get()?.checked_add_signed(step)?;
        photos.with(|all| all.get(at).cloned())
    };
    let go = move |step: isize| {
        if let Some(next) = neighbour(step) {
            photo.set(Some(next.id));
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            dialog.show_modal().ok();
        }
    });
    let from = StoredValue::new(None::<f64>);
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowLeft" => go(-1),
        "ArrowRight" => go(1),
        _ => {}
    };
    let lifted = move |event: PointerEvent| {
        let Some(start) = from.get_value() else { return };
        from.set_value(None);
        let moved = f64::from(event.client_x()) - start;
        if moved.abs() >= SWIPE {
            go(if moved > 0.0 { -1 } else { 1 });
        }
    };
    let place = move || at.get().map(|at| format!("{} of {}", at + 1, photos.with(Vec::len)));
    view! {
        <dialog class="lightbox" node_ref=dialog aria-label="Photo" on:close=move |_| photo.set(None) on:keydown=on_key>
            <div
                class="lightbox-in"
                on:pointerdown=move |event| from.set_value(Some(f64::from(event.client_x())))
                on:pointerup=lifted
                on:pointercancel=move |_| from.set_value(None)
            >
                <div class="lightbox-bar">
                    <span class="num">{place}</span>
                    <span class="bar-space"></span>
                    <button class="icon-btn" type="button" aria-label="Close" title="Close" autofocus on:click=move |_| close()>
                        {Icon::Close.draw()}
                    </button>
                </div>
                <div class="lightbox-stage">
                    {dynamic(move || current.get().map(|media| whole(&media)))}
                    <button class="icon-btn prev" type="button" aria-label="Previous photo" disabled=dynamic(move || neighbour(-1).is_none()) on:click=move |_| go(-1)>
                        {Icon::ArrowLeft.draw()}
                    </button>
                    <button class="icon-btn next" type="button" aria-label="Next photo" disabled=dynamic(move || neighbour(1).is_none()) on:click=move |_| go(1)>
                        {Icon::ArrowRight.draw()}
                    </button>
                </div>
                <div class="lightbox-cap">
                    <p>{dynamic(move || current.with(|media| media.as_ref().map(|media| linked_text(&media.text))))}</p>
                    <p class="who">{dynamic(move || current.with(|media| media.as_ref().map(|media| media.author.name.clone())))}</p>
                </div>
                // Fetched ahead: the pictures before and after.
                <div hidden>
                    {dynamic(move || [neighbour(-1), neighbour(1)].into_iter().flatten().map(|media| whole(&media)).collect_view())}
                </div>
            </div>
        </dialog>
    }
}

/// The picture as large as it is.
fn whole(media: &Media) -> Option<AnyView> {
    let file = media.attachment.as_ref()?;
    let (width, height) = size(file);
    let mut candidates: Vec<_> = file.renditions.iter().map(|r| format!("{} {}w", r.url, r.width)).collect();
    candidates.push(format!("{} {width}w", file.url));
    let image = view! {
        <img
            src=file.url.clone()
            srcset=candidates.join(", ")
            sizes="100vw"
            width=width.to_string()
            height=height.to_string()
            alt=format!("Photo by {}", media.author.name)
            draggable="false"
            style:background-image=blur_of(file.thumb_hash.as_ref())
        />
    };
    Some(image.into_any())
}
