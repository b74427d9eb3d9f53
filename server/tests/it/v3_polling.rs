//! Polling one topic over plain HTTP (V3): since a cursor or a time, at once or held, with tags.

use std::time::Duration;

use serde_json::{Value, json};
use shared::model::venue::Venue;
use tokio::time::Instant;

use crate::{
    support::{Answer, Api, Server, until, within},
    v1_venues::{check, venue},
};

fn types(answer: &Answer) -> Vec<&str> {
    let updates = answer.body["updates"].as_array().unwrap_or_else(|| panic!("{}", answer.body));
    updates.iter().map(|update| update["type"].as_str().unwrap()).collect()
}

fn cursor(answer: &Answer) -> &str {
    answer.body["cursor"].as_str().unwrap_or_else(|| panic!("{}", answer.body))
}

/// The four addresses of V3 that concern venues.
fn addresses(venue: &Venue) -> [String; 4] {
    let id = &venue.id;
    [
        "/api/venues/updates".to_owned(),
        format!("/api/venues/{id}/updates"),
        format!("/api/venues/{id}/vibe-checks"),
        format!("/api/venues/{id}/promotions"),
    ]
}

#[tokio::test]
async fn v3_every_address_goes_on_where_it_ended() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let mut cursors = Vec::new();
    for address in addresses(&made) {
        let answer = server.get(&address).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.body["recovered"], true);
        assert_eq!(answer.header("cache-control"), "public, max-age=1", "{address}");
        assert_eq!(answer.header("etag"), format!("\"{}\"", cursor(&answer)));
        cursors.push(cursor(&answer).to_owned());
    }
    let far = "2999-01-01T00:00:00.000Z";
    check(&server, &made, &json!({"author": "Ann", "rating": 4})).await;
    let promotion = json!({"title": "Happy hour", "startsAt": "2027-01-01T00:00:00.000Z", "endsAt": "2027-01-02T00:00:00.000Z"});
    let made_at = format!("/api/venues/{}/promotions", made.id);
    assert_eq!(server.post(&made_at, &promotion).await.status, 201);
    let expected = [vec!["venue:now"], vec!["venue:now"], vec!["vibeCheck:new"], vec!["promotion:new"]];
    for ((address, since), expected) in addresses(&made).iter().zip(&cursors).zip(expected) {
        let answer = server.get(&format!("{address}?since={since}")).await;
        assert_eq!(types(&answer), expected, "{address}");
        let again = server.get(&format!("{address}?since={}", cursor(&answer))).await;
        assert_eq!((types(&again).len(), cursor(&again)), (0, cursor(&answer)), "{address}");
        assert!(types(&server.get(&format!("{address}?since={far}")).await).is_empty(), "{address}");
    }
}

#[tokio::test]
async fn v3_since_a_time_is_what_came_after_it() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let mut times = Vec::new();
    for number in 0..20 {
        let said = check(&server, &made, &json!({"author": "Ann", "text": number.to_string()})).await;
        times.push(said.created_at);
        // So that no two of them have the same time.
        let at = times[number].unix_ms();
        until("another millisecond", async || server::time::unix_ms() > at).await;
    }
    let address = format!("/api/venues/{}/vibe-checks", made.id);
    for (index, time) in times.iter().enumerate() {
        for since in [time.to_string(), time.unix_ms().to_string()] {
            let answer = server.get(&format!("{address}?since={since}")).await;
            assert_eq!(types(&answer).len(), times.len() - index - 1, "{since}");
        }
    }
    assert_eq!(types(&server.get(&format!("{address}?since=0")).await).len(), times.len());
}

#[tokio::test]
async fn v3_what_is_neither_a_cursor_nor_a_time_is_refused() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    for address in addresses(&made) {
        for since in ["yesterday", "1.2.3", "-1", ""] {
            let answer = server.get(&format!("{address}?since={since}")).await;
            assert_eq!((answer.status, answer.code()), (400, "malformed"), "{address} {since}");
        }
    }
    let unknown = server.get("/api/venues/none/updates").await;
    assert_eq!((unknown.status, unknown.code()), (404, "unknownTopic"));
}

#[tokio::test]
async fn v3_a_position_that_cannot_be_gone_on_from_says_so() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let address = format!("/api/venues/{}/updates", made.id);
    let answer = server.get(&format!("{address}?since=other.0&wait=20")).await;
    assert_eq!(
        (answer.status, &answer.body["recovered"], &answer.body["reason"]),
        (200, &json!(false), &json!("epochChanged"))
    );
    assert_eq!(answer.body["updates"], json!([]));
    let now = server.get(&address).await;
    assert_eq!(cursor(&answer), cursor(&now));
}

