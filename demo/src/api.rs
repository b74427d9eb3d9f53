//! The few requests that the demo makes. While the server is away or asks for patience it tries again,
//! with the same idempotency key: whatever happened to the first try, the item is there once.
//!
//! Never decides what is posted. Called by `story`, `fixture`, `cup`, `final_2018` and `people`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{COOKIE, HeaderMap, SET_COOKIE},
    multipart::{Form, Part},
};
use serde::{Serialize, de::DeserializeOwned};
use shared::{
    EventId, IdempotencyKey, MatchId,
    model::{
        account::{Credentials, NewAccount},
        event::{Event, EventPatch, EventStatus, NewEvent},
        match_::{Entry, Match, MatchEvent, NewMatch, NewTeam, Team},
        media::{Attachment, Media, NewMedia},
        member::{MemberRole, NewMember},
        post::{NewPost, Post},
        story::{AuthorStories, NewStory},
        tournament::{NewTournament, Tournament},
    },
    rest::{ErrorBody, Page},
};

use crate::story::{Item, Photo};

const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A server.
#[derive(Debug)]
pub(crate) struct Api {
    client: reqwest::Client,
    server: String,
}

/// What a POST with an idempotency key did.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer<T> {
    Made(T),
    /// The same had been posted before.
    WasThere(T),
}

impl Api {
    pub(crate) fn new(server: &str) -> Self {
        // It fails if there is one already, which is this one.
        drop(rustls::crypto::ring::default_provider().install_default());
        Self { client: reqwest::Client::new(), server: server.trim_end_matches('/').to_owned() }
    }

    /// The same server, as somebody with an account, which is made if there is none. `None` where that cannot be.
    pub(crate) async fn signed_in_as(&self, name: &str, shown: &str, password: &str) -> Result<Option<Self>> {
        let url = self.url("/api/session");
        let credentials = Credentials { name: name.to_owned(), password: password.to_owned() };
        let mut answer = self.send(|| Ok(self.client.post(&url).json(&credentials))).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let url = self.url("/api/accounts");
            let (name, password) = (name.to_owned(), password.to_owned());
            let new = NewAccount { name, display_name: shown.to_owned(), password, invitation: None };
            answer = self.send(|| Ok(self.client.post(&url).json(&new))).await?;
        }
        if !answer.status().is_success() {
            return Ok(None);
        }
        let cookie = answer.headers().get(SET_COOKIE).context("signing in gave no cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().parse()?;
        let headers = HeaderMap::from_iter([(COOKIE, cookie)]);
        let client = reqwest::Client::builder().default_headers(headers).build()?;
        Ok(Some(Self { client, server: self.server.clone() }))
    }

    /// Ends the session of who is signed in.
    pub(crate) async fn sign_out(&self) -> Result<()> {
        let url = self.url("/api/session");
        done(self.send(|| Ok(self.client.delete(&url))).await?)
    }

    pub(crate) async fn add_member(&self, event: &EventId, name: &str, role: MemberRole) -> Result<()> {
        let url = self.url(&format!("/api/events/{event}/members/{name}"));
        done(self.send(|| Ok(self.client.put(&url).json(&NewMember { role }))).await?)
    }

    /// What the list of events shows to who asks.
    #[cfg(test)]
    pub(crate) async fn events(&self) -> Result<Vec<Event>> {
        let url = self.url("/api/events");
        Ok(read::<Page<Event>>(self.send(|| Ok(self.client.get(&url))).await?).await?.items)
    }

    pub(crate) async fn create_event(&self, event: &NewEvent, key: &IdempotencyKey) -> Result<Answer<Event>> {
        let url = self.url("/api/events");
        made(
            self.send(|| Ok(self.client.post(&url).header("Idempotency-Key", key.as_str()).json(event)))
                .await?,
        )
        .await
    }

