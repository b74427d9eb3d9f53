//! A match to record: two teams of an event, thirteen players each.

use serde_json::{Value, json};
use shared::{
    PlayerId, Topic,
    model::{
        event::Event,
        match_::{Match, MatchEvent, MatchState, Recount, Side, Team},
    },
    rest::{Page, Snapshot},
};

use super::{Answer, Api};

/// An event with two teams and their match.
#[derive(Debug)]
pub(crate) struct Pitch {
    pub(crate) event: Event,
    pub(crate) teams: [Team; 2],
    pub(crate) of: Match,
}

impl Pitch {
    /// On an event that nobody owns.
    pub(crate) async fn open(api: &Api) -> Self {
        let event = api.event().await;
        Self::of(api, event).await
    }

    pub(crate) async fn of(api: &Api, event: Event) -> Self {
        let teams = [api.team(&event, "Lions").await, api.team(&event, "Tigers").await];
        let of = api.match_of(&event, &teams[0], &teams[1]).await;
        Self { event, teams, of }
    }

    pub(crate) fn topic(&self) -> Topic {
        Topic::of_match(&self.of.id)
    }

    /// Its own address, or one below.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/api/matches/{}{below}", self.of.id)
    }

    pub(crate) fn player(&self, side: Side, n: usize) -> &PlayerId {
        &self.of.sheet.of(side).players[n].id
    }

    /// A goal of the home side, as it is recorded.
    pub(crate) fn goal(&self, id: &str) -> Value {
        json!({"id": id, "at": at(600), "kind": "goal", "side": "home", "player": self.player(Side::Home, 8)})
    }

    pub(crate) async fn record(&self, by: &Api, entries: &Value) -> Answer {
        by.post(&self.path("/events"), entries).await
    }

    pub(crate) async fn log(&self, by: &Api) -> Vec<MatchEvent> {
        by.get(&self.path("/events")).await.read::<Page<MatchEvent>>().items
    }

    pub(crate) async fn read(&self, by: &Api) -> Match {
        by.get(&self.path("")).await.read::<Snapshot<Match>>().item
    }

    /// Where the match stands by the server, which a recount of its log has to agree with.
    pub(crate) async fn state(&self, by: &Api) -> MatchState {
        let (of, log) = (self.read(by).await, self.log(by).await);
        assert_eq!(Recount::of(&of.sheet, log.iter().map(|event| &event.entry)).state, of.state);
        of.state
    }
}

/// So many seconds after kick-off.
pub(crate) fn at(seconds: u32) -> String {
    format!("2025-11-21T15:{:02}:{:02}.000Z", seconds / 60, seconds % 60)
}

impl Api {
    pub(crate) async fn team(&self, event: &Event, name: &str) -> Team {
        let players: Vec<_> =
            (1..=13).map(|n| json!({"name": format!("{name} {n:02}"), "number": n})).collect();
        let body = json!({"name": name, "short": &name[..3], "players": players});
        let answer = self.post(&format!("/api/events/{}/teams", event.id), &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }

    pub(crate) async fn match_of(&self, event: &Event, home: &Team, away: &Team) -> Match {
        let side = |team: &Team| {
            let starting: Vec<_> = team.players[..11].iter().map(|player| &player.id).collect();
            json!({"teamId": team.id, "starting": starting})
        };
        let body = json!({"home": side(home), "away": side(away)});
        let answer = self.post(&format!("/api/events/{}/matches", event.id), &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.read()
    }
}
