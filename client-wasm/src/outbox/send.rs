//! A draft's requests to the server, and what the answers mean to the outbox. Sends once; what follows is not decided
//! here. Called by [`super`] alone.

use std::time::Duration;

use client_core::outbox::{Answer, Draft, Input, Record, Refusal, Try};
use gloo_net::http::Request;
use leptos::task::spawn_local;
use serde_json::Value;
use shared::{
    ErrorCode, IdempotencyKey,
    model::{
        match_::MatchEvent,
        media::{Attachment, Media},
    },
    rest::ErrorBody,
};

use super::{Driver, database::Files};
use crate::api::upload;

const FAILED: Answer = Answer::Failed { retry_after: None };

impl Driver {
    pub(super) fn send(&self, attempt: Try, record: Record) {
        if !self.may_send(attempt, &record) {
            return;
        }
        let me = self.me.clone();
        spawn_local(async move {
            let answer = post(&record).await;
            if let Some(driver) = me.upgrade() {
                driver.input(Input::Answered { attempt, answer });
            }
        });
    }

    pub(super) fn upload(&self, attempt: Try, record: Record) {
        if !self.may_send(attempt, &record) {
            return;
        }
        let me = self.me.clone();
        spawn_local(async move {
            let Some(driver) = me.upgrade() else { return };
            let id = record.draft.id;
            let Some(files) = driver.files_of(&id).await else {
                return driver.input(Input::Answered { attempt, answer: nonsense() });
            };
            let moved = me.clone();
            let answer = upload(&files, move |share| {
                let Some(driver) = moved.upgrade() else { return };
                for (_, place) in driver.places() {
                    place.progress(&id, share);
                }
                driver.input(Input::Progress { attempt });
            })
            .await;
            driver.input(Input::Answered { attempt, answer });
        });
    }

    /// Whether a draft may go under the name of who is here at this moment; the page may not have been asked lately.
    fn may_send(&self, attempt: Try, record: &Record) -> bool {
        let may = self.who().as_ref() == Some(&record.draft.author);
        if !may {
            self.input(Input::Answered { attempt, answer: Answer::Failed { retry_after: None } });
            self.author();
        }
        may
    }

    pub(super) async fn files_of(&self, id: &IdempotencyKey) -> Option<Files> {
        let here = self.files.borrow().get(id).cloned();
        match here {
            Some(files) => Some(files),
            None => self.storage.files(id).await,
        }
    }
}

/// Posts a draft, under its key and with its file.
async fn post(record: &Record) -> Answer {
    let Some(body) = body(record) else { return nonsense() };
    let Ok(request) = Request::post(&record.draft.path).json(&body) else { return nonsense() };
    let Ok(response) = request.send().await else { return FAILED };
    let retry_after = response.headers().get("retry-after");
    let Ok(body) = response.text().await else { return FAILED };
    match response.status() {
        200..300 if is_answer(&record.draft, &body) => Answer::Accepted(body),
        status => refused(status, &body, retry_after.as_deref()),
    }
}

fn body(record: &Record) -> Option<Value> {
    let mut body: Value = serde_json::from_str(&record.draft.body).ok()?;
    // The id of what happened in a match is its key, and stands in it.
    if is_item(&record.draft) {
        let fields = body.as_object_mut()?;
        fields.insert("key".to_owned(), record.draft.id.as_str().into());
        if let Some(upload) = record.uploads.first() {
            fields.insert("uploadId".to_owned(), upload.as_str().into());
        }
    }
    Some(body)
}

/// What is between here and the server may say yes to everything.
fn is_answer(draft: &Draft, body: &str) -> bool {
    if is_item(draft) {
        return serde_json::from_str::<Media>(body).is_ok();
    }
    serde_json::from_str::<MatchEvent>(body).is_ok_and(|stored| stored.entry.id.as_str() == draft.id.as_str())
}

fn is_item(draft: &Draft) -> bool {
    draft.topic.event_id().is_some()
}

/// Uploads the file of a draft, calling `progress` with the share that has been sent (0 to 1).
async fn upload(files: &Files, progress: impl Fn(f64) + 'static) -> Answer {
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
fn nonsense() -> Answer {
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
