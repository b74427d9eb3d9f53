//! A story's picture or video, whole, and its cover for a list.

use leptos::prelude::*;
use shared::model::{media::MediaKind, story::Story};

use crate::components::{
    icon::Icon,
    picture::{blur_of, size},
};

/// What a story shows, in words, for who does not see it.
pub(super) fn words(story: &Story) -> String {
    let what = if story.kind == MediaKind::Video { "Video" } else { "Photo" };
    let name = &story.author.display_name;
    if story.text.is_empty() {
        format!("{what} by {name}")
    } else {
        format!("{what} by {name}: {}", story.text)
    }
}

/// The smallest picture of it.
pub(super) fn cover(story: &Story) -> AnyView {
    let file = &story.attachment;
    let hash = blur_of(file.thumb_hash.as_ref());
    let small = file.renditions.first().map(|rendition| rendition.url.clone());
    let url = small.or_else(|| (story.kind == MediaKind::Photo).then(|| file.url.clone()));
    view! {
        <span class="story-cover" style:background-image=hash>
            {match url {
                Some(url) => view! { <img src=url alt="" loading="lazy" decoding="async" draggable="false" /> }.into_any(),
                // A video that came without a picture.
                None => Icon::Play.draw(),
            }}
        </span>
    }
    .into_any()
}

/// The photo as large as the window needs it; `loaded` is called once it can be seen, or cannot be had.
pub(super) fn photo(story: &Story, loaded: impl Fn(bool) + Clone + Send + 'static) -> AnyView {
    let file = &story.attachment;
    let (width, height) = size(file);
    let mut candidates: Vec<_> = file.renditions.iter().map(|r| format!("{} {}w", r.url, r.width)).collect();
    candidates.push(format!("{} {width}w", file.url));
    let failed = loaded.clone();
    view! {
        <img
            src=file.url.clone()
            srcset=candidates.join(", ")
            sizes="(min-aspect-ratio: 9/16) 56vh, 100vw"
            width=width.to_string()
            height=height.to_string()
            alt=words(story)
            draggable="false"
            style:background-image=blur_of(file.thumb_hash.as_ref())
            on:load=move |_| loaded(true)
            on:error=move |_| failed(false)
        />
    }
    .into_any()
}
