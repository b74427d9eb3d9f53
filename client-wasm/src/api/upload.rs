//! Sending a form over `XMLHttpRequest`, the one way a browser tells how far an upload has come. Sends once.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};

/// Posts a form, calling `progress` with the share that has been sent (0 to 1). Status, body and `Retry-After` of the
/// answer; `None` if none comes.
pub(crate) async fn send(
    url: &str,
    form: &web_sys::FormData,
    progress: impl Fn(f64) + 'static,
) -> Option<(u16, String, Option<String>)> {
    let request = begin(url, form, progress).ok()?;
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
    progress: impl Fn(f64) + 'static,
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
