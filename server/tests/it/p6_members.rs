//! Members of an event: by name, by invitation, and who says so.

use serde_json::{Value, json};
use server::store::Tx;
use shared::{
    Change, DomainChange as _, Topic,
    model::{
        event::Event,
        member::{Invitation, InvitationView, Member, MemberRole},
    },
};

use crate::support::{Answer, Api, Follower, Server, Somebody, Transport, until};

async fn event(owner: &Api, visibility: &str) -> Event {
    let answer = owner.post("/api/events", &json!({"title": "A wedding", "visibility": visibility})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.read()
}

async fn put(by: &Api, event: &Event, name: &str, role: &str) -> Answer {
    let path = format!("/api/events/{}/members/{name}", event.id);
    by.send(by.request(reqwest::Method::PUT, &path).json(&json!({"role": role}))).await
}

async fn remove(by: &Api, event: &Event, name: &str) -> Answer {
    by.delete(&format!("/api/events/{}/members/{name}", event.id)).await
}

async fn members(by: &Api, event: &Event) -> Vec<(String, MemberRole)> {
    let answer = by.get(&format!("/api/events/{}/members", event.id)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.read::<Vec<Member>>().into_iter().map(|member| (member.person.name, member.role)).collect()
}

async fn invite(owner: &Api, event: &Event, body: &Value) -> Invitation {
    let answer = owner.post(&format!("/api/events/{}/invitations", event.id), body).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{}", answer.body);
    answer.read()
}

fn link(invitation: &Invitation) -> String {
    format!("/api/invitations/{}", invitation.code.as_ref().expect("the code, once"))
}

async fn people(server: &Server) -> (Somebody, Somebody, Somebody) {
    (server.register("ada").await, server.register("bob").await, server.register("eve").await)
}

#[tokio::test]
async fn p6_an_event_keeps_an_owner() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let event = event(&ada, "private").await;
    assert_eq!(remove(&ada, &event, "ada").await.refusal(), (409, "conflict", "role"), "the last owner");
    assert_eq!(put(&ada, &event, "ada", "viewer").await.refusal(), (409, "conflict", "role"));
    assert_eq!(put(&ada, &event, "nobody", "viewer").await.refusal(), (404, "notFound", ""));
    assert_eq!(put(&ada, &event, "BOB", "owner").await.status, 200);
    assert_eq!(put(&ada, &event, "eve", "viewer").await.status, 200);
    assert_eq!(put(&eve, &event, "eve", "owner").await.refusal(), (403, "forbidden", ""));
    assert_eq!(remove(&eve, &event, "bob").await.refusal(), (403, "forbidden", ""));
    let all = [
        ("ada".to_owned(), MemberRole::Owner),
        ("bob".to_owned(), MemberRole::Owner),
        ("eve".to_owned(), MemberRole::Viewer),
    ];
    assert_eq!(members(&eve, &event).await, all, "of a private event whoever reads it sees who does");

    assert_eq!(remove(&eve, &event, "eve").await.status, 204, "everybody may leave");
    assert_eq!(remove(&ada, &event, "ada").await.status, 204, "another owner stays");
    assert_eq!(members(&bob, &event).await, all[1..2]);
    let shown: Event = bob.get(&format!("/api/events/{}", event.id)).await.read();
    assert_eq!(shown.owner, Some(bob.person.clone()), "and it is shown as theirs");
    assert_eq!(remove(&bob, &event, "bob").await.refusal(), (409, "conflict", "role"));
    assert_eq!(ada.get(&format!("/api/events/{}", event.id)).await.status, 404);
}

#[tokio::test]
async fn p6_the_members_of_a_public_event_are_not_everybodys_to_know() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let listed = event(&ada, "public").await;
    put(&ada, &listed, "bob", "viewer").await;
    assert_eq!(members(&bob, &listed).await.len(), 2);
    let path = format!("/api/events/{}/members", listed.id);
    assert_eq!(eve.get(&path).await.refusal(), (403, "forbidden", ""));
    assert_eq!(server.get(&path).await.refusal(), (401, "unauthenticated", ""));
    let nobodys = server.event().await;
    assert_eq!(
        put(&ada, &nobodys, "bob", "owner").await.refusal(),
        (403, "forbidden", ""),
        "what nobody owns nobody gives away"
    );
}

