//! Teams: made, changed, deleted; each change published on the event that the team belongs to, on the team's own
//! topic, and where its matches are shown.

use std::collections::HashSet;

use shared::{
    EventId, TeamId, Topic, limits,
    model::match_::{MatchChange, NewPlayer, NewTeam, Player, Team, TeamDeleted, TeamPatch},
};

use super::{Refusal, match_, notification, required, text, tournament};
use crate::{
    ids::new_id,
    store::{StoreError, Tx, WorkError, follow, log, match_ as matches, notification::About, team as rows},
    time::timestamp,
};

const GONE: Refusal = Refusal::NotFound("team");
/// Largest number on a shirt.
const PLAYER_NUMBER_MAX: u16 = 999;

/// Makes a team of an event, and its topic.
pub async fn create(
    tx: &mut Tx<'_>,
    event_id: &EventId,
    new: NewTeam,
    at: i64,
) -> Result<Team, WorkError<Refusal>> {
    if rows::count(tx, event_id).await? >= limits::EVENT_TEAMS {
        let message = format!("an event has {} teams at most", limits::EVENT_TEAMS);
        return Err(WorkError::Refused(Refusal::Conflict { field: "teams", message }));
    }
    let team = Team {
        id: new_id(),
        event_id: event_id.clone(),
        name: required("name", &new.name, limits::TEAM_NAME_CHARS).map_err(WorkError::Refused)?,
        short: text("short", &new.short, limits::TEAM_SHORT_CHARS).map_err(WorkError::Refused)?,
        players: players(&[], &new.players).map_err(WorkError::Refused)?,
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    rows::insert(tx, &team, at).await?;
    log::create_topic(tx, &Topic::team(&team.id)).await?;
    log::append(tx, &Topic::event(event_id), at, |_| MatchChange::TeamNew(Box::new(team.clone()))).await?;
    Ok(team)
}

/// Who plays, by number and then by name. Who is known keeps their id.
fn players(known: &[Player], named: &[NewPlayer]) -> Result<Vec<Player>, Refusal> {
    let invalid = |message: String| Refusal::Invalid { field: "players", message };
    if named.len() > limits::TEAM_PLAYERS {
        return Err(invalid(format!("a team has {} players at most", limits::TEAM_PLAYERS)));
    }
    let mut players = Vec::with_capacity(named.len());
    for new in named {
        let id = match &new.id {
            None => new_id(),
            Some(id) if known.iter().any(|player| player.id == *id) => id.clone(),
            Some(id) => return Err(invalid(format!("{id} does not play for this team"))),
        };
        if players.iter().any(|player: &Player| player.id == id) {
            return Err(invalid(format!("{id} is named twice")));
        }
        if new.number.is_some_and(|number| number > PLAYER_NUMBER_MAX) {
            return Err(invalid(format!("a number is {PLAYER_NUMBER_MAX} at most")));
        }
        let name = required("players", &new.name, limits::PLAYER_NAME_CHARS)?;
        players.push(Player { id, name, number: new.number });
    }
    players.sort_by(|a, b| {
        let key = |player: &Player| (player.number.is_none(), player.number);
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id))
    });
    Ok(players)
}

/// Changes a team. What was said of it before is taken out of the logs: whoever is renamed, or plays no more, is
/// not to be found there by name.
pub async fn change(
    tx: &mut Tx<'_>,
    id: &TeamId,
    patch: TeamPatch,
    at: i64,
) -> Result<Team, WorkError<Refusal>> {
    let before = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    let mut after = patched(&before, patch).map_err(WorkError::Refused)?;
    if after == before {
        return Ok(before);
    }
    after.updated_at = timestamp(at);
    rows::update(tx, &after, at).await?;
    let update = MatchChange::TeamUpdate(Box::new(after.clone()));
    for topic in [Topic::event(&after.event_id), Topic::team(id)] {
        log::append(tx, &topic, at, |_| update.clone()).await?;
        log::redact_all(tx, &topic, &format!("team:{id}"), &update).await?;
    }
    follow::forget_players(tx, id).await?;
    // What was told of its matches names who is not called so any more.
    let names = |team: &Team| team.players.iter().map(|player| player.name.clone()).collect::<HashSet<_>>();
    let renamed = before.name != after.name || !names(&before).is_subset(&names(&after));
    for of in matches::of_team(tx, id).await? {
        if renamed {
            notification::withdraw(tx, About::Match(&of.id), at).await?;
        }
        match_::team_changed(tx, of, at).await?;
    }
    Ok(after)
}

fn patched(before: &Team, patch: TeamPatch) -> Result<Team, Refusal> {
    let mut team = before.clone();
    if let Some(name) = patch.name {
        team.name = required("name", &name, limits::TEAM_NAME_CHARS)?;
    }
    if let Some(short) = patch.short {
        team.short = text("short", &short, limits::TEAM_SHORT_CHARS)?;
    }
    if let Some(named) = patch.players {
        team.players = players(&before.players, &named)?;
    }
    Ok(team)
}

/// Deletes a team that plays in no match.
pub async fn delete(tx: &mut Tx<'_>, id: &TeamId, at: i64) -> Result<(), WorkError<Refusal>> {
    let team = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    if !matches::of_team(tx, id).await?.is_empty() {
        let message = "a team that has matches stays".to_owned();
        return Err(WorkError::Refused(Refusal::Conflict { field: "matches", message }));
    }
    if tournament::has_team(tx, &team.event_id, id).await? {
        let message = "a team that is in a tournament stays".to_owned();
        return Err(WorkError::Refused(Refusal::Conflict { field: "tournaments", message }));
    }
    rows::delete(tx, id).await?;
    Ok(gone(tx, &team, at).await?)
}

async fn gone(tx: &mut Tx<'_>, team: &Team, at: i64) -> Result<(), StoreError> {
    let deletion = MatchChange::TeamDelete(TeamDeleted { team_id: team.id.clone() });
    let event = Topic::event(&team.event_id);
    log::append(tx, &event, at, |_| deletion.clone()).await?;
    log::redact_all(tx, &event, &format!("team:{}", team.id), &deletion).await?;
    let own = Topic::team(&team.id);
    log::append(tx, &own, at, |_| deletion).await?;
    log::close_topic(tx, &own).await
}
