//! Sending a form over `XMLHttpRequest`, the one way a browser tells how far an upload has come, and a file that
//! something is made of later. Sends once; trying again is the caller's business.

use shared::model::media::Attachment;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::{ApiError, read};

/// What became of a form: status, body and `Retry-After` of the answer.
pub(crate) type Sent = (u16, String, Option<String>);

/// A file, and a picture out of it if it is a video, as the server takes them.
pub(crate) fn form(
    file: &web_sys::Blob,
    name: &str,
    poster: Option<&web_sys::Blob>,
) -> Result<web_sys::FormData, JsValue> {
    let form = web_sys::FormData::new()?;
    form.append_with_blob_and_filename("file", file, name)?;
    if let Some(poster) = poster {
        form.append_with_blob_and_filename("poster", poster, "poster.jpg")?;
    }
    Ok(form)
}

/// Sends a file that something is made of later, and a video's picture with it.
pub(crate) async fn file(
    file: &web_sys::File,
    poster: Option<&web_sys::Blob>,
    progress: impl Fn(f64) + 'static,
) -> Result<Attachment, ApiError> {
    let form = form(file, &file.name(), poster).map_err(|_| ApiError::unreachable())?;
    match send(&form, progress).await {
        None => Err(ApiError::unreachable()),
        Some((200..300, body, _)) => read(&body),
        Some((status, body, _)) => Err(ApiError::from_body(status, &body)),
    }
}

/// Uploads a form, calling `progress` with the share that has been sent (0 to 1); `None` if no answer comes.
pub(crate) async fn send(form: &web_sys::FormData, progress: impl Fn(f64) + 'static) -> Option<Sent> {
    let request = begin("/api/uploads", form, Box::new(progress)).ok()?;
    let ended = js_sys::Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    let waited = wasm_bindgen_futures::JsFuture::from(ended).await;
    request.set_onloadend(None);
    let status = request.status().ok().filter(|status| *status != 0 && waited.is_ok())?;
    let body = request.response_text().ok().flatten().unwrap_or_default();
    let retry_after = request.get_response_header("retry-after").ok().flatten();
    Some((status, body, retry_after))
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
