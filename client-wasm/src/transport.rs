//! The two ways bytes travel: a WebSocket and a poll. Each is a guard: dropping it closes or aborts, and
//! nothing that it says later is heard. Decides nothing about when; that is the client's state machine.
//! Called by the driver only.

use std::time::Duration;

use gloo_net::http::Request;
use shared::{ClientFrame, ServerFrame, frame::split_poll, rest::ErrorBody};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::browser;

/// What a WebSocket says.
#[derive(Debug)]
pub(crate) enum Said {
    Opened,
    /// A frame, and its text.
    Frame(Box<ServerFrame>, String),
    /// A frame that cannot be read.
    Nonsense,
    /// The last word.
    Closed {
        code: Option<u16>,
    },
}

/// One WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    inner: web_sys::WebSocket,
    _open: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _close: Closure<dyn FnMut(web_sys::CloseEvent)>,
}

impl Socket {
    /// Opens the general endpoint. `None` where the browser refuses to try.
    pub(crate) fn open(watcher: &str, said: impl Fn(Said) + Clone + 'static) -> Option<Self> {
        let location = browser::window().location();
        let scheme = if location.protocol().ok()? == "https:" { "wss" } else { "ws" };
        let socket =
            web_sys::WebSocket::new(&format!("{scheme}://{}/ws?watcher={watcher}", location.host().ok()?))
                .ok()?;

        let tell = said.clone();
        let open = Closure::<dyn FnMut()>::new(move || tell(Said::Opened));
        let tell = said.clone();
        let message =
            Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
                let text = event.data().as_string().unwrap_or_default();
                tell(match ServerFrame::decode(&text) {
                    Ok(frame) => Said::Frame(Box::new(frame), text),
                    Err(_) => Said::Nonsense,
                });
            });
        let close = Closure::<dyn FnMut(web_sys::CloseEvent)>::new(move |event: web_sys::CloseEvent| {
            said(Said::Closed { code: Some(event.code()) });
        });
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        Some(Self { inner: socket, _open: open, _message: message, _close: close })
    }

    /// Sends a frame. A socket that cannot send is about to say that it is closed.
    pub(crate) fn send(&self, frame: &ClientFrame) {
        if let Ok(text) = frame.encode() {
            self.inner.send_with_str(&text).ok();
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        // 1000: we are leaving; the server drops our subscriptions at once.
        self.inner.close_with_code(1000).ok();
    }
}

/// How a poll ended.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Frames, and their texts.
    Frames(Vec<(ServerFrame, String)>),
    Failed {
        retry_after: Option<Duration>,
    },
}

/// One poll under way.
#[derive(Debug)]
pub(crate) struct Poll {
    abort: Option<web_sys::AbortController>,
}

impl Poll {
    /// Asks once; `answer` is called once, unless this is dropped before.
    pub(crate) fn start(url: String, answer: impl FnOnce(Answer) + 'static) -> Self {
        let abort = web_sys::AbortController::new().ok();
        let signal = abort.as_ref().map(web_sys::AbortController::signal);
        wasm_bindgen_futures::spawn_local(async move {
            let answered = ask(&url, signal.as_ref()).await;
            if !signal.is_some_and(|signal| signal.aborted()) {
                answer(answered);
            }
        });
        Self { abort }
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

async fn ask(url: &str, signal: Option<&web_sys::AbortSignal>) -> Answer {
    let failed = Answer::Failed { retry_after: None };
    let Ok(response) = Request::get(url).abort_signal(signal).send().await else { return failed };
    let header =
        response.headers().get("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let Ok(text) = response.text().await else { return failed };
    if response.ok() {
        let decode = |text: &str| Ok((ServerFrame::decode(text)?, text.to_owned()));
        let frames = split_poll(&text).and_then(|texts| texts.into_iter().map(decode).collect());
        return frames.map_or(failed, Answer::Frames);
    }
    let body: Option<ErrorBody> = serde_json::from_str(&text).ok();
    let named = body.and_then(|body| body.error.retry_after_ms).map(Duration::from_millis);
    Answer::Failed { retry_after: named.or(header) }
}
