//! Following teams and players (M7): who may, how many, and who is told what of a match. Follows no topic.
//!
//! [`Telling`] is called by the recording of a match, inside its transaction, once for each entry that is new in the
//! log: a replay is not. Whether somebody is told in the end is `notification`'s to decide.

use std::collections::HashMap;

use shared::{
    AccountId, MatchEventId, PlayerId, TeamId, limits,
    model::{
        account::Person,
        follow::Followed,
        match_::{Entry, Match, MatchEvent, Minute, Phase, Recount, What},
        notification::NotificationKind,
    },
};

mod words;

use super::{
    Refusal,
    notification::{self, Notice},
};
use crate::store::{StoreError, Tx, WorkError, follow as rows, team};

/// Follows a team, or one player of it. Called for who may read the team.
pub async fn follow(
    tx: &mut Tx<'_>,
    account: &AccountId,
    team_id: &TeamId,
    player: Option<&PlayerId>,
    at: i64,
) -> Result<(), WorkError<Refusal>> {
    let team = team::find(tx, team_id).await?.ok_or(WorkError::Refused(Refusal::NotFound("team")))?;
    if player.is_some_and(|id| team.players.iter().all(|plays| plays.id != *id)) {
        return Err(WorkError::Refused(Refusal::NotFound("player")));
    }
    if rows::exists(tx, account, team_id, player).await? {
        return Ok(());
    }
    let full = |message: String| WorkError::Refused(Refusal::Conflict { field: "follows", message });
    if rows::count(tx, account).await? >= limits::FOLLOWS {
        return Err(full(format!("one follows {} teams and players at most", limits::FOLLOWS)));
    }
    if rows::count_others(tx, team_id, account).await? >= limits::TEAM_FOLLOWERS {
        return Err(full(format!("a team is followed by {} people at most", limits::TEAM_FOLLOWERS)));
    }
    Ok(rows::insert(tx, account, team_id, player, at).await?)
}

/// Tells who follows what is recorded in a match.
#[derive(Debug)]
pub struct Telling {
    followers: Vec<(AccountId, Followed)>,
    before: Reading,
}

/// What a log says, to be compared with what it says one entry later.
#[derive(Debug)]
struct Reading {
    phase: Phase,
    /// What counts, by entry; struck it is not here.
    lines: HashMap<MatchEventId, (What, Minute)>,
    of: Match,
}

impl Reading {
    fn of(of: &Match, log: &[MatchEvent]) -> Self {
        let recount = Recount::of(&of.sheet, log.iter().map(|event| &event.entry));
        let lines = recount.told.iter().filter(|line| line.struck.is_none());
        let lines = lines.map(|line| (line.entry.id.clone(), (line.happening.what.clone(), line.minute)));
        let (phase, lines) = (recount.state.phase, lines.collect());
        Self { phase, lines, of: Match { state: recount.state, ..of.clone() } }
    }
}

impl Telling {
    /// For a match with this log; `None` if nobody follows who plays it.
    pub async fn begin(tx: &mut Tx<'_>, of: &Match, log: &[MatchEvent]) -> Result<Option<Self>, StoreError> {
        let all = rows::followers(tx, [&of.sheet.home.team_id, &of.sheet.away.team_id]).await?;
        if all.is_empty() {
            return Ok(None);
        }
        let followers = all
            .chunk_by(|one, next| one.account == next.account)
            .map(|of_one| {
                let follows = of_one.iter().map(|one| (&one.team, one.player.as_ref()));
                (of_one[0].account.clone(), Followed::in_match(&of.sheet, follows))
            })
            .collect();
        Ok(Some(Self { followers, before: Reading::of(of, log) }))
    }

    /// Tells what the last entry of the log has made of it.
    pub async fn tell(
        &mut self,
        tx: &mut Tx<'_>,
        log: &[MatchEvent],
        by: Option<&Person>,
        at: i64,
    ) -> Result<(), StoreError> {
        let Some(entry) = log.last().map(|event| &event.entry) else { return Ok(()) };
        let after = Reading::of(&self.before.of, log);
        let before = std::mem::replace(&mut self.before, after);
        let Some(news) = News::of(&before, &self.before, log, entry) else { return Ok(()) };
        let of = &self.before.of;
        for (account, followed) in &self.followers {
            let Some(text) = news.text(of, followed) else { continue };
            let notice = Notice {
                kind: NotificationKind::Match,
                subject: format!("match:{}", of.id),
                by: by.cloned(),
                reached: None,
                event_id: Some(of.event_id.clone()),
                media_id: None,
                post_id: None,
                comment_id: None,
                match_id: Some(of.id.clone()),
                text,
            };
            notification::tell(tx, account, notice, at).await?;
        }
        Ok(())
    }
}

type Line = (What, Minute);

/// What has become of one line of a log.
#[derive(Debug)]
struct News<'a> {
    was: Option<&'a Line>,
    is: Option<&'a Line>,
    corrects: bool,
}

impl<'a> News<'a> {
    fn of(before: &'a Reading, after: &'a Reading, log: &[MatchEvent], entry: &Entry) -> Option<Self> {
        let root = root(log, entry);
        let (was, is) = (before.lines.get(root), after.lines.get(root));
        let is_phase = |line: Option<&Line>| line.is_some_and(|(what, _)| what.phase().is_some());
        // A half that has begun does not begin again, whoever says so and however late.
        if (is_phase(was) || is_phase(is)) && before.phase == after.phase {
            return None;
        }
        Some(Self { was, is, corrects: entry.happening.what.corrects().is_some() })
    }

    /// What somebody is to be told of it, if it concerns what they follow.
    fn text(&self, of: &Match, followed: &Followed) -> Option<String> {
        let concerning = |line: Option<&'a Line>| line.filter(|(what, _)| followed.is_concerned_by(what));
        let (was, is) = (concerning(self.was), concerning(self.is));
        let said = |line: Option<&Line>| line.map(|(what, _)| words::said(&of.sheet, what));
        // What was told once is not told again because it was a minute later.
        if said(was) == said(is) {
            return None;
        }
        let happened = |(what, minute): &Line| words::happened(&of.sheet, what, *minute);
        let news = match (was, is) {
            (_, Some(is)) if self.corrects => format!("Corrected: {}", happened(is)),
            (_, Some(is)) => happened(is),
            (Some(was), None) => format!("Taken back: {}", happened(was)),
            (None, None) => return None,
        };
        Some(format!("{} · {news}", words::standing(of)))
    }
}

/// The entry that another one speaks of in the end; itself, if it corrects nothing.
fn root<'a>(log: &'a [MatchEvent], entry: &'a Entry) -> &'a MatchEventId {
    let mut id = &entry.id;
    let mut corrects = entry.happening.what.corrects();
    // A strike of an amendment of an entry: deeper it does not go.
    while let Some(of) = corrects {
        id = of;
        let earlier = log.iter().map(|event| &event.entry).find(|earlier| earlier.id == *of);
        corrects = earlier.and_then(|earlier| earlier.happening.what.corrects());
    }
    id
}
