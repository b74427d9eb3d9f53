//! Posting an item with its file, or a file alone: multipart over `XMLHttpRequest`, the one way a browser tells how far an
//! upload has come. Posts once; trying again with the same key is the caller's business.

use serde::de::DeserializeOwned;
use shared::{
    EventId, IdempotencyKey,
    model::media::{Attachment, Media},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::ApiError;

/// What is posted.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) key: IdempotencyKey,
    /// A visitor's; empty for who is signed in.
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) file: Option<web_sys::File>,
    /// A picture out of a video.
    pub(crate) poster: Option<web_sys::Blob>,
}

fn form(post: &Post) -> Result<web_sys::FormData, JsValue> {
    let form = web_sys::FormData::new()?;
    if !post.author.is_empty() {
        form.append_with_str("author", &post.author)?;
    }
    form.append_with_str("text", &post.text)?;
    form.append_with_str("key", post.key.as_str())?;
    add_files(&form, post.file.as_ref(), post.poster.as_ref())?;
    Ok(form)
}

fn add_files(
    form: &web_sys::FormData,
    file: Option<&web_sys::File>,
    poster: Option<&web_sys::Blob>,
) -> Result<(), JsValue> {
    if let Some(file) = file {
        form.append_with_blob_and_filename("file", file, &file.name())?;
    }
    if let Some(poster) = poster {
        form.append_with_blob_and_filename("poster", poster, "poster.jpg")?;
    }
    Ok(())
}

/// Posts, calling `progress` with the share that has been sent (0 to 1).
pub(crate) async fn post(
    event: &EventId,
    post: &Post,
    progress: impl Fn(f64) + 'static,
) -> Result<Media, ApiError> {
    send(&format!("/api/events/{event}/media"), form(post), Box::new(progress)).await
}

/// Sends a file that something is made of later, and a video's picture with it.
pub(crate) async fn file(
    file: &web_sys::File,
    poster: Option<&web_sys::Blob>,
    progress: impl Fn(f64) + 'static,
) -> Result<Attachment, ApiError> {
    let form = || {
        let form = web_sys::FormData::new()?;
        add_files(&form, Some(file), poster)?;
        Ok(form)
    };
    send("/api/uploads", form(), Box::new(progress)).await
}

async fn send<T: DeserializeOwned>(
    url: &str,
    form: Result<web_sys::FormData, JsValue>,
    progress: Box<dyn Fn(f64)>,
) -> Result<T, ApiError> {
    let request = form.and_then(|form| begin(url, &form, progress)).map_err(|_| ApiError::unreachable())?;
    let ended = js_sys::Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    let waited = wasm_bindgen_futures::JsFuture::from(ended).await;
    request.set_onloadend(None);
    let status = request.status().unwrap_or(0);
    if waited.is_err() || status == 0 {
        return Err(ApiError::unreachable());
    }
    let body = request.response_text().ok().flatten().unwrap_or_default();
    if (200..300).contains(&status) { super::read(&body) } else { Err(ApiError::from_body(status, &body)) }
}

fn begin(
    url: &str,
    form: &web_sys::FormData,
    progress: Box<dyn Fn(f64)>,
) -> Result<web_sys::XmlHttpRequest, JsValue> {
    let request = web_sys::XmlHttpRequest::new()?;
    request.open("POST", url)?;
    let moved = Closure::<dyn FnMut(web_sys::ProgressEvent)>::new(move |event: web_sys::ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            progress(event.loaded() / event.total());
        }
    });
    // Handed to the browser, which lets go of it with the request.
    request.upload()?.set_onprogress(Some(moved.into_js_value().unchecked_ref()));
    request.send_with_opt_form_data(Some(form))?;
    Ok(request)
}
