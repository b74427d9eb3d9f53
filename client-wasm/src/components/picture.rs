//! A picture with its size and a blur known before it loads, so that nothing moves when it does.

use std::cell::Cell;

use leptos::{prelude::*, task::spawn_local};
use shared::model::media::{Attachment, Media, MediaKind};

use super::dynamic::{Dynamic, dynamic};
use crate::{parts, thumb};

/// The widest a picture is shown in a timeline, in CSS pixels.
const COLUMN: u32 = 628;
/// Taller pictures than this (height to width) are cut in the timeline; the light-box shows them whole.
const TALLEST: (u64, u64) = (5, 4);

/// What the browser needs to choose a file and to keep its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    pub(crate) src: String,
    pub(crate) srcset: Option<String>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) hash: Option<String>,
    pub(crate) alt: String,
}

impl Picture {
    /// The picture of a photo.
    pub(crate) fn of(media: &Media) -> Option<Self> {
        let file = media.attachment.as_ref().filter(|_| media.kind == MediaKind::Photo)?;
        let (width, height) = size(file);
        let mut candidates: Vec<_> = file.renditions.iter().map(|r| (r.width, r.url.as_str())).collect();
        if candidates.last().is_none_or(|(widest, _)| *widest < width) {
            candidates.push((width, &file.url));
        }
        let src = candidates
            .iter()
            .find(|(w, _)| *w >= COLUMN)
            .or(candidates.last())
            .map_or(file.url.as_str(), |(_, url)| url);
        let srcset: Vec<_> = candidates.iter().map(|(w, url)| format!("{url} {w}w")).collect();
        Some(Self {
            src: src.to_owned(),
            srcset: (srcset.len() > 1).then(|| srcset.join(", ")),
            width,
            height,
            hash: file.thumb_hash.clone(),
            alt: format!("Photo by {}", media.author.name),
        })
    }

    /// Width by height for the frame, no taller than [`TALLEST`].
    pub(crate) fn ratio(width: u32, height: u32) -> String {
        let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
        let (tall, wide) = TALLEST;
        format!("{} / {}", width * wide, (height * wide).min(width * tall))
    }
}

/// Pixels of a file, or those of its largest rendition, or a guess.
pub(crate) fn size(file: &Attachment) -> (u32, u32) {
    match (file.width, file.height, file.renditions.last()) {
        (Some(width), Some(height), _) => (width, height),
        (_, _, Some(rendition)) => (rendition.width, rendition.height),
        _ => (3, 2),
    }
}

thread_local! {
    /// What draws a blur, once it is there.
    static BLUR: ArcRwSignal<Option<parts::Blur>> = ArcRwSignal::new(None);
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// The picture's blur for `background-image`; until what draws it is there, the picture's colour.
pub(crate) fn blur(hash: Option<&str>) -> Option<String> {
    let hash = hash?;
    if let Some(draw) = BLUR.with(Clone::clone).get() {
        return draw(hash);
    }
    if !ASKED.replace(true) {
        spawn_local(async {
            match parts::blur().await {
                Ok(draw) => BLUR.with(Clone::clone).set(Some(draw)),
                // With the next picture it is tried again.
                Err(_) => ASKED.set(false),
            }
        });
    }
    thumb::colour(hash)
}

/// The blur of a picture that stays the same.
pub(crate) fn blur_of(hash: Option<&String>) -> Dynamic<Option<String>> {
    let hash = hash.cloned();
    dynamic(move || blur(hash.as_deref()))
}

/// The image itself; the frame around it is the caller's.
#[component]
pub(crate) fn PictureImage(#[prop(into)] picture: Signal<Picture>) -> impl IntoView {
    view! {
        <img
            src=dynamic(move || picture.with(|p| p.src.clone()))
            srcset=dynamic(move || picture.with(|p| p.srcset.clone()))
            sizes="(min-width: 760px) 628px, calc(100vw - 86px)"
            width=dynamic(move || picture.with(|p| p.width.to_string()))
            height=dynamic(move || picture.with(|p| p.height.to_string()))
            alt=dynamic(move || picture.with(|p| p.alt.clone()))
            loading="lazy"
            decoding="async"
        />
    }
}
