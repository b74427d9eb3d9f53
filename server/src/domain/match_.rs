//! Matches: made, changed, deleted. Each change is published on the event that the match belongs to, on its own
//! topic, and on those of its teams and its tournament. What happens in them is `record`'s.

mod record;

use shared::{
    EventId, MatchId, PlayerId, TeamId, Timestamp, Topic, limits,
    model::match_::{
        EXTRA_MINUTES, HALF_MINUTES, Match, MatchChange, MatchDeleted, MatchEvent, MatchPatch, MatchState,
        NewMatch, NewTeamSheet, Recount, Sheet, TeamSheet,
    },
};

pub use record::{Recorded, record};

use super::{Refusal, notification, text, tournament};
use crate::{
    ids::new_id,
    store::{StoreError, Tx, WorkError, log, match_ as rows, notification::About, team},
    time::{from_timestamp, timestamp},
};

const GONE: Refusal = Refusal::NotFound("match");

/// Makes a match of two teams of an event, and its topic.
pub async fn create(
    tx: &mut Tx<'_>,
    event_id: &EventId,
    new: NewMatch,
    at: i64,
) -> Result<Match, WorkError<Refusal>> {
    if rows::count(tx, event_id).await? >= limits::EVENT_MATCHES {
        let message = format!("an event has {} matches at most", limits::EVENT_MATCHES);
        return Err(WorkError::Refused(Refusal::Conflict { field: "matches", message }));
    }
    if new.home.team_id == new.away.team_id {
        return Err(invalid("away", "a team does not play against itself"));
    }
    let of = Match {
        id: new_id(),
        event_id: event_id.clone(),
        tournament_id: new.tournament_id,
        tie: new.tie,
        title: text("title", &new.title, limits::MATCH_TITLE_CHARS).map_err(WorkError::Refused)?,
        starts_at: new.starts_at,
        sheet: Sheet {
            home: team_sheet(tx, event_id, "home", new.home).await?,
            away: team_sheet(tx, event_id, "away", new.away).await?,
            half_minutes: minutes("halfMinutes", new.half_minutes.unwrap_or(HALF_MINUTES))?,
            extra_minutes: minutes("extraMinutes", new.extra_minutes.unwrap_or(EXTRA_MINUTES))?,
        },
        state: MatchState::default(),
        created_at: timestamp(at),
        updated_at: timestamp(at),
    };
    tournament::check_match(tx, &of).await?;
    rows::insert(tx, &of, stored(of.starts_at.as_ref())?, at).await?;
    log::create_topic(tx, &Topic::of_match(&of.id)).await?;
    for topic in shown_on(&of) {
        log::append(tx, &topic, at, |_| MatchChange::New(Box::new(of.clone()))).await?;
    }
    tournament::tell(tx, of.tournament_id.as_ref(), at).await?;
    Ok(of)
}

fn invalid(field: &'static str, message: &str) -> WorkError<Refusal> {
    WorkError::Refused(Refusal::Invalid { field, message: message.to_owned() })
}

async fn team_sheet(
    tx: &mut Tx<'_>,
    event_id: &EventId,
    field: &'static str,
    new: NewTeamSheet,
) -> Result<TeamSheet, WorkError<Refusal>> {
    let found = team::find(tx, &new.team_id).await?.filter(|team| team.event_id == *event_id);
    let team = found.ok_or_else(|| invalid(field, "there is no such team in this event"))?;
    let mut sheet = TeamSheet {
        team_id: team.id.clone(),
        name: String::new(),
        short: String::new(),
        players: Vec::new(),
        starting: Vec::new(),
    };
    rows::show_team(&mut sheet, &team);
    sheet.starting = starting(field, &sheet, new.starting)?;
    Ok(sheet)
}

/// Who begins, in the order of the sheet.
fn starting(
    field: &'static str,
    sheet: &TeamSheet,
    named: Vec<PlayerId>,
) -> Result<Vec<PlayerId>, WorkError<Refusal>> {
    let plays = |id: &PlayerId| sheet.players.iter().any(|player| player.id == *id);
    if let Some(stranger) = named.iter().find(|id| !plays(id)) {
        return Err(invalid(field, &format!("{stranger} does not play for this team")));
    }
    let ids = sheet.players.iter().map(|player| &player.id);
    Ok(ids.filter(|id| named.contains(id)).cloned().collect())
}

fn minutes(field: &'static str, minutes: u16) -> Result<u16, WorkError<Refusal>> {
    if minutes == 0 || usize::from(minutes) > limits::MATCH_HALF_MINUTES {
        return Err(invalid(field, &format!("between 1 and {}", limits::MATCH_HALF_MINUTES)));
    }
    Ok(minutes)
}

