//! A match and what happens in it, recorded like any recorder does: under ids of one's own, so that what is there
//! already is not recorded again.
//!
//! Knows no HTTP. Called by `cup` and `final_2018`.

use std::{collections::HashSet, time::Duration};

use anyhow::{Context as _, Result};
use shared::{
    IdempotencyKey, MatchEventId, Timestamp,
    model::match_::{Entry, Happening, Match, NewMatch, NewPlayer, NewTeam, NewTeamSheet, What},
};

use crate::api::Api;

/// What happens, once it is known who plays.
pub(crate) enum Happens {
    Is(Box<dyn Fn(&Match) -> What + Send + Sync>),
    /// What was recorded last does not count.
    StrikesTheOneBefore,
}

impl Happens {
    pub(crate) fn is(what: impl Fn(&Match) -> What + Send + Sync + 'static) -> Self {
        Self::Is(Box::new(what))
    }
}

/// Something that happens.
pub(crate) struct Moment {
    /// Seconds after the moment before.
    pub(crate) after_s: u32,
    pub(crate) what: Happens,
    pub(crate) text: String,
}

/// A match, and all that happens in it in order of time.
pub(crate) struct Fixture {
    pub(crate) of: Match,
    pub(crate) moments: Vec<Moment>,
}

fn id(at: usize) -> Result<MatchEventId> {
    Ok(format!("demo-{at:03}").parse()?)
}

impl Fixture {
    fn entry(&self, at: usize, when_ms: i64) -> Result<Entry> {
        let moment = &self.moments[at];
        let what = match &moment.what {
            Happens::Is(what) => what(&self.of),
            Happens::StrikesTheOneBefore => What::Strike { of: id(at.saturating_sub(1))? },
        };
        let happening = Happening { at: timestamp(when_ms)?, what, text: moment.text.clone() };
        Ok(Entry { id: id(at)?, happening })
    }

    /// Records what happened from a moment on (milliseconds since 1970), all of it at once.
    pub(crate) async fn record_past(&self, api: &Api, begun_ms: i64) -> Result<()> {
        let known = self.known(api).await?;
        let mut when_ms = begun_ms;
        for at in 0..self.moments.len() {
            when_ms += i64::from(self.moments[at].after_s) * 1000;
            let entry = self.entry(at, when_ms)?;
            if !known.contains(&entry.id) {
                api.record(&self.of.id, &entry).await?;
            }
        }
        Ok(())
    }

    /// Records what happens as it happens, from where it stands. False if nothing was left.
    pub(crate) async fn record_live(&self, api: &Api, speed: f64) -> Result<bool> {
        let known = self.known(api).await?;
        let mut news = false;
        for (at, moment) in self.moments.iter().enumerate() {
            if known.contains(&id(at)?) {
                continue;
            }
            news = true;
            tokio::time::sleep(Duration::from_secs(moment.after_s.into()).div_f64(speed)).await;
            let entry = self.entry(at, jiff::Timestamp::now().as_millisecond())?;
            api.record(&self.of.id, &entry).await?;
        }
        Ok(news)
    }

    async fn known(&self, api: &Api) -> Result<HashSet<MatchEventId>> {
        let log = api.entries(&self.of.id).await?;
        Ok(log.into_iter().map(|event| event.entry.id).collect())
    }
}

/// Moments of which it is known when they were, in seconds after the first.
pub(crate) fn in_order(mut all: Vec<(u32, Happens)>) -> Vec<Moment> {
    all.sort_by_key(|(seconds, _)| *seconds);
    let mut before = 0;
    let moments = all.into_iter().map(|(seconds, what)| {
        let after_s = seconds - std::mem::replace(&mut before, seconds);
        Moment { after_s, what, text: String::new() }
    });
    moments.collect()
}

/// A moment as the wire writes it.
pub(crate) fn timestamp(ms: i64) -> Result<Timestamp> {
    let moment = jiff::Timestamp::from_millisecond(ms).context("there is no such moment")?;
    Ok(moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().parse()?)
}

/// The key of a part of what is told under a slug.
pub(crate) fn key(slug: &str, part: &str) -> Result<IdempotencyKey> {
    Ok(format!("demo-{slug}-{part}").parse()?)
}

/// A team with these players, by name and number.
pub(crate) fn team(name: &str, short: &str, players: impl Iterator<Item = (String, Option<u16>)>) -> NewTeam {
    let players = players.map(|(name, number)| NewPlayer { id: None, name, number });
    NewTeam { name: name.to_owned(), short: short.to_owned(), players: players.collect() }
}

/// A match of two teams, and nothing more said about it.
pub(crate) const fn pairing(home: NewTeamSheet, away: NewTeamSheet) -> NewMatch {
    NewMatch {
        home,
        away,
        tournament_id: None,
        tie: None,
        title: String::new(),
        starts_at: None,
        half_minutes: None,
        extra_minutes: None,
    }
}
