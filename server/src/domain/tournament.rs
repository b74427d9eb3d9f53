//! Tournaments: planned, changed, deleted, and kept as their matches stand. Each change is published on the event
//! that the tournament belongs to and on its own topic; a standing on the latter alone.

use std::collections::HashSet;

use shared::{
    EventId, TeamId, TieId, Topic, TournamentId, limits,
    model::{
        match_::Match,
        tournament::{
            NewTournament, Plan, Slot, Standing, StandingChanged, Tournament, TournamentChange,
            TournamentDeleted, TournamentPatch,
        },
    },
};

use super::{Refusal, required};
use crate::{
    ids::new_id,
    store::{StoreError, Tx, WorkError, log, match_ as matches, team, tournament as rows},
    time::timestamp,
};

const GONE: Refusal = Refusal::NotFound("tournament");

fn invalid(field: &'static str, message: &str) -> WorkError<Refusal> {
    WorkError::Refused(Refusal::Invalid { field, message: message.to_owned() })
}

/// Plans a tournament of an event's teams, and makes its topic.
pub async fn create(
    tx: &mut Tx<'_>,
    event_id: &EventId,
    new: NewTournament,
    at: i64,
) -> Result<Tournament, WorkError<Refusal>> {
    if rows::list(tx, event_id).await?.len() >= limits::EVENT_TOURNAMENTS {
        let message = format!("an event has {} tournaments at most", limits::EVENT_TOURNAMENTS);
        return Err(WorkError::Refused(Refusal::Conflict { field: "tournaments", message }));
    }
    let plan = checked(tx, event_id, new.plan).await?;
    let of = Tournament {
        id: new_id(),
        event_id: event_id.clone(),
        title: title("title", &new.title)?,
        standing: Standing::of(&plan, &[]),
        plan,
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    rows::insert(tx, &of, at).await?;
    log::create_topic(tx, &Topic::tournament(&of.id)).await?;
    let change = TournamentChange::New(Box::new(of.clone()));
    log::append(tx, &Topic::event(event_id), at, |_| change).await?;
    Ok(of)
}

fn title(field: &'static str, text: &str) -> Result<String, WorkError<Refusal>> {
    required(field, text, limits::TOURNAMENT_TITLE_CHARS).map_err(WorkError::Refused)
}

/// Holds a plan to its limits, to the teams that there are, and to itself.
async fn checked(tx: &mut Tx<'_>, event_id: &EventId, mut plan: Plan) -> Result<Plan, WorkError<Refusal>> {
    if plan.groups.len() > limits::TOURNAMENT_GROUPS {
        return Err(invalid("plan", &format!("{} groups at most", limits::TOURNAMENT_GROUPS)));
    }
    if plan.rounds.len() > limits::TOURNAMENT_TIES || plan.ties().count() > limits::TOURNAMENT_TIES {
        return Err(invalid("plan", &format!("{} ties at most", limits::TOURNAMENT_TIES)));
    }
    let known: HashSet<TeamId> = team::list(tx, event_id).await?.into_iter().map(|team| team.id).collect();
    let mut grouped = HashSet::new();
    for group in &mut plan.groups {
        group.name = title("plan", &group.name)?;
        if group.teams.len() > limits::GROUP_TEAMS {
            return Err(invalid("plan", &format!("{} teams in a group at most", limits::GROUP_TEAMS)));
        }
        for id in &group.teams {
            if !known.contains(id) {
                return Err(invalid("plan", &format!("there is no team {id} in this event")));
            }
            if !grouped.insert(id.clone()) {
                return Err(invalid("plan", &format!("{id} stands in the groups twice")));
            }
        }
    }
    for round in &mut plan.rounds {
        round.name = title("plan", &round.name)?;
    }
    check_ties(&plan, &known)?;
    Ok(plan)
}

/// A slot is somebody's who is there: a team, a rank of a group, or an earlier tie.
fn check_ties(plan: &Plan, known: &HashSet<TeamId>) -> Result<(), WorkError<Refusal>> {
    let mut earlier: HashSet<&TieId> = HashSet::new();
    for tie in plan.ties() {
        for slot in [&tie.home, &tie.away] {
            let is_there = match slot {
                Slot::Team(id) => known.contains(id),
                Slot::Rank { group, rank } => plan
                    .groups
                    .get(usize::from(*group))
                    .is_some_and(|group| (1..=group.teams.len()).contains(&usize::from(*rank))),
                Slot::Winner(of) | Slot::Loser(of) => earlier.contains(of),
            };
            if !is_there {
                return Err(invalid("plan", &format!("a slot of {} speaks of what is not there", tie.id)));
            }
        }
        if !earlier.insert(&tie.id) {
            return Err(invalid("plan", &format!("there are two ties {}", tie.id)));
        }
    }
    Ok(())
}

/// Changes a tournament.
pub async fn change(
    tx: &mut Tx<'_>,
    id: &TournamentId,
    patch: TournamentPatch,
    at: i64,
) -> Result<Tournament, WorkError<Refusal>> {
    let before = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    let mut after = before.clone();
    if let Some(text) = patch.title {
        after.title = title("title", &text)?;
    }
    if let Some(plan) = patch.plan {
        after.plan = checked(tx, &before.event_id, plan).await?;
    }
    if after == before {
        return Ok(before);
    }
    after.standing = Standing::of(&after.plan, &matches::played(tx, id).await?);
    after.updated_at = timestamp(at);
    rows::update(tx, &after, at).await?;
    for topic in [Topic::event(&after.event_id), Topic::tournament(id)] {
        let change = TournamentChange::Update(Box::new(after.clone()));
        log::append(tx, &topic, at, |_| change).await?;
    }
    Ok(after)
}

/// Deletes a tournament; its matches stay.
pub async fn delete(tx: &mut Tx<'_>, id: &TournamentId, at: i64) -> Result<(), WorkError<Refusal>> {
    let of = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    rows::delete(tx, id).await?;
    let deletion = TournamentChange::Delete(TournamentDeleted { tournament_id: id.clone() });
    let event = Topic::event(&of.event_id);
    log::append(tx, &event, at, |_| deletion.clone()).await?;
    log::redact_all(tx, &event, &format!("tournament:{id}"), &deletion).await?;
    let own = Topic::tournament(id);
    log::append(tx, &own, at, |_| deletion).await?;
    Ok(log::close_topic(tx, &own).await?)
}

/// Refuses a match that has no place in its tournament: two teams of one group, or the two of a tie that nobody
/// else has.
pub(super) async fn check_match(tx: &mut Tx<'_>, of: &Match) -> Result<(), WorkError<Refusal>> {
    let Some(id) = &of.tournament_id else {
        return if of.tie.is_none() { Ok(()) } else { Err(invalid("tie", "a tie is one of a tournament")) };
    };
    let found = rows::find(tx, id).await?.filter(|tournament| tournament.event_id == of.event_id);
    let tournament =
        found.ok_or_else(|| invalid("tournamentId", "there is no such tournament in this event"))?;
    let teams = [&of.sheet.home.team_id, &of.sheet.away.team_id];
    let Some(tie) = &of.tie else {
        let is_group =
            |group: &shared::model::tournament::Group| teams.iter().all(|id| group.teams.contains(id));
        let found = tournament.plan.groups.iter().any(is_group);
        return if found {
            Ok(())
        } else {
            Err(invalid("tournamentId", "the teams are in no group together"))
        };
    };
    let found = tournament.standing.ties.iter().find(|state| state.id == *tie);
    let state = found.ok_or_else(|| invalid("tie", "there is no such tie in this tournament"))?;
    let who = [&state.home, &state.away].map(Option::as_ref);
    if who.iter().any(|team| team.is_none_or(|team| !teams.contains(&team))) {
        return Err(invalid("tie", "these are not, or not yet, the teams of this tie"));
    }
    if state.match_id.is_some() {
        let message = "this tie has a match already".to_owned();
        return Err(WorkError::Refused(Refusal::Conflict { field: "tie", message }));
    }
    Ok(())
}

/// A match of a tournament stands otherwise: says so where the tournament is followed, if its tables or its
/// bracket do as well.
pub(super) async fn tell(tx: &mut Tx<'_>, id: Option<&TournamentId>, at: i64) -> Result<(), StoreError> {
    let Some(id) = id else { return Ok(()) };
    let Some(before) = rows::find(tx, id).await? else { return Ok(()) };
    let standing = Standing::of(&before.plan, &matches::played(tx, id).await?);
    if standing == before.standing {
        return Ok(());
    }
    rows::set_standing(tx, id, &standing).await?;
    let changed = StandingChanged { tournament_id: id.clone(), standing };
    let change = TournamentChange::Standing(Box::new(changed));
    log::append(tx, &Topic::tournament(id), at, |_| change).await.map(drop)
}

/// Whether a team is in the plan of one of its event's tournaments.
pub(super) async fn has_team(tx: &mut Tx<'_>, event: &EventId, team: &TeamId) -> Result<bool, StoreError> {
    let tournaments = rows::list(tx, event).await?;
    Ok(tournaments.iter().any(|of| {
        let in_tie = |slot: &Slot| matches!(slot, Slot::Team(id) if id == team);
        of.plan.groups.iter().any(|group| group.teams.contains(team))
            || of.plan.ties().any(|tie| in_tie(&tie.home) || in_tie(&tie.away))
    }))
}
