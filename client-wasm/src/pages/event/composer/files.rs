//! Files before they are posted: which are taken, how they look, and a picture out of a video.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use shared::model::media::MediaKind;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::super::outgoing::Preview;
use crate::browser::{self, Listener};

/// What the server takes unless its operator set another limit, in bytes. It has the last word.
const UPLOAD_BYTES: f64 = 100.0 * 1024.0 * 1024.0;
/// The widest that a video's poster is, in pixels.
const POSTER_WIDTH: u32 = 1280;
/// Where in a video the poster is taken from, in seconds: past the black that many begin with.
const POSTER_AT: f64 = 0.8;

const PHOTOS: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const VIDEOS: [&str; 2] = ["video/mp4", "video/webm"];
const SOUNDS: [&str; 7] =
    ["audio/mpeg", "audio/mp3", "audio/ogg", "application/ogg", "audio/mp4", "audio/x-m4a", "audio/m4a"];

thread_local! {
    static NUMBERS: Cell<u32> = const { Cell::new(0) };
}

/// A file that is going to be posted.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) number: u32,
    pub(crate) file: web_sys::File,
    pub(crate) kind: MediaKind,
    url: String,
    /// Pixels, once the preview has been looked at.
    size: RwSignal<(u32, u32)>,
    pub(crate) poster: RwSignal<Option<web_sys::Blob>, LocalStorage>,
}

/// Takes a file, or says why not.
pub(crate) fn accept(file: web_sys::File) -> Result<Draft, String> {
    let name = file.name();
    let Some(kind) = kind_of(&file.type_(), &name) else {
        return Err(format!(
            "“{name}” cannot be posted: JPEG, PNG, WebP, GIF, MP4, WebM, MP3, OGG and M4A can."
        ));
    };
    if file.size() > UPLOAD_BYTES {
        return Err(format!("“{name}” is larger than {} MB.", (UPLOAD_BYTES / 1_048_576.0) as u32));
    }
    if file.size() == 0.0 {
        return Err(format!("“{name}” is empty."));
    }
    let url =
        web_sys::Url::create_object_url_with_blob(&file).map_err(|_| format!("“{name}” cannot be read."))?;
    let number = NUMBERS.get() + 1;
    NUMBERS.set(number);
    let draft =
        Draft { number, file, kind, url, size: RwSignal::new((0, 0)), poster: RwSignal::new_local(None) };
    if kind == MediaKind::Video {
        take_poster(&draft);
    }
    Ok(draft)
}

fn kind_of(content_type: &str, name: &str) -> Option<MediaKind> {
    let plain = content_type.split(';').next().unwrap_or_default();
    if PHOTOS.contains(&plain) {
        return Some(MediaKind::Photo);
    }
    if VIDEOS.contains(&plain) {
        return Some(MediaKind::Video);
    }
    if SOUNDS.contains(&plain) {
        return Some(MediaKind::Audio);
    }
    if !plain.is_empty() {
        return None;
    }
    // Some systems do not tell; the server looks at the bytes.
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    match extension.as_str() {
        "jpg" | "jpeg" | "png" | "webp" | "gif" => Some(MediaKind::Photo),
        "mp4" | "webm" => Some(MediaKind::Video),
        "mp3" | "ogg" | "oga" | "m4a" => Some(MediaKind::Audio),
        _ => None,
    }
}

impl Draft {
    pub(crate) fn preview(&self) -> Preview {
        let (width, height) = match self.size.get_untracked() {
            (0, _) | (_, 0) => (3, 2),
            size => size,
        };
        Preview { url: self.url.clone(), width, height }
    }

    /// It is not posted after all.
    pub(crate) fn discard(&self) {
        web_sys::Url::revoke_object_url(&self.url).ok();
    }

    pub(crate) fn draw(&self) -> AnyView {
        let (url, size) = (self.url.clone(), self.size);
        match self.kind {
            MediaKind::Photo => view! {
                <img
                    src=url
                    alt=self.file.name()
                    on:load=move |event| {
                        if let Some(image) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlImageElement>().ok()) {
                            size.set((image.natural_width(), image.natural_height()));
                        }
                    }
                />
            }
            .into_any(),
            MediaKind::Video => view! { <video src=url muted playsinline preload="metadata" aria-label=self.file.name()></video> }.into_any(),
            MediaKind::Audio | MediaKind::Text => view! { <span class="name">{self.file.name()}</span> }.into_any(),
        }
    }
}

/// Plays the video to a moment that shows something and draws it. Best effort: where that does not work the
/// video goes without.
fn take_poster(draft: &Draft) {
    let Ok(element) = browser::document().create_element("video") else { return };
    let Ok(video) = element.dyn_into::<web_sys::HtmlVideoElement>() else { return };
    let (size, poster) = (draft.size, draft.poster);
    video.set_muted(true);
    video.set_preload("auto");

    // The listeners hold the video and the video's events reach them: both go when the poster is taken.
    let listeners: Rc<std::cell::RefCell<Vec<Listener>>> = Rc::default();
    let seen = {
        let video = video.clone();
        browser::listen(&video.clone(), "loadeddata", move |_| {
            size.try_set((video.video_width(), video.video_height()));
            let at = if video.duration().is_finite() { POSTER_AT.min(video.duration() / 2.0) } else { 0.0 };
            video.set_current_time(at);
        })
    };
    let sought = {
        let (video, listeners) = (video.clone(), Rc::clone(&listeners));
        browser::listen(&video.clone(), "seeked", move |_| {
            draw_poster(&video, poster);
            let spent = listeners.take();
            // Not while one of them is running.
            leptos::prelude::queue_microtask(move || drop(spent));
        })
    };
    listeners.borrow_mut().extend([seen, sought]);
    video.set_src(&draft.url);
    video.load();
}

fn draw_poster(
    video: &web_sys::HtmlVideoElement,
    poster: RwSignal<Option<web_sys::Blob>, LocalStorage>,
) -> Option<()> {
    let (width, height) = (video.video_width(), video.video_height());
    if width == 0 || height == 0 {
        return None;
    }
    let scaled = width.min(POSTER_WIDTH);
    let canvas: web_sys::HtmlCanvasElement =
        browser::document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(scaled);
    canvas.set_height((f64::from(height) * f64::from(scaled) / f64::from(width)) as u32);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let (w, h) = (f64::from(canvas.width()), f64::from(canvas.height()));
    context.draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, w, h).ok()?;
    let done = Closure::once_into_js(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<web_sys::Blob>() {
            poster.try_set(Some(blob));
        }
    });
    canvas.to_blob_with_type(done.unchecked_ref(), "image/jpeg").ok()
}