#[tokio::test]
async fn p6_members_hear_on_their_own_topic_what_comes_onto_their_list() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let (hidden, listed) = (event(&ada, "private").await, event(&ada, "public").await);
    let own = Topic::user(&bob.person.id);
    let mut follower = Follower::on(&bob, Transport::WebSocket, &own, None).await;
    follower.next_subscribed().await;
    put(&ada, &listed, "bob", "viewer").await;
    put(&ada, &hidden, "bob", "viewer").await;
    put(&ada, &hidden, "bob", "contributor").await;
    remove(&ada, &hidden, "bob").await;
    let Change::EventNew(new) = follower.next_publication().await.change else { panic!("not listed") };
    assert_eq!(new.id, hidden.id);
    let Change::EventDelete(gone) = follower.next_publication().await.change else { panic!("still listed") };
    assert_eq!(gone.event_id, hidden.id);
    let answer = eve.get(&format!("/api/poll?from={own}")).await;
    assert_eq!(answer.body["frames"][0]["payload"]["code"], "forbidden", "and nobody else hears it");
}

#[tokio::test]
async fn p6_the_log_of_each_list_says_by_itself_what_is_on_it() {
    let server = Server::start().await;
    let (ada, bob, _) = people(&server).await;
    let event = event(&ada, "private").await;
    put(&ada, &event, "bob", "viewer").await;
    let own = Topic::user(&bob.person.id);
    let mut follower = Follower::on(&bob, Transport::WebSocket, &own, None).await;
    follower.next_subscribed().await;
    let path = format!("/api/events/{}", event.id);
    for visibility in ["public", "unlisted", "private", "public"] {
        assert_eq!(ada.patch(&path, &json!({"visibility": visibility})).await.status, 200);
    }
    let mut heard = Vec::new();
    while heard.len() < 4 {
        heard.push(follower.next_publication().await.change.type_name().to_owned());
    }
    assert_eq!(heard, ["event:delete", "event:new", "event:update", "event:delete"]);
    let listed = log_of(&server, &Topic::events()).await;
    let types: Vec<_> = listed.iter().map(|(type_name, _)| type_name.as_str()).collect();
    assert_eq!(types, ["event:delete", "event:delete", "event:new"], "what was said is taken back");
}

/// Everything that a topic's log has kept: types and payloads.
async fn log_of(server: &Server, topic: &Topic) -> Vec<(String, String)> {
    let topic = topic.clone();
    let work =
        async move |tx: &mut Tx<'_>| server::store::log::read(tx, &topic, shared::Offset::ZERO, 1_000).await;
    let (_, publications) = server.app.store.read(work).await.unwrap().unwrap();
    publications.into_iter().map(|entry| (entry.type_name.into_owned(), entry.payload)).collect()
}

#[tokio::test]
async fn p6_what_is_off_a_members_list_is_out_of_its_log() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let (first, second) = (event(&ada, "private").await, event(&ada, "unlisted").await);
    for event in [&first, &second] {
        for name in ["bob", "eve"] {
            assert_eq!(put(&ada, event, name, "viewer").await.status, 200);
        }
    }
    let titles = async |whom: &Somebody| {
        let log = log_of(&server, &Topic::user(&whom.person.id)).await;
        log.iter().filter(|(_, payload)| payload.contains("A wedding")).count()
    };
    assert_eq!(remove(&ada, &first, "eve").await.status, 204);
    assert_eq!((titles(&ada).await, titles(&bob).await, titles(&eve).await), (2, 2, 1));
    assert_eq!(ada.delete(&format!("/api/events/{}", first.id)).await.status, 204);
    assert_eq!((titles(&ada).await, titles(&bob).await, titles(&eve).await), (1, 1, 1));
    let public = json!({"visibility": "public"});
    assert_eq!(ada.patch(&format!("/api/events/{}", second.id), &public).await.status, 200);
    assert_eq!((titles(&ada).await, titles(&bob).await, titles(&eve).await), (0, 0, 0));
    assert_eq!(log_of(&server, &Topic::user(&bob.person.id)).await.len(), 4, "the offsets stay");
}