fn stored(starts_at: Option<&Timestamp>) -> Result<Option<i64>, WorkError<Refusal>> {
    let Some(starts_at) = starts_at else { return Ok(None) };
    from_timestamp(starts_at).map(Some).ok_or_else(|| invalid("startsAt", "there is no such day or time"))
}

/// Where a match is shown, besides its own topic.
fn shown_on(of: &Match) -> Vec<Topic> {
    let mut topics = vec![Topic::event(&of.event_id)];
    topics.extend(teams(of).map(Topic::team));
    topics.extend(of.tournament_id.as_ref().map(Topic::tournament));
    topics
}

fn teams(of: &Match) -> impl Iterator<Item = &TeamId> {
    [&of.sheet.home.team_id, &of.sheet.away.team_id].into_iter()
}

/// Changes a match: what is agreed about it, never what happened in it.
pub async fn change(
    tx: &mut Tx<'_>,
    id: &MatchId,
    patch: MatchPatch,
    at: i64,
) -> Result<Match, WorkError<Refusal>> {
    let before = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    let mut after = patched(before.clone(), patch)?;
    if after == before {
        return Ok(before);
    }
    after.updated_at = timestamp(at);
    after.state = recount(tx, &after).await?;
    rows::update(tx, &after, stored(after.starts_at.as_ref())?, at).await?;
    for topic in shown_on(&after).into_iter().chain([Topic::of_match(id)]) {
        log::append(tx, &topic, at, |_| MatchChange::Update(Box::new(after.clone()))).await?;
    }
    tournament::tell(tx, after.tournament_id.as_ref(), at).await?;
    Ok(after)
}

fn patched(mut of: Match, patch: MatchPatch) -> Result<Match, WorkError<Refusal>> {
    if let Some(title) = patch.title {
        of.title = text("title", &title, limits::MATCH_TITLE_CHARS).map_err(WorkError::Refused)?;
    }
    if let Some(starts_at) = patch.starts_at {
        of.starts_at = Some(starts_at);
    }
    if let Some(named) = patch.home_starting {
        of.sheet.home.starting = starting("homeStarting", &of.sheet.home, named)?;
    }
    if let Some(named) = patch.away_starting {
        of.sheet.away.starting = starting("awayStarting", &of.sheet.away, named)?;
    }
    if let Some(of_half) = patch.half_minutes {
        of.sheet.half_minutes = minutes("halfMinutes", of_half)?;
    }
    if let Some(of_half) = patch.extra_minutes {
        of.sheet.extra_minutes = minutes("extraMinutes", of_half)?;
    }
    Ok(of)
}

async fn recount(tx: &mut Tx<'_>, of: &Match) -> Result<MatchState, StoreError> {
    let log: Vec<MatchEvent> = rows::entries(tx, &of.id).await?;
    Ok(Recount::of(&of.sheet, log.iter().map(|event| &event.entry)).state)
}

/// One of its teams is called otherwise, or has other players: that is said where the match is shown, and what
/// was said before is taken out of the logs.
pub(super) async fn team_changed(tx: &mut Tx<'_>, mut of: Match, at: i64) -> Result<(), WorkError<Refusal>> {
    of.state = recount(tx, &of).await?;
    of.updated_at = timestamp(at);
    rows::update(tx, &of, stored(of.starts_at.as_ref())?, at).await?;
    let update = MatchChange::Update(Box::new(of.clone()));
    for topic in shown_on(&of).into_iter().chain([Topic::of_match(&of.id)]) {
        log::append(tx, &topic, at, |_| update.clone()).await?;
        log::redact(tx, &topic, &format!("match:{}", of.id), shared::Offset(1), &update).await?;
    }
    Ok(())
}

/// Deletes a match with its log.
pub async fn delete(tx: &mut Tx<'_>, id: &MatchId, at: i64) -> Result<(), WorkError<Refusal>> {
    let of = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    notification::withdraw(tx, About::Match(id), at).await?;
    rows::delete(tx, id).await?;
    let deletion = MatchChange::Delete(MatchDeleted { match_id: id.clone() });
    for topic in shown_on(&of) {
        log::append(tx, &topic, at, |_| deletion.clone()).await?;
        log::redact_all(tx, &topic, &format!("match:{id}"), &deletion).await?;
    }
    let own = Topic::of_match(id);
    log::append(tx, &own, at, |_| deletion).await?;
    log::close_topic(tx, &own).await?;
    Ok(tournament::tell(tx, of.tournament_id.as_ref(), at).await?)
}
