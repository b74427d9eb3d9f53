//! A draft's requests to the server, and what the answers mean to the outbox. Sends once; what follows is not decided
//! here. Called by [`super`] alone.

use std::time::Duration;

use client_core::outbox::{Answer, Record, Refusal};
use gloo_net::http::Request;
use serde_json::Value;
use shared::{
    ErrorCode,
    model::media::{Attachment, Media},
    rest::ErrorBody,
};

use super::database::Files;
use crate::api::upload;

const FAILED: Answer = Answer::Failed { retry_after: None };

/// Posts a draft, under its key and with its file.
pub(super) async fn post(record: &Record) -> Answer {
    let draft = &record.draft;
    let Ok(Value::Object(mut body)) = serde_json::from_str(&draft.body) else { return nonsense() };
    body.insert("key".to_owned(), draft.id.as_str().into());
    if let Some(upload) = record.uploads.first() {
        body.insert("uploadId".to_owned(), upload.as_str().into());
    }
    let Ok(request) = Request::post(&draft.path).json(&body) else { return nonsense() };
    let Ok(response) = request.send().await else { return FAILED };
    let retry_after = response.headers().get("retry-after");
    let Ok(body) = response.text().await else { return FAILED };
    match response.status() {
        // What is between here and the server may say yes to everything.
        200..300 if serde_json::from_str::<Media>(&body).is_ok() => Answer::Accepted(body),
        status => refused(status, &body, retry_after.as_deref()),
    }
}

/// Uploads the file of a draft, calling `progress` with the share that has been sent (0 to 1).
pub(super) async fn upload(files: &Files, progress: impl Fn(f64) + 'static) -> Answer {
    let form = upload::form(&files.file, &files.name, files.poster.as_ref());
    let Ok(form) = form else { return nonsense() };
    match upload::send(&form, progress).await {
        None => FAILED,
        Some((200..300, body, _)) => serde_json::from_str::<Attachment>(&body)
            .map_or(FAILED, |attachment| Answer::Uploaded(attachment.upload_id)),
        Some((status, body, retry_after)) => refused(status, &body, retry_after.as_deref()),
    }
}

/// What this page cannot make a request of is parked, for somebody to decide.
pub(super) fn nonsense() -> Answer {
    Answer::Refused(Refusal {
        code: ErrorCode::Malformed,
        message: "This page cannot send it any more.".to_owned(),
        field: None,
    })
}

/// A refusal counts in the server's own words only: an access point that wants a password refuses as well, and knows
/// nothing about drafts.
fn refused(status: u16, body: &str, retry_after: Option<&str>) -> Answer {
    let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    match serde_json::from_str::<ErrorBody>(body) {
        Ok(ErrorBody { error, .. }) if error.code.is_temporary() => {
            Answer::Failed { retry_after: retry_after.or(error.retry_after_ms.map(Duration::from_millis)) }
        }
        Ok(ErrorBody { error, .. }) => {
            Answer::Refused(Refusal { code: error.code, message: error.message, field: error.field })
        }
        // Whoever says so, it does not get smaller.
        Err(_) if status == 413 => Answer::Refused(Refusal {
            code: ErrorCode::TooLarge,
            message: "It is larger than what is taken here.".to_owned(),
            field: None,
        }),
        Err(_) => Answer::Failed { retry_after },
    }
}
