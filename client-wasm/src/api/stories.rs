//! The REST calls about stories.

use gloo_net::http::Request;
use shared::{
    IdempotencyKey, StoryId,
    model::story::{AuthorStories, NewReaction, NewStory, SeenStory, Story, StoryViewer},
    rest::Page,
};

use super::{Answer, done, get, send};
use crate::browser::encode;

/// Those who have stories, with their stories.
pub(crate) async fn rail(before: Option<String>) -> Answer<Page<AuthorStories>> {
    match before {
        None => get("/api/stories?limit=200").await,
        Some(before) => get(&format!("/api/stories?limit=200&before={}", encode(&before))).await,
    }
}

pub(crate) async fn post(new: &NewStory, key: &IdempotencyKey) -> Answer<Story> {
    send(Request::post("/api/stories").header("idempotency-key", key.as_str()), new).await
}

pub(crate) async fn delete(id: &StoryId) -> Answer<()> {
    done(Request::delete(&format!("/api/stories/{id}")).build()).await
}

pub(crate) async fn story(id: &StoryId) -> Answer<SeenStory> {
    get(&format!("/api/stories/{id}")).await
}

/// Says that one has seen a story.
pub(crate) async fn view(id: &StoryId) -> Answer<()> {
    done(Request::post(&format!("/api/stories/{id}/view")).build()).await
}

pub(crate) async fn react(id: &StoryId, emoji: &str) -> Answer<()> {
    let reaction = NewReaction { emoji: emoji.to_owned() };
    done(Request::post(&format!("/api/stories/{id}/reactions")).json(&reaction)).await
}

/// Who has seen one's story.
pub(crate) async fn viewers(id: &StoryId, before: Option<&str>) -> Answer<Page<StoryViewer>> {
    match before {
        None => get(&format!("/api/stories/{id}/viewers")).await,
        Some(before) => get(&format!("/api/stories/{id}/viewers?before={}", encode(before))).await,
    }
}
