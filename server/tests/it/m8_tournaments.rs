//! M8: a tournament groups matches, and its table and bracket are kept as they stand.

use serde_json::{Value, json};
use shared::{
    TeamId, Topic,
    model::{
        event::Event,
        match_::{Match, MatchChange, Team},
        tournament::{Standing, Tournament, TournamentChange},
    },
    rest::{Page, Snapshot},
};

use crate::support::{Answer, Follower, Server, Transport, over_every_transport, pitch::at};

/// Four teams in two groups; the first of each meet in the final.
struct Cup {
    event: Event,
    teams: Vec<Team>,
    of: Tournament,
}

fn plan(teams: &[Team]) -> Value {
    let ids: Vec<_> = teams.iter().map(|team| &team.id).collect();
    json!({
        "groups": [{"name": "A", "teams": [ids[0], ids[1]]}, {"name": "B", "teams": [ids[2], ids[3]]}],
        "rounds": [{"name": "Final", "ties": [
            {"id": "final", "home": {"rank": {"group": 0, "rank": 1}}, "away": {"rank": {"group": 1, "rank": 1}}},
        ]}],
    })
}

impl Cup {
    async fn open(server: &Server) -> Self {
        let event = server.event().await;
        let mut teams = Vec::new();
        for name in ["Ants", "Bears", "Cats", "Dogs"] {
            teams.push(server.team(&event, name).await);
        }
        let path = format!("/api/events/{}/tournaments", event.id);
        let made = server.post(&path, &json!({"title": "Cup", "plan": plan(&teams)})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        Self { of: made.read(), event, teams }
    }

    fn path(&self) -> String {
        format!("/api/tournaments/{}", self.of.id)
    }

    async fn try_match(&self, server: &Server, home: usize, away: usize, tie: Option<&str>) -> Answer {
        let side = |n: usize| json!({"teamId": self.teams[n].id});
        let body = json!({"home": side(home), "away": side(away), "tournamentId": self.of.id, "tie": tie});
        server.post(&format!("/api/events/{}/matches", self.event.id), &body).await
    }

    async fn new_match(&self, server: &Server, home: usize, away: usize, tie: Option<&str>) -> Match {
        let made = self.try_match(server, home, away, tie).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.read()
    }

    async fn standing(&self, server: &Server) -> Standing {
        let read: Snapshot<Tournament> = server.get(&self.path()).await.read();
        let matches: Page<Match> = server.get(&format!("{}/matches", self.path())).await.read();
        let played: Vec<_> = matches.items.iter().map(Into::into).collect();
        assert_eq!(Standing::of(&read.item.plan, &played), read.item.standing, "a recount");
        read.item.standing
    }
}

/// What happens in a match that the home side wins by one goal.
async fn play(server: &Server, of: &Match) {
    for (n, what) in ["kickOff", "goal", "fullTime"].iter().enumerate() {
        let mut entry = json!({"id": format!("e{n}"), "at": at(n as u32 * 60), "kind": what});
        if *what == "goal" {
            entry["side"] = json!("home");
        }
        assert_eq!(server.post(&format!("/api/matches/{}/events", of.id), &entry).await.status, 201);
    }
}

over_every_transport! { m8_table_and_bracket_follow_the_matches_live }

async fn m8_table_and_bracket_follow_the_matches_live(transport: Transport) {
    let server = Server::start().await;
    let cup = Cup::open(&server).await;
    let topic = Topic::tournament(&cup.of.id);
    let mut follower = Follower::on(&server, transport, &topic, None).await;
    follower.next_subscribed().await;
    let first = cup.new_match(&server, 0, 1, None).await;
    let second = cup.new_match(&server, 3, 2, None).await;
    play(&server, &first).await;
    play(&server, &second).await;
    let of_final = cup.new_match(&server, 0, 3, Some("final")).await;
    play(&server, &of_final).await;
    let standing = cup.standing(&server).await;
    let tie = &standing.ties[0];
    let ids = [0, 3].map(|n: usize| Some(cup.teams[n].id.clone()));
    assert_eq!([&tie.home, &tie.away, &tie.winner], [&ids[0], &ids[1], &ids[0]]);
    assert_eq!(tie.match_id.as_ref(), Some(&of_final.id));

    let mut told: Vec<Standing> = Vec::new();
    let mut points: Vec<(TeamId, u32)> = Vec::new();
    while told.last() != Some(&standing) {
        let change = follower.next_publication().await.change;
        if let Some(TournamentChange::Standing(changed)) = change.read() {
            let top = &changed.standing.tables[0].rows[0];
            points.push((top.team_id.clone(), top.points));
            told.push(changed.standing);
        } else {
            let change = change.read::<MatchChange>();
            assert!(matches!(change, Some(MatchChange::New(_) | MatchChange::State(_))), "{change:?}");
        }
    }
    let (team, top) = (&cup.teams[0].id, |n: u32| (cup.teams[0].id.clone(), n));
    assert_eq!(points[..2], [top(1), top(3)], "kick-off, and the goal");
    assert!(told.iter().all(|standing| standing.tables[0].rows[0].team_id == *team));
    // A goal that is struck takes it all back.
    let strike = json!({"id": "s", "at": at(300), "kind": "strike", "of": "e1"});
    assert_eq!(server.post(&format!("/api/matches/{}/events", of_final.id), &strike).await.status, 201);
    assert_eq!(cup.standing(&server).await.ties[0].winner, None);
    assert_eq!(server.delete(&format!("/api/matches/{}", of_final.id)).await.status, 204);
    assert_eq!(cup.standing(&server).await.ties[0].match_id, None);
}

#[tokio::test]
async fn m8_a_match_has_its_place_in_the_tournament() {
    let server = Server::start().await;
    let cup = Cup::open(&server).await;
    for (home, away, tie, field) in
        [(0, 2, None, "tournamentId"), (0, 1, Some("semi"), "tie"), (0, 2, Some("final"), "tie")]
    {
        assert_eq!(cup.try_match(&server, home, away, tie).await.refusal(), (422, "invalid", field));
    }
    for (home, away) in [(0, 1), (2, 3)] {
        play(&server, &cup.new_match(&server, home, away, None).await).await;
    }
    assert_eq!(cup.try_match(&server, 0, 3, Some("final")).await.refusal(), (422, "invalid", "tie"));
    cup.new_match(&server, 2, 0, Some("final")).await;
    assert_eq!(cup.try_match(&server, 0, 2, Some("final")).await.refusal(), (409, "conflict", "tie"));
    let team = format!("/api/teams/{}", server.team(&cup.event, "Extra").await.id);
    assert_eq!(server.delete(&team).await.status, 204);
    assert_eq!(server.delete(&cup.path()).await.status, 204);
    assert_eq!(server.get(&cup.path()).await.refusal(), (404, "notFound", ""));
    let matches: Page<Match> = server.get(&format!("/api/events/{}/matches", cup.event.id)).await.read();
    assert!(matches.items.iter().all(|of| of.tournament_id.is_none() && of.tie.is_none()));
    assert_eq!(matches.items.len(), 3);
}

#[tokio::test]
async fn m8_a_plan_that_makes_no_sense_is_refused() {
    let server = Server::start().await;
    let cup = Cup::open(&server).await;
    let ids: Vec<_> = cup.teams.iter().map(|team| &team.id).collect();
    let ties = |ties: Value| json!({"groups": [{"name": "A", "teams": ids}], "rounds": [{"name": "R", "ties": ties}]});
    let (rank, winner) = (json!({"rank": {"group": 0, "rank": 1}}), |of: &str| json!({"winner": of}));
    for bad in [
        json!({"groups": [{"name": "A", "teams": ["nobody"]}]}),
        json!({"groups": [{"name": "A", "teams": [ids[0], ids[0]]}]}),
        json!({"groups": [{"name": "A", "teams": [ids[0]]}, {"name": "B", "teams": [ids[0]]}]}),
        json!({"groups": [{"name": " ", "teams": []}]}),
        json!({"groups": vec![json!({"name": "A", "teams": []}); 17]}),
        json!({"rounds": [{"name": "x".repeat(61), "ties": []}]}),
        ties(json!([{"id": "a", "home": rank, "away": {"rank": {"group": 1, "rank": 1}}}])),
        ties(json!([{"id": "a", "home": rank, "away": {"rank": {"group": 0, "rank": 5}}}])),
        ties(json!([{"id": "a", "home": rank, "away": {"rank": {"group": 0, "rank": 0}}}])),
        ties(json!([{"id": "a", "home": rank, "away": winner("a")}])),
        ties(json!([{"id": "a", "home": rank, "away": {"team": "nobody"}}])),
        ties(json!([{"id": "a", "home": rank, "away": rank}, {"id": "a", "home": rank, "away": rank}])),
        ties(json!(
            (0..65).map(|n| json!({"id": format!("t{n}"), "home": rank, "away": rank})).collect::<Vec<_>>()
        )),
    ] {
        let refused = server.patch(&cup.path(), &json!({"plan": bad})).await;
        assert_eq!(refused.refusal(), (422, "invalid", "plan"), "{bad}");
    }
    let refused = server.patch(&cup.path(), &json!({"plan": {"teams": []}})).await;
    assert_eq!(refused.refusal(), (400, "malformed", ""));
    let other = ties(json!([
        {"id": "a", "home": {"team": ids[0]}, "away": {"team": ids[1]}}, {"id": "b", "home": winner("a"), "away": {"loser": "a"}},
    ]));
    let changed = server.patch(&cup.path(), &json!({"title": "League", "plan": other})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let standing = cup.standing(&server).await;
    assert_eq!((standing.tables.len(), standing.tables[0].rows.len(), standing.ties.len()), (1, 4, 2));
    let team = format!("/api/teams/{}", ids[0]);
    assert_eq!(server.delete(&team).await.refusal(), (409, "conflict", "tournaments"));
}