    /// The event as it stands, made if it is not there; `None` once it has come to `end`, or was deleted by somebody who
    /// did not want it.
    pub(crate) async fn current(
        &self,
        new: &NewEvent,
        key: &IdempotencyKey,
        end: Option<EventStatus>,
    ) -> Result<Option<Event>> {
        match self.create_event(new, key).await? {
            Answer::Made(event) => Ok(Some(event)),
            // What a repeated POST answers is the event as it was made: ask how it stands.
            Answer::WasThere(event) => {
                Ok(self.event(&event.id).await?.filter(|event| end != Some(event.status)))
            }
        }
    }

    /// Posts what is made once, and answers it as it was made.
    async fn make<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: &IdempotencyKey,
    ) -> Result<T> {
        let url = self.url(path);
        let request = || Ok(self.client.post(&url).header("Idempotency-Key", key.as_str()).json(body));
        read(self.send(request).await?).await
    }

    pub(crate) async fn create_team(
        &self,
        event: &EventId,
        new: &NewTeam,
        key: &IdempotencyKey,
    ) -> Result<Team> {
        self.make(&format!("/api/events/{event}/teams"), new, key).await
    }

    pub(crate) async fn create_match(
        &self,
        event: &EventId,
        new: &NewMatch,
        key: &IdempotencyKey,
    ) -> Result<Match> {
        self.make(&format!("/api/events/{event}/matches"), new, key).await
    }

    pub(crate) async fn create_tournament(
        &self,
        event: &EventId,
        new: &NewTournament,
        key: &IdempotencyKey,
    ) -> Result<Tournament> {
        self.make(&format!("/api/events/{event}/tournaments"), new, key).await
    }

    /// Puts up a story, unless one's own are shown already.
    pub(crate) async fn tell_story(&self, name: &str, photo: Photo, text: &str) -> Result<()> {
        let url = self.url("/api/stories?limit=200");
        let shown: Page<AuthorStories> = read(self.send(|| Ok(self.client.get(&url))).await?).await?;
        if shown.items.iter().any(|of| of.author.name == name) {
            return Ok(());
        }
        let url = self.url("/api/uploads");
        let form = || Form::new().part("file", Part::bytes(photo.bytes).file_name(photo.file));
        let upload: Attachment =
            read(self.send(|| Ok(self.client.post(&url).multipart(form()))).await?).await?;
        let story = NewStory { upload_id: upload.upload_id, text: text.to_owned() };
        let url = self.url("/api/stories");
        done(self.send(|| Ok(self.client.post(&url).json(&story))).await?)
    }

    /// Writes a post, that goes nowhere yet.
    pub(crate) async fn write_post(&self, text: &str, key: &IdempotencyKey) -> Result<()> {
        let post = NewPost { text: text.to_owned(), upload_id: None, destinations: Vec::new(), key: None };
        self.make::<_, Post>("/api/posts", &post, key).await.map(drop)
    }

    /// Whose stories are shown to who asks.
    #[cfg(test)]
    pub(crate) async fn storytellers(&self) -> Result<Vec<String>> {
        let url = self.url("/api/stories");
        let shown: Page<AuthorStories> = read(self.send(|| Ok(self.client.get(&url))).await?).await?;
        Ok(shown.items.into_iter().map(|of| of.author.name).collect())
    }

    #[cfg(test)]
    pub(crate) async fn posts(&self) -> Result<Vec<Post>> {
        let url = self.url("/api/posts");
        Ok(read::<Page<Post>>(self.send(|| Ok(self.client.get(&url))).await?).await?.items)
    }

    /// The log of a match.
    pub(crate) async fn entries(&self, id: &MatchId) -> Result<Vec<MatchEvent>> {
        let url = self.url(&format!("/api/matches/{id}/events"));
        Ok(read::<Page<MatchEvent>>(self.send(|| Ok(self.client.get(&url))).await?).await?.items)
    }

    /// Records an entry; recorded before, it is there once.
    pub(crate) async fn record(&self, id: &MatchId, entry: &Entry) -> Result<()> {
        let url = self.url(&format!("/api/matches/{id}/events"));
        done(self.send(|| Ok(self.client.post(&url).json(entry))).await?)
    }

    /// The matches of an event, the one made last first.
    #[cfg(test)]
    pub(crate) async fn matches(&self, event: &EventId) -> Result<Vec<Match>> {
        let url = self.url(&format!("/api/events/{event}/matches"));
        Ok(read::<Page<Match>>(self.send(|| Ok(self.client.get(&url))).await?).await?.items)
    }

    #[cfg(test)]
    pub(crate) async fn tournament(&self, id: &shared::TournamentId) -> Result<Tournament> {
        let url = self.url(&format!("/api/tournaments/{id}"));
        let answer = self.send(|| Ok(self.client.get(&url))).await?;
        Ok(read::<shared::rest::Snapshot<Tournament>>(answer).await?.item)
    }

    /// `None` when there is no such event any more.
    pub(crate) async fn event(&self, id: &EventId) -> Result<Option<Event>> {
        let url = self.url(&format!("/api/events/{id}"));
        let answer = self.send(|| Ok(self.client.get(&url))).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(answer).await.map(Some)
    }

    pub(crate) async fn set_status(&self, id: &EventId, status: EventStatus) -> Result<Event> {
        let url = self.url(&format!("/api/events/{id}"));
        let patch = EventPatch { status: Some(status), ..EventPatch::default() };
        read(self.send(|| Ok(self.client.patch(&url).json(&patch))).await?).await
    }

    pub(crate) async fn post(
        &self,
        event: &EventId,
        item: &Item,
        key: &IdempotencyKey,
    ) -> Result<Option<Answer<Media>>> {
        let url = self.url(&format!("/api/events/{event}/media"));
        let request = || {
            let post = self.client.post(&url);
            Ok(match item.photo {
                None => post.json(&NewMedia {
                    author: item.author.to_owned(),
                    text: item.text.clone(),
                    upload_id: None,
                    key: Some(key.clone()),
                }),
                Some(photo) => post.multipart(
                    Form::new()
                        .text("author", item.author)
                        .text("text", item.text.clone())
                        .text("key", key.to_string())
                        .part("file", Part::bytes(photo.bytes).file_name(photo.file)),
                ),
            })
        };
        let answer = self.send(request).await?;
        if [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&answer.status()) {
            return Ok(None);
        }
        made(answer).await.map(Some)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server)
    }

    /// Sends until there is an answer that will not change by waiting.
    async fn send(&self, request: impl Fn() -> Result<RequestBuilder>) -> Result<Response> {
        let mut backoff = BACKOFF_MIN;
        loop {
            let (why, delay) = match request()?.timeout(REQUEST_LIMIT).send().await {
                Ok(answer) if !is_temporary(answer.status()) => return Ok(answer),
                Ok(answer) => (answer.status().to_string(), retry_after(&answer)),
                Err(error) if error.is_builder() => return Err(error.into()),
                Err(error) => (error.to_string(), None),
            };
            let delay = delay.unwrap_or(backoff).min(BACKOFF_MAX);
            eprintln!("{why}; again in {:.1} s", delay.as_secs_f64());
            tokio::time::sleep(delay).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }
}

fn is_temporary(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// RFC 9110 §10.2.3, in its form of seconds.
fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn done(answer: Response) -> Result<()> {
    let (url, status) = (answer.url().clone(), answer.status());
    if !status.is_success() {
        bail!("{url} answered {status}");
    }
    Ok(())
}

async fn made<T: DeserializeOwned>(answer: Response) -> Result<Answer<T>> {
    let made = answer.status() == StatusCode::CREATED;
    let body = read(answer).await?;
    Ok(if made { Answer::Made(body) } else { Answer::WasThere(body) })
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T> {
    let (url, status) = (answer.url().clone(), answer.status());
    let body = answer.bytes().await?;
    if !status.is_success() {
        let why =
            serde_json::from_slice::<ErrorBody>(&body).map(|body| body.error.message).unwrap_or_default();
        bail!("{url} answered {status}: {why}");
    }
    serde_json::from_slice(&body).with_context(|| format!("{url} answered something else"))
}
