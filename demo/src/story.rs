//! A story: an event and what is posted on its timeline, in order, at a pace.
//!
//! Knows nothing of HTTP. Called by `main`; told through [`Api`].

use std::time::Duration;

use anyhow::Result;
use shared::{
    IdempotencyKey,
    model::event::{EventStatus, NewEvent},
};

use crate::api::{Answer, Api};

/// An event and its timeline.
#[derive(Debug)]
pub(crate) struct Story {
    /// Begins every idempotency key of this story. Another text under the same slug is a conflict, so a
    /// change of the story changes the slug.
    pub(crate) slug: String,
    pub(crate) event: NewEvent,
    pub(crate) items: Vec<Item>,
    /// The first so many items are posted at once, so that there is something to read.
    pub(crate) backlog: usize,
    /// Between two of the others.
    pub(crate) pause: Duration,
    /// What the event becomes at the end.
    pub(crate) ending: Option<EventStatus>,
}

/// One item of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) author: &'static str,
    pub(crate) text: String,
    pub(crate) photo: Option<Photo>,
}

/// A photograph, carried inside this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Photo {
    pub(crate) file: &'static str,
    pub(crate) bytes: &'static [u8],
}

impl Item {
    pub(crate) fn text(author: &'static str, text: impl Into<String>) -> Self {
        Self { author, text: text.into(), photo: None }
    }

    pub(crate) fn photo(author: &'static str, photo: Photo, text: impl Into<String>) -> Self {
        Self { author, text: text.into(), photo: Some(photo) }
    }
}

impl Story {
    /// Posts what is not there yet. False when all of it was.
    pub(crate) async fn tell(&self, api: &Api, speed: f64) -> Result<bool> {
        let Some(event) = api.current(&self.event, &self.key("event")?, self.ending).await? else {
            return Ok(false);
        };
        let mut news = false;
        for (at, item) in self.items.iter().enumerate() {
            let key = self.key(&format!("{at:03}"))?;
            let Some(answer) = api.post(&event.id, item, &key).await? else {
                println!("somebody has deleted \"{}\"", self.event.title);
                return Ok(news);
            };
            if matches!(answer, Answer::Made(_)) {
                news = true;
                if at >= self.backlog {
                    tokio::time::sleep(self.pause.div_f64(speed)).await;
                }
            }
        }
        if let Some(status) = self.ending {
            api.set_status(&event.id, status).await?;
        }
        Ok(news)
    }

    fn key(&self, part: &str) -> Result<IdempotencyKey> {
        Ok(format!("demo-{}-{part}", self.slug).parse()?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::{
        Json, Router,
        extract::{FromRequest as _, Multipart, Path, Request, State},
        http::{HeaderMap, StatusCode},
        response::{IntoResponse as _, Response},
        routing::{get, post},
    };
    use serde_json::{Value, json};
    use shared::model::{event::EventPatch, media::NewMedia};

    use super::*;

    /// What a server keeps: items by key in the order of arrival, and the changes of status.
    #[derive(Default)]
    struct Kept {
        items: Vec<(String, String)>,
        statuses: Vec<EventStatus>,
        requests: usize,
    }

    type Shared = Arc<Mutex<Kept>>;

    fn event(status: EventStatus) -> Value {
        let at = "2026-01-01T00:00:00.000Z";
        json!({"id": "e", "title": "t", "status": status, "createdAt": at, "updatedAt": at, "mediaCount": 0})
    }

    /// Every third answer is lost on the way, after the work has been done.
    fn answer(kept: &mut Kept, made: bool, body: Value) -> Response {
        kept.requests += 1;
        if kept.requests.is_multiple_of(3) {
            return (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")]).into_response();
        }
        (if made { StatusCode::CREATED } else { StatusCode::OK }, Json(body)).into_response()
    }

    fn keep(kept: &Shared, key: &str, text: String) -> Response {
        let mut kept = kept.lock().unwrap();
        let made = !kept.items.iter().any(|(known, _)| *known == key);
        if made {
            kept.items.push((key.to_owned(), text));
        }
        let at = "2026-01-01T00:00:00.000Z";
        let body = json!({
            "id": "m", "eventId": "e", "offset": 1, "kind": "text", "author": {"name": "a"},
            "createdAt": at, "updatedAt": at, "key": key
        });
        answer(&mut kept, made, body)
    }

    async fn post_item(State(kept): State<Shared>, Path(_): Path<String>, request: Request) -> Response {
        let is_json = request.headers()["content-type"] == "application/json";
        if is_json {
            let Json(item) = Json::<NewMedia>::from_request(request, &()).await.unwrap();
            return keep(&kept, item.key.unwrap().as_str(), item.text);
        }
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let (mut key, mut file) = (String::new(), String::new());
        while let Some(field) = form.next_field().await.unwrap() {
            match field.name().unwrap() {
                "key" => key = field.text().await.unwrap(),
                "file" => {
                    file = format!(
                        "{} of {}",
                        field.file_name().unwrap().to_owned(),
                        field.bytes().await.unwrap().len()
                    );
                }
                _ => {}
            }
        }
        keep(&kept, &key, file)
    }

    async fn serve(kept: Shared) -> String {
        let app = Router::new()
            .route(
                "/api/events",
                post(|State(kept): State<Shared>, headers: HeaderMap| async move {
                    let mut kept = kept.lock().unwrap();
                    assert_eq!(headers["idempotency-key"], "demo-test-event");
                    let made = kept.requests == 0;
                    answer(&mut kept, made, event(EventStatus::Live))
                }),
            )
            .route(
                "/api/events/{id}",
                get(|State(kept): State<Shared>| async move {
                    let mut kept = kept.lock().unwrap();
                    let status = kept.statuses.last().copied().unwrap_or(EventStatus::Live);
                    answer(&mut kept, false, event(status))
                })
                .patch(
                    |State(kept): State<Shared>, Json(patch): Json<EventPatch>| async move {
                        let mut kept = kept.lock().unwrap();
                        let status = patch.status.unwrap();
                        if kept.statuses.last() != Some(&status) {
                            kept.statuses.push(status);
                        }
                        answer(&mut kept, false, event(status))
                    },
                ),
            )
            .route("/api/events/{id}/media", post(post_item))
            .with_state(kept);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn told_twice_over_a_bad_network_everything_is_there_once_and_in_order() {
        let kept = Shared::default();
        let api = Api::new(&serve(Arc::clone(&kept)).await);
        let mut items: Vec<Item> = (0..7).map(|at| Item::text("a", format!("item {at}"))).collect();
        items.insert(3, Item::photo("a", Photo { file: "x.png", bytes: b"12345" }, "a photo"));
        let story = Story {
            slug: "test".to_owned(),
            event: NewEvent {
                visibility: None,
                title: "t".to_owned(),
                description: String::new(),
                place: String::new(),
                status: None,
                starts_at: None,
            },
            items,
            backlog: usize::MAX,
            pause: Duration::ZERO,
            ending: Some(EventStatus::Completed),
        };
        assert!(story.tell(&api, 1.0).await.unwrap());
        assert!(!story.tell(&api, 1.0).await.unwrap(), "there was nothing left to tell");
        let kept = kept.lock().unwrap();
        let texts: Vec<&str> = kept.items.iter().map(|(_, text)| text.as_str()).collect();
        let expected = ["item 0", "item 1", "item 2", "x.png of 5", "item 3", "item 4", "item 5", "item 6"];
        assert_eq!(texts, expected);
        assert_eq!(kept.items[3].0, "demo-test-003");
        assert_eq!(kept.statuses, [EventStatus::Completed]);
    }
}
