//! `/api/uploads`, and the form with a file that it shares with `/api/events/{id}/media`.

use std::{collections::HashMap, time::Duration};

use axum::{
    Json,
    extract::{
        Multipart, State,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::TryStreamExt as _;
use shared::{ErrorCode, limits::JSON_BODY_BYTES};

use crate::{
    app::App,
    auth::{Principal, permission},
    domain::Refusal,
    error::ApiError,
    media::{IngestError, Ingested, Received},
    store::{Tx, media as rows},
    time::unix_ms,
};

/// Most fields of text in a form.
const TEXT_FIELDS: usize = 16;
/// How long the rest of a refused upload is read and thrown away. A browser that is cut off while it is
/// still sending shows a broken connection in place of the answer.
const REFUSED_READ: Duration = Duration::from_secs(10);

/// A form that was read to its end.
#[derive(Debug)]
pub struct Form {
    /// The fields of text by their names.
    pub fields: HashMap<String, String>,
    /// The field `file`, in its place. Whoever reads the form removes it if nothing comes of it.
    pub file: Option<Ingested>,
}

/// Stores a file, to be used in an item later: `POST /api/uploads` with the field `file` and, for a video,
/// a picture in the field `poster`.
pub async fn create(
    State(app): State<App>,
    principal: Principal,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    app.may_change(&principal, 1)?;
    if !permission::may_upload(&principal) {
        return Err(crate::domain::Refusal::SignIn.into());
    }
    let multipart =
        multipart.map_err(|rejection| ApiError::new(ErrorCode::Malformed, rejection.body_text()))?;
    let form = read_form(&app, multipart).await?;
    let Ingested { attachment, kind, .. } =
        form.file.ok_or_else(|| ApiError::invalid("file", "the form has no file"))?;
    let row = attachment.clone();
    let work = async move |tx: &mut Tx<'_>| {
        Ok(rows::insert_upload(tx, kind, &row, principal.account_id(), unix_ms()).await?)
    };
    let inserted = app.store.write::<_, Refusal, _>(work).await;
    let stored = inserted.map_err(ApiError::from).and_then(|outcome| outcome.map_err(ApiError::from));
    if let Err(error) = stored {
        app.media.remove(&attachment.upload_id).await;
        return Err(error);
    }
    let location = HeaderValue::from_str(&attachment.url);
    let mut response = (StatusCode::CREATED, Json(attachment)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Reads a form: text, one `file`, and one `poster` that goes with a video. Files go to disk as they come.
pub async fn read_form(app: &App, mut multipart: Multipart) -> Result<Form, ApiError> {
    let outcome = read_fields(app, &mut multipart).await;
    if outcome.is_err() {
        pass_over(&mut multipart).await;
    }
    let Fields { text, file, poster } = outcome?;
    let file = match file {
        Some(file) => Some(app.media.store(file, poster).await?),
        None => None,
    };
    Ok(Form { fields: text, file })
}

#[derive(Debug, Default)]
struct Fields {
    text: HashMap<String, String>,
    file: Option<Received>,
    poster: Option<Received>,
}

/// Reads what is left of a form that is refused, for a while.
pub async fn pass_over(multipart: &mut Multipart) {
    let rest = async { while let Ok(Some(_)) = multipart.next_field().await {} };
    drop(tokio::time::timeout(REFUSED_READ, rest).await);
}

async fn read_fields(app: &App, multipart: &mut Multipart) -> Result<Fields, ApiError> {
    let mut fields = Fields::default();
    let mut text_bytes = 0;
    while let Some(field) = multipart.next_field().await.map_err(fault)? {
        let name = field.name().unwrap_or_default().to_owned();
        let slot = match name.as_str() {
            "file" => &mut fields.file,
            "poster" => &mut fields.poster,
            _ => {
                let text = read_text(field, &mut text_bytes).await?;
                if fields.text.insert(name, text).is_some() || fields.text.len() > TEXT_FIELDS {
                    return Err(ApiError::new(
                        ErrorCode::Malformed,
                        "a field comes twice, or there are too many",
                    ));
                }
                continue;
            }
        };
        if slot.is_some() {
            return Err(ApiError::invalid(&name, "one file at a time"));
        }
        *slot = Some(receive(app, field).await?);
    }
    Ok(fields)
}

async fn read_text(mut field: Field<'_>, total: &mut usize) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(fault)? {
        *total += chunk.len();
        if *total > JSON_BODY_BYTES {
            return Err(ApiError::new(ErrorCode::TooLarge, "the text of the form is larger than allowed"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes)
        .map_err(|_| ApiError::new(ErrorCode::Malformed, "the text of the form is not UTF-8"))
}

async fn receive(app: &App, field: Field<'_>) -> Result<Received, ApiError> {
    let mut over_limit = false;
    let watched = field.inspect_err(|error| over_limit = error.status() == StatusCode::PAYLOAD_TOO_LARGE);
    let received = app.media.receive(watched).await;
    match received {
        Err(IngestError::BrokenOff(_)) if over_limit => {
            Err(IngestError::TooManyBytes { limit: app.media.limits().upload_bytes }.into())
        }
        other => Ok(other?),
    }
}

/// The form is too long, ends too early, or is none.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
fn fault(error: MultipartError) -> ApiError {
    let code = match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        _ => ErrorCode::Truncated,
    };
    ApiError::new(code, error.body_text())
}

#[cfg(test)]
mod tests;