#[tokio::test]
async fn v3_a_held_poll_is_answered_as_soon_as_there_is_something() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let address = format!("/api/venues/{}/vibe-checks", made.id);
    let since = cursor(&server.get(&address).await).to_owned();
    let (api, held) = (server.api.clone(), format!("{address}?since={since}&wait=20"));
    let waiting = tokio::spawn(async move { api.get(&held).await });
    until("the poll is held", async || server.app.sessions.count() == 1).await;
    let said = check(&server, &made, &json!({"author": "Ann", "rating": 1})).await;
    let answer = within("the answer", waiting).await.unwrap();
    assert_eq!(answer.body["updates"][0]["payload"]["id"], said.id.to_string());
    let nothing = server.get(&format!("{address}?since={}&wait=1", cursor(&answer))).await;
    assert_eq!((nothing.status, types(&nothing).len(), cursor(&nothing)), (200, 0, cursor(&answer)));
}

#[tokio::test]
async fn v3_what_one_has_is_not_sent_again() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let address = format!("/api/venues/{}/vibe-checks?since=0", made.id);
    check(&server, &made, &json!({"author": "Ann", "rating": 1})).await;
    let first = server.get(&address).await;
    let tag = first.header("etag").to_owned();
    let same = server.get_with(&address, &[("if-none-match", &tag)]).await;
    assert_eq!((same.status, same.bytes.len(), same.header("etag")), (304, 0, tag.as_str()));
    // Held, it waits for what is new, and is answered with all that its address stands for.
    let (api, held, shown) = (server.api.clone(), format!("{address}&wait=20"), tag.clone());
    let waiting = tokio::spawn(async move { api.get_with(&held, &[("if-none-match", &shown)]).await });
    until("the poll is held", async || server.app.sessions.count() == 1).await;
    check(&server, &made, &json!({"author": "Ann", "rating": 2})).await;
    let all = within("the answer", waiting).await.unwrap();
    assert_eq!((all.status, types(&all).len()), (200, 2));
    let nothing =
        server.get_with(&format!("{address}&wait=1"), &[("if-none-match", all.header("etag"))]).await;
    assert_eq!(nothing.status, 304);
}

#[tokio::test]
async fn v3_a_poll_whose_client_hangs_up_leaves_nothing_behind() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let address = format!("/api/venues/{}/updates", made.id);
    let since = cursor(&server.get(&address).await).to_owned();
    let (api, held) = (server.api.clone(), format!("{address}?since={since}&wait=50"));
    let waiting = tokio::spawn(async move { api.get(&held).await });
    until("the poll is held", async || server.app.sessions.count() == 1).await;
    waiting.abort();
    until("nobody is there", async || {
        server.app.sessions.count() == 0 && server.app.hub.totals().subscriptions == 0
    })
    .await;
}

#[tokio::test]
async fn v3_a_thousand_pollers_of_one_topic_read_the_store_no_more_than_one_does() {
    let server = Server::start().await;
    let made = venue(&server, "The Lock").await;
    let address = format!("/api/venues/{}/vibe-checks", made.id);
    let since = cursor(&server.get(&address).await).to_owned();
    let before = server.app.store.reads();
    let pollers = 1000_usize;
    let held: Vec<_> = (0..pollers)
        .map(|_| {
            let (api, path) = (server.api.clone(), format!("{address}?since={since}&wait=50"));
            tokio::spawn(async move { api.get(&path).await })
        })
        .collect();
    until("all of them are held", async || server.app.sessions.count() == pollers).await;
    check(&server, &made, &json!({"author": "Ann", "rating": 3})).await;
    for poller in held {
        assert_eq!(types(&within("an answer", poller).await.unwrap()), ["vibeCheck:new"]);
    }
    // Those of the test's own request and of the housekeeping are among them.
    let reads = server.app.store.reads() - before;
    assert!(reads <= 10, "{reads} reads of the store");
}

#[tokio::test]
async fn v3_notifications_are_polled_by_their_account_alone() {
    let server = Server::start().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let cursor_of =
        async |who: &Api| who.get("/api/notifications").await.body["cursor"].as_str().unwrap().to_owned();
    let since = cursor_of(&ada).await;
    let (api, path) = (ada.api.clone(), format!("/api/notifications?since={since}&wait=20"));
    let started = Instant::now();
    let waiting = tokio::spawn(async move { api.get(&path).await });
    until("the poll is held", async || server.app.sessions.count() == 1).await;
    let event = ben.event().await;
    let said = ben.post(&format!("/api/events/{}/media", event.id), &json!({"text": "Look, @ada"})).await;
    assert_eq!(said.status, 201);
    let answer = within("the answer", waiting).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(15));
    assert_eq!(types(&answer), ["notification:new"]);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let none: Answer = ben.get(&format!("/api/notifications?since={since}")).await;
    assert_eq!(none.body["recovered"], false, "another's cursor is of another log: {}", none.body);
    let visitor = server.get(&format!("/api/notifications?since={since}")).await;
    assert_eq!((visitor.status, &visitor.body["updates"]), (401, &Value::Null));
}
