//! What happens in a match: recorded, and published with what it comes to, in one transaction.

use serde::{Deserialize, Serialize};
use shared::{
    MatchId, Topic, limits,
    model::{
        match_::{Entry, Happening, Match, MatchChange, MatchEvent, MatchStateChanged, Recount, Sheet, What},
        media::Author,
    },
};

use super::{GONE, invalid, shown_on, teams};
use crate::{
    auth::{
        Principal,
        permission::{self, Action},
    },
    domain::{Refusal, follow::Telling, text, tournament},
    store::{StoreError, Tx, WorkError, log, match_ as rows},
    time::{from_timestamp, timestamp},
};

/// What was recorded, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub events: Vec<MatchEvent>,
    /// Some of it was not there before.
    pub fresh: bool,
}

/// Takes entries into the log of a match: all of them or none. What is there already, from the same author and
/// with the same content, is answered as it stands.
pub async fn record(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &MatchId,
    entries: Vec<Entry>,
    at: i64,
) -> Result<Recorded, WorkError<Refusal>> {
    let of = rows::find(tx, id).await?.ok_or(WorkError::Refused(GONE))?;
    let mut book = Book { known: rows::entries(tx, id).await?, of, principal, at };
    let before = book.known.len();
    let mut telling = Telling::begin(tx, &book.of, &book.known).await?;
    let by = principal.user().map(|user| &user.person);
    let mut events = Vec::with_capacity(entries.len());
    for entry in entries {
        let (key, stored) = (entry.id.clone().into(), book.known.len());
        let recorded = book.take(tx, entry).await.map_err(|error| match error {
            WorkError::Refused(refusal) => {
                WorkError::Refused(Refusal::One { key, refusal: Box::new(refusal) })
            }
            WorkError::Store(_) => error,
        });
        events.push(recorded?);
        if let Some(telling) = telling.as_mut().filter(|_| book.known.len() > stored) {
            telling.tell(tx, &book.known, by, at).await?;
        }
    }
    let fresh = book.known.len() > before;
    if fresh {
        book.tell_state(tx).await?;
    }
    Ok(Recorded { events, fresh })
}

/// A match's log, being written to.
struct Book<'p> {
    of: Match,
    known: Vec<MatchEvent>,
    principal: &'p Principal,
    at: i64,
}

impl Book<'_> {
    async fn take(&mut self, tx: &mut Tx<'_>, mut entry: Entry) -> Result<MatchEvent, WorkError<Refusal>> {
        clean(&mut entry.happening).map_err(WorkError::Refused)?;
        let author = author(self.principal);
        if let Some(known) = self.known.iter().find(|known| known.entry.id == entry.id) {
            let same = known.entry == entry && known.author.account_id == author.account_id;
            return if same { Ok(known.clone()) } else { Err(WorkError::Refused(Refusal::KeyReused)) };
        }
        if self.known.len() >= limits::MATCH_EVENTS {
            let message = format!("a match has {} entries at most", limits::MATCH_EVENTS);
            return Err(WorkError::Refused(Refusal::Conflict { field: "events", message }));
        }
        self.check(&entry.happening)?;
        self.may_correct(tx, &entry.happening.what).await?;
        self.append(tx, entry, author).await
    }

    /// Holds what happened to the sheet and to the clock.
    fn check(&self, happening: &Happening) -> Result<(), WorkError<Refusal>> {
        let Happening { at, what, .. } = happening;
        let latest = self.at.saturating_add((limits::MATCH_AHEAD_S * 1000) as i64);
        match from_timestamp(at) {
            None => return Err(invalid("at", "there is no such day or time")),
            Some(at) if at > latest => return Err(invalid("at", "this lies ahead of the server's clock")),
            Some(_) => {}
        }
        if let What::Amend { to, .. } = what {
            if to.what.corrects().is_some() {
                return Err(invalid("to", "a correction says what happened, and corrects nothing further"));
            }
            return self.check(to);
        }
        let Some(side) = what.side() else { return Ok(()) };
        let sheet: &Sheet = &self.of.sheet;
        let plays = |id: &&shared::PlayerId| sheet.of(side).players.iter().any(|player| player.id == **id);
        match what.players().into_iter().flatten().find(|id| !plays(id)) {
            Some(stranger) => Err(invalid("player", &format!("{stranger} does not play on this side"))),
            None => Ok(()),
        }
    }

    /// One's own entries are one's own to correct; another's take the right to manage the match.
    async fn may_correct(&self, tx: &mut Tx<'_>, what: &What) -> Result<(), WorkError<Refusal>> {
        let Some(of) = what.corrects() else { return Ok(()) };
        let found = self.known.iter().find(|known| known.entry.id == *of);
        let earlier = found.ok_or_else(|| invalid("of", "there is no such entry before this one"))?;
        match (what, &earlier.entry.happening.what) {
            (What::Amend { .. }, What::Amend { .. } | What::Strike { .. }) | (_, What::Strike { .. }) => {
                return Err(invalid("of", "an entry is amended; an entry or an amendment is struck"));
            }
            _ => {}
        }
        let by = &earlier.author.account_id;
        if by.is_some() && by.as_ref() == self.principal.account_id() {
            return Ok(());
        }
        permission::require(tx, self.principal, Action::Manage, &Topic::of_match(&self.of.id)).await
    }

    async fn append(
        &mut self,
        tx: &mut Tx<'_>,
        entry: Entry,
        author: Author,
    ) -> Result<MatchEvent, WorkError<Refusal>> {
        let mut recorded = None;
        let (match_id, created_at) = (self.of.id.clone(), timestamp(self.at));
        log::append(tx, &Topic::of_match(&self.of.id), self.at, |offset| {
            let event = MatchEvent { entry, match_id, offset, author, created_at };
            recorded = Some(event.clone());
            MatchChange::Event(Box::new(event))
        })
        .await?;
        let event = recorded.ok_or(WorkError::Refused(GONE))?;
        for team in teams(&self.of) {
            let change = || MatchChange::Event(Box::new(event.clone()));
            log::append(tx, &Topic::team(team), self.at, |_| change()).await?;
        }
        rows::insert_entry(tx, &event, self.at).await?;
        self.known.push(event.clone());
        Ok(event)
    }

    /// Counts the whole log again, and says what it comes to.
    async fn tell_state(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let id = &self.of.id;
        let state = Recount::of(&self.of.sheet, self.known.iter().map(|known| &known.entry)).state;
        rows::set_state(tx, id, &state).await?;
        let changed = MatchStateChanged { match_id: id.clone(), state };
        for topic in shown_on(&self.of).into_iter().chain([Topic::of_match(id)]) {
            let change = || MatchChange::State(Box::new(changed.clone()));
            log::append(tx, &topic, self.at, |_| change()).await?;
        }
        tournament::tell(tx, self.of.tournament_id.as_ref(), self.at).await
    }
}

/// Trims the texts and holds them to their limit.
fn clean(happening: &mut Happening) -> Result<(), Refusal> {
    happening.text = text("text", &happening.text, limits::MATCH_TEXT_CHARS)?;
    if let What::Amend { to, .. } = &mut happening.what {
        to.text = text("text", &to.text, limits::MATCH_TEXT_CHARS)?;
    }
    Ok(())
}

/// Who records: somebody with an account by its name, others without one.
fn author(principal: &Principal) -> Author {
    let person = principal.user().map(|user| &user.person);
    Author {
        name: person.map(|person| person.display_name.clone()).unwrap_or_default(),
        account_id: person.map(|person| person.id.clone()),
    }
}