#[tokio::test]
async fn p6_an_invitation_makes_a_member_and_never_less_of_one() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let event = event(&ada, "private").await;
    let invitation = invite(&ada, &event, &json!({"role": "contributor", "uses": 1})).await;
    let view: InvitationView = server.get(&link(&invitation)).await.read();
    assert_eq!((view.event_title.as_str(), view.role), ("A wedding", MemberRole::Contributor));
    assert_eq!(server.post(&link(&invitation), &json!({})).await.refusal(), (401, "unauthenticated", ""));

    assert_eq!(ada.post(&link(&invitation), &json!({})).await.status, 200, "an owner uses nothing up");
    assert_eq!(members(&ada, &event).await, [("ada".to_owned(), MemberRole::Owner)]);
    let taken: Event = bob.post(&link(&invitation), &json!({})).await.read();
    assert_eq!(taken.id, event.id);
    assert_eq!(members(&bob, &event).await[1], ("bob".to_owned(), MemberRole::Contributor));
    assert_eq!(eve.post(&link(&invitation), &json!({})).await.refusal(), (404, "notFound", ""), "used up");

    let weaker = invite(&ada, &event, &json!({"role": "viewer"})).await;
    assert_eq!(bob.post(&link(&weaker), &json!({})).await.status, 200);
    assert_eq!(members(&bob, &event).await[1].1, MemberRole::Contributor, "never lowered");
    for _ in 0..2 {
        assert_eq!(eve.post(&link(&weaker), &json!({})).await.status, 200, "twice is once");
    }
}

#[tokio::test]
async fn p6_an_invitation_ends_and_its_code_is_kept_nowhere() {
    let server = Server::start().await;
    let (ada, bob, eve) = people(&server).await;
    let event = event(&ada, "private").await;
    put(&ada, &event, "eve", "contributor").await;
    let path = format!("/api/events/{}/invitations", event.id);
    for (body, field) in [
        (json!({"role": "owner"}), "role"),
        (json!({"role": "viewer", "uses": 0}), "uses"),
        (json!({"role": "viewer", "ttlS": 0}), "ttlS"),
        (json!({"role": "viewer", "ttlS": 1_000_000_000_000_u64}), "ttlS"),
    ] {
        assert_eq!(ada.post(&path, &body).await.refusal(), (422, "invalid", field));
    }
    assert_eq!(eve.post(&path, &json!({"role": "viewer"})).await.refusal(), (403, "forbidden", ""));
    assert_eq!(eve.get(&path).await.refusal(), (403, "forbidden", ""), "owners alone");

    let invitation = invite(&ada, &event, &json!({"role": "viewer"})).await;
    let listed: Vec<Invitation> = ada.get(&path).await.read();
    assert_eq!(listed, [Invitation { code: None, ..invitation.clone() }], "the code is said once");
    let code = invitation.code.clone().unwrap();
    assert_eq!(code.len(), 43, "256 bits");
    for file in std::fs::read_dir(server.dir.path()).unwrap().map(|file| file.unwrap().path()) {
        let bytes = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(code.len()).any(|part| part == code.as_bytes()), "{}", file.display());
    }
    assert_eq!(ada.delete(&format!("{path}/{}", invitation.id)).await.status, 204);
    assert_eq!(ada.delete(&format!("{path}/{}", invitation.id)).await.refusal(), (404, "notFound", ""));
    assert_eq!(bob.post(&link(&invitation), &json!({})).await.refusal(), (404, "notFound", ""), "withdrawn");

    let brief = invite(&ada, &event, &json!({"role": "viewer", "ttlS": 1})).await;
    until("the end of the invitation", async || ada.get(&path).await.body == json!([])).await;
    assert_eq!(server.get(&link(&brief)).await.refusal(), (404, "notFound", ""));
    assert_eq!(bob.post(&link(&brief), &json!({})).await.refusal(), (404, "notFound", ""));
}

#[tokio::test]
async fn p7_guessing_invitations_is_limited() {
    let server = Server::start().await;
    let mut guesses = 0;
    let refused = loop {
        guesses += 1;
        let answer = server.get(&format!("/api/invitations/guess{guesses}")).await;
        if answer.status != 404 {
            break answer;
        }
        assert!(guesses < 10_000, "nobody minds");
    };
    assert_eq!(refused.refusal(), (429, "rateLimited", ""));
    assert!(guesses > 200, "a hall of guests behind one address: {guesses}");
}
