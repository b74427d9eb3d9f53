//! Who is there (P4): people and not tabs, told to who may know, forgotten by themselves.

use serde_json::json;
use shared::{ServerFrame, Topic, model::event::Event};

use crate::support::{RawSocket, Server, Somebody, follower::decode, until};

impl Somebody {
    async fn socket(&self, server: &Server) -> RawSocket {
        RawSocket::connect(server.address, "/ws", &[("cookie", &self.cookie)]).await
    }

    /// A tab on a topic, answered.
    async fn tab(&self, server: &Server, topic: &Topic) -> RawSocket {
        let mut socket = self.socket(server).await;
        subscribe(&mut socket, topic).await;
        socket.next_of("subscribed").await;
        socket
    }

    /// A tab that has been told who is there.
    async fn watching(&self, server: &Server, topic: &Topic) -> RawSocket {
        let mut socket = self.tab(server, topic).await;
        socket.next_of("presence:state").await;
        socket
    }

    async fn hide(&self, invisible: bool) {
        let answer = self.patch("/api/account", &json!({"invisible": invisible})).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    async fn event_shown_as(&self, visibility: &str) -> Event {
        let body = json!({"title": "Launch", "status": "live", "visibility": visibility});
        let answer = self.post("/api/events", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }
}

async fn subscribe(socket: &mut RawSocket, topic: &Topic) {
    let payload = json!({"topic": topic, "presence": true});
    socket.send_text(&json!({"type": "subscribe", "payload": payload}).to_string()).await;
}

async fn type_on(socket: &mut RawSocket, topic: &Topic, on: bool) {
    let payload = json!({"topic": topic, "on": on});
    socket.send_text(&json!({"type": "typing", "payload": payload}).to_string()).await;
}

/// What is said next of who is there, in a few words; counts are passed over.
async fn hear(socket: &mut RawSocket) -> String {
    loop {
        return match decode(&socket.next_text().await) {
            ServerFrame::PresenceState(_, state) => {
                let names: Vec<_> = state.people.into_iter().map(|person| person.name).collect();
                format!("state {} of {}", names.join(" "), state.total)
            }
            ServerFrame::PresenceJoin(_, there) => format!("join {}", there.person.name),
            ServerFrame::PresenceLeave(_, gone) => format!("leave {}", gone.user_id),
            ServerFrame::UserOnline(_, there) => format!("online {}", there.person.name),
            ServerFrame::UserOffline(_, gone) => format!("offline {}", gone.user_id),
            ServerFrame::TypingStart(_, there) => format!("typing {}", there.person.name),
            ServerFrame::TypingStop(_, gone) => format!("stopped {}", gone.user_id),
            ServerFrame::Error(detail) => format!("error {}", detail.code),
            _ => continue,
        };
    }
}

#[tokio::test]
async fn p4_two_tabs_are_one_person_and_a_reload_is_no_leaving() {
    let server = Server::start().await;
    let topic = Topic::event(&server.event().await.id);
    let (ada, ben, cid) =
        (server.register("ada").await, server.register("ben").await, server.register("cid").await);
    let mut watching = ben.socket(&server).await;
    subscribe(&mut watching, &topic).await;
    assert_eq!(hear(&mut watching).await, "state ben of 1");
    let first = ada.tab(&server, &topic).await;
    assert_eq!(hear(&mut watching).await, "join ada");
    let second = ada.tab(&server, &topic).await;
    drop(first);
    // The other tab breaks off as well, and the page is loaded again.
    drop(second);
    until("her connections are gone", async || server.app.sessions.count() == 1).await;
    let _reloaded = ada.tab(&server, &topic).await;
    let mut third = cid.tab(&server, &topic).await;
    assert_eq!(hear(&mut third).await, "state ben ada cid of 3");
    assert_eq!(hear(&mut watching).await, "join cid", "of Ada nothing was said");

    // Who says goodbye is gone at once, however long the grace is.
    let leave = json!({"type": "unsubscribe", "payload": {"topic": topic}}).to_string();
    third.send_text(&leave).await;
    assert_eq!(hear(&mut watching).await, format!("leave {}", cid.person.id));
    assert_eq!(server.app.hub.count(&topic).people, 2);
}

#[tokio::test]
async fn p4_a_crash_is_a_leave_after_the_grace() {
    let server = Server::with(&["--presence-grace-ms", "300"]).await;
    let topic = Topic::event(&server.event().await.id);
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let crashed = ada.tab(&server, &topic).await;
    let mut watching = ben.watching(&server, &topic).await;
    let (mut online, begun) = (ben.socket(&server).await, std::time::Instant::now());
    subscribe(&mut online, &Topic::online()).await;
    assert_eq!(hear(&mut online).await, "state ada ben of 2");
    drop(crashed);
    assert_eq!(hear(&mut watching).await, format!("leave {}", ada.person.id));
    assert!(begun.elapsed().as_millis() >= 300, "not before the grace is over");
    assert_eq!(hear(&mut online).await, format!("offline {}", ada.person.id));
    let _back = ada.socket(&server).await;
    assert_eq!(hear(&mut online).await, "online ada");
}

#[tokio::test]
async fn p4_who_falls_silent_is_gone_after_the_heartbeat() {
    let flags =
        ["--presence-grace-ms", "50", "--heartbeat-interval-ms", "50", "--heartbeat-timeout-ms", "400"];
    let server = Server::with(&flags).await;
    let topic = Topic::event(&server.event().await.id);
    let ada = server.register("ada").await;
    // The connection stays open and says nothing, not even pong.
    let _silent = ada.tab(&server, &topic).await;
    assert_eq!(server.app.hub.count(&topic).people, 1);
    until("she is gone", async || server.app.hub.count(&topic).people == 0).await;
}

#[tokio::test]
async fn p4_who_hides_is_not_named() {
    let server = Server::start().await;
    let topic = Topic::event(&server.event().await.id);
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let mut hers = ada.watching(&server, &topic).await;
    let mut watching = ben.socket(&server).await;
    subscribe(&mut watching, &topic).await;
    assert_eq!(hear(&mut watching).await, "state ada ben of 2");
    ada.hide(true).await;
    assert_eq!(hear(&mut watching).await, format!("leave {}", ada.person.id));
    // What she does is not told either, on connections that began before and after.
    type_on(&mut hers, &topic, true).await;
    let _again = ada.tab(&server, &topic).await;
    assert_eq!(server.app.hub.count(&topic).people, 1);
    assert_eq!(server.app.hub.count(&topic).watchers, 3, "that somebody watches is counted");
    ada.hide(false).await;
    assert_eq!(hear(&mut watching).await, "join ada");
}

#[tokio::test]
async fn p4_who_may_not_know_learns_nothing() {
    let server = Server::start().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let public = Topic::event(&server.event().await.id);
    let secret = Topic::event(&ada.event_shown_as("private").await.id);
    let (_public, _secret) = (ada.watching(&server, &public).await, ada.watching(&server, &secret).await);

    // Who is not signed in is told how many there are.
    let mut visitor = RawSocket::connect(server.address, "/ws", &[]).await;
    subscribe(&mut visitor, &Topic::online()).await;
    assert_eq!(hear(&mut visitor).await, "error unauthenticated");
    subscribe(&mut visitor, &public).await;
    visitor.next_of("subscribed").await;
    let told = visitor.next_text().await;
    let ServerFrame::PresenceCount(_, count) = decode(&told) else { panic!("{told}") };
    assert_eq!(count.people, 1);
    let poll = server.get(&format!("/api/poll?from={public}&presence=true")).await;
    assert!(!poll.body.to_string().contains("presence:state"), "{}", poll.body);

    // A stranger learns nothing at all of a private event.
    let mut stranger = ben.socket(&server).await;
    subscribe(&mut stranger, &secret).await;
    assert_eq!(hear(&mut stranger).await, "error unknownTopic");
    type_on(&mut stranger, &secret, true).await;
    assert_eq!(hear(&mut stranger).await, "error forbidden");
    let poll =
        server.get_with(&format!("/api/poll?from={secret}&presence=true"), &[("cookie", &ben.cookie)]).await;
    assert!(!poll.body.to_string().contains("presence"), "{}", poll.body);
    assert_eq!(server.app.hub.count(&secret).people, 1);
}

#[tokio::test]
async fn p4_who_may_post_is_told_to_be_typing() {
    let server = Server::start().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let topic = Topic::event(&server.event().await.id);
    let mut typing = ada.watching(&server, &topic).await;
    let mut watching = ben.watching(&server, &topic).await;
    type_on(&mut typing, &topic, true).await;
    assert_eq!(hear(&mut watching).await, "typing ada");
    type_on(&mut typing, &topic, true).await;
    type_on(&mut typing, &topic, false).await;
    assert_eq!(hear(&mut watching).await, format!("stopped {}", ada.person.id));

    // On an event of Ben's she only reads.
    let bens = Topic::event(&ben.event_shown_as("public").await.id);
    let mut reading = ada.watching(&server, &bens).await;
    type_on(&mut reading, &bens, true).await;
    assert_eq!(hear(&mut reading).await, "error forbidden");
    let mut visitor = RawSocket::connect(server.address, "/ws", &[]).await;
    subscribe(&mut visitor, &topic).await;
    type_on(&mut visitor, &topic, true).await;
    assert_eq!(hear(&mut visitor).await, "error forbidden", "a visitor has no name to be told");
    // Too often is told, and bounded.
    for _ in 0..8 {
        type_on(&mut typing, &topic, true).await;
    }
    while hear(&mut typing).await != "error rateLimited" {}
}

#[tokio::test]
async fn p4_polls_and_streams_are_told_who_is_there() {
    let server = Server::start().await;
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let topic = Topic::event(&server.event().await.id);
    let poll = async |who: &Somebody| {
        let path = format!("/api/poll?from={topic}&watcher={}&presence=true", who.person.name);
        let answer = server.get_with(&path, &[("cookie", &who.cookie)]).await;
        let frames = shared::frame::decode_poll(&answer.body.to_string()).unwrap();
        let state = frames.into_iter().find_map(|frame| match frame {
            ServerFrame::PresenceState(_, state) => Some(state),
            _ => None,
        });
        state.unwrap().people.into_iter().map(|person| person.name).collect::<Vec<_>>()
    };
    assert_eq!(poll(&ada).await, ["ada"]);
    assert_eq!(poll(&ben).await, ["ada", "ben"], "who is between two polls is there");
    let path = format!("/api/sse?from={topic}&presence=true");
    let request = server.request(reqwest::Method::GET, &path).header("cookie", &ben.cookie);
    let mut stream = request.send().await.unwrap();
    let mut heard = String::new();
    while !heard.contains("presence:state") {
        heard.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.contains(r#""name":"ada""#), "{heard}");
}

#[tokio::test]
async fn p4_who_says_later_who_they_are_is_there_from_then_on() {
    let server = Server::start().await;
    let event = server.event().await;
    let topic = Topic::event(&event.id);
    let (ada, ben) = (server.register("ada").await, server.register("ben").await);
    let mut watching = ben.watching(&server, &topic).await;
    let mut hers = RawSocket::connect(server.address, "/ws", &[]).await;
    subscribe(&mut hers, &topic).await;
    hers.next_of("subscribed").await;
    let before = server.app.hub.count(&topic);
    assert_eq!((before.people, before.watchers, before.subscriptions), (1, 2, 2));

    let token = server.app.tokens.mint(&ada.person.id, 60).unwrap();
    hers.send_text(&json!({"type": "auth", "payload": {"token": token}}).to_string()).await;
    hers.next_of("authenticated").await;
    assert_eq!(hear(&mut watching).await, "join ada");
    let after = server.app.hub.count(&topic);
    assert_eq!((after.people, after.watchers, after.subscriptions), (2, 2, 2), "nobody else has come");
    type_on(&mut hers, &topic, true).await;
    assert_eq!(hear(&mut watching).await, "typing ada");
    // What she reads goes on: the next publication is the first, and comes once.
    server.say(&event, "x").await;
    assert!(hers.next_of("media:new").await.text().contains(r#""offset":1"#));
    ada.delete("/api/account/sessions").await;
    assert_eq!(hers.close_code().await, 4501);
    assert_eq!(hear(&mut watching).await, format!("stopped {}", ada.person.id));
    assert_eq!(hear(&mut watching).await, format!("leave {}", ada.person.id));
    assert_eq!(server.app.hub.count(&topic).people, 1);
}
