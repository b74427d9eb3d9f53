//! `/media/{uploadId}/{file}`: the stored files, with ranges. They never change, so whoever has one may
//! keep it for ever. Served as what the server found them to be, and never as something that a browser
//! would run.

use std::io;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use shared::{Topic, UploadId, model::member::Visibility};
use tower_http::services::ServeFile;

use crate::{
    app::App,
    auth::Principal,
    error::ApiError,
    media::{IngestError, content_type},
    store::{StoreError, Tx, media as rows, post, story},
    time::unix_ms,
};

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The same for a browser, and not for a proxy: who owns the event may make it private, and what a proxy has
/// it serves to everybody.
const FOR_ONESELF: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// A browser may keep the files of a private event, of a story and of a post that has not gone out, and asks
/// each time whether its user still may see them.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");
const NOTHING_RUNS: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// A stored file, or a range of it (RFC 9110 §14).
pub async fn serve(
    State(app): State<App>,
    principal: Principal,
    path: Result<Path<(UploadId, String)>, PathRejection>,
    mut request: Request,
) -> Result<Response, ApiError> {
    let Path((upload, file)) = path?;
    let found = app.media.path(&upload, &file).zip(content_type(&file));
    let (path, content_type) = found.ok_or_else(|| ApiError::not_found("file"))?;
    let id = upload.clone();
    let readers = app.store.read(async move |tx| readers(tx, &id, unix_ms()).await).await?;
    let kept = match readers {
        Readers::Everybody => FOR_EVER,
        Readers::EverybodyForNow => FOR_ONESELF,
        Readers::Of(topic) => {
            let allowed = app.read_as(&principal, &topic, async |_| Ok(())).await;
            allowed.map_err(|_| ApiError::not_found("file"))?;
            ASK_AGAIN
        }
        Readers::Nobody => return Err(ApiError::not_found("file")),
    };
    // The name is the content: an upload's files are written once and never again.
    let tag =
        HeaderValue::from_str(&format!("\"{upload}/{file}\"")).map_err(|_| ApiError::not_found("file"))?;
    let is_known = conditions(request.headers_mut(), &tag);
    let served = ServeFile::new(&path).ignore_multi_range_requests(true).try_call(request).await;
    let response = served.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ApiError::not_found("file"),
        _ => IngestError::Storage(error).into(),
    })?;
    let mut response = match response.status() {
        StatusCode::NOT_FOUND => return Err(ApiError::not_found("file")),
        StatusCode::OK | StatusCode::PARTIAL_CONTENT if is_known => StatusCode::NOT_MODIFIED.into_response(),
        _ => response.into_response(),
    };
    let may_keep = !response.status().is_client_error();
    let headers = response.headers_mut();
    headers.remove(header::LAST_MODIFIED);
    headers.insert(header::ETAG, tag);
    if may_keep {
        headers.insert(header::CACHE_CONTROL, kept);
    }
    if headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    headers.insert(header::CONTENT_SECURITY_POLICY, NOTHING_RUNS);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Who may have a file.
enum Readers {
    Everybody,
    /// The same, until somebody says otherwise.
    EverybodyForNow,
    /// Those who may read the topic.
    Of(Topic),
    /// It belongs to a story that is over, or to nothing any more.
    Nobody,
}

async fn readers(tx: &mut Tx<'_>, upload: &UploadId, now: i64) -> Result<Readers, StoreError> {
    if let Some(on) = rows::shown_on(tx, upload).await? {
        return Ok(match on.visibility {
            Visibility::Private => Readers::Of(Topic::event(&on.event)),
            _ if on.owned => Readers::EverybodyForNow,
            _ => Readers::Everybody,
        });
    }
    if let Some(until) = story::shown_until(tx, upload).await? {
        return Ok(if until > now { Readers::Of(Topic::stories()) } else { Readers::Nobody });
    }
    if let Some(post) = post::private_post_of(tx, upload).await? {
        return Ok(Readers::Of(Topic::post(&post)));
    }
    // What is on the disk and in no row is on its way out.
    Ok(if rows::is_upload(tx, upload).await? { Readers::EverybodyForNow } else { Readers::Nobody })
}

/// Decides the conditions of a request (RFC 9110 §13) by `tag` alone and takes them out of `headers`, so
/// that nobody decides them again by a date. Returns whether the client has the file already.
fn conditions(headers: &mut HeaderMap, tag: &HeaderValue) -> bool {
    let is_known =
        headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| {
            tags.split(',')
                .map(|known| known.trim().trim_start_matches("W/"))
                .any(|known| known == "*" || known == tag)
        });
    // A part of another version is of no use: the whole goes out.
    if headers.get(header::IF_RANGE).is_some_and(|had| had != tag) {
        headers.remove(header::RANGE);
    }
    for condition in [
        header::IF_RANGE,
        header::IF_NONE_MATCH,
        header::IF_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
    ] {
        headers.remove(condition);
    }
    is_known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[(header::HeaderName, &'static str)]) -> (bool, bool) {
        let mut headers: HeaderMap =
            given.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        let is_known = conditions(&mut headers, &HeaderValue::from_static("\"a/320.jpg\""));
        (is_known, headers.contains_key(header::RANGE))
    }

    #[test]
    fn e16_a_range_of_another_version_is_the_whole() {
        assert_eq!(check(&[(header::RANGE, "bytes=0-1")]), (false, true));
        assert_eq!(
            check(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"a/320.jpg\"")]),
            (false, true)
        );
        assert_eq!(
            check(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "\"b/320.jpg\"")]),
            (false, false)
        );
        assert_eq!(
            check(&[(header::RANGE, "bytes=0-1"), (header::IF_RANGE, "W/\"a/320.jpg\"")]),
            (false, false)
        );
    }

    #[test]
    fn e16_what_the_client_has_is_not_sent_again() {
        assert_eq!(check(&[(header::IF_NONE_MATCH, "\"b\", W/\"a/320.jpg\"")]), (true, false));
        assert_eq!(check(&[(header::IF_NONE_MATCH, "*")]), (true, false));
        assert_eq!(check(&[(header::IF_NONE_MATCH, "\"b\"")]), (false, false));
        assert_eq!(check(&[(header::IF_MODIFIED_SINCE, "Sat, 21 Nov 2026 09:00:00 GMT")]), (false, false));
    }
}
