//! The log of topics: append, read, head, retention.
//!
//! Promises, held by `tests.rs` on every engine: offsets of a topic are 1, 2, 3 … without holes in commit
//! order; what is read back is what was appended; a piece of work that fails leaves no trace; a position is
//! either readable in full or refused.

use std::borrow::Cow;

use shared::{DomainChange, Epoch, Offset, Position, PublicationId, Topic, TopicKind};

use super::{Appended, Effect, StoreError, Tx, tx::parse};
use crate::{ids::new_epoch, time::timestamp};

/// Where a topic's log begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    pub epoch: Epoch,
    /// The newest publication.
    pub head: Offset,
    /// The newest publication that retention has removed; reading begins after it.
    pub trimmed: Offset,
    /// Nothing will be appended any more, and nobody may subscribe.
    pub closed: bool,
}

impl Extent {
    /// The position at the head.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch.clone(), offset: self.head }
    }
}

/// Begins a topic. It must not exist.
pub async fn create_topic(tx: &mut Tx<'_>, topic: &Topic) -> Result<(), StoreError> {
    let epoch = new_epoch();
    tx.execute(
        "insert into topic (name, epoch) values ($1, $2)",
        &[topic.as_str().into(), epoch.as_str().into()],
    )
    .await
    .map(drop)
}

/// Begins a topic that belongs to no resource, unless it exists.
pub async fn ensure_topic(tx: &mut Tx<'_>, topic: &Topic) -> Result<(), StoreError> {
    let epoch = new_epoch();
    tx.execute(
        "insert into topic (name, epoch) values ($1, $2) on conflict (name) do nothing",
        &[topic.as_str().into(), epoch.as_str().into()],
    )
    .await
    .map(drop)
}

/// Appends a publication to a topic: `change` is given the offset that it will have. Call it once per
/// publication, inside the work that changes the rows it speaks of.
///
/// Returns `None` when there is no such topic, or it is closed.
pub async fn append<C: DomainChange>(
    tx: &mut Tx<'_>,
    topic: &Topic,
    at: i64,
    change: impl FnOnce(Offset) -> C,
) -> Result<Option<Offset>, StoreError> {
    let moved = tx
        .first(
            "update topic set head = head + 1 where name = $1 and not closed returning id, epoch, head",
            &[topic.as_str().into()],
            |row| Ok((row.int(0)?, row.parsed::<Epoch>(1)?, row.offset(2)?)),
        )
        .await?;
    let Some((topic_id, epoch, offset)) = moved else { return Ok(None) };
    let change = change(offset);
    let payload = change.payload_json().map_err(|error| StoreError::Fault(error.to_string()))?;
    let id: PublicationId = parse(&format!("{epoch}-{offset}"))?;
    let item = change.item();
    let type_name = type_name(&change)?;
    tx.execute(
        "insert into publication (topic_id, \"offset\", id, type, item, payload, at) values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            topic_id.into(),
            offset.into(),
            id.as_str().into(),
            type_name.into(),
            item.as_ref().into(),
            (&payload).into(),
            at.into(),
        ],
    )
    .await?;
    tx.remember(Appended {
        topic: topic.clone(),
        epoch,
        offset,
        id,
        timestamp: timestamp(at),
        type_name: Cow::Borrowed(type_name),
        item,
        payload,
        effect: Effect::of(type_name),
    });
    Ok(Some(offset))
}

/// Where a topic stands; `None` if there is none of that name.
pub async fn extent(tx: &mut Tx<'_>, topic: &Topic) -> Result<Option<Extent>, StoreError> {
    tx.first(
        "select epoch, head, trimmed, closed from topic where name = $1",
        &[topic.as_str().into()],
        |row| {
            Ok(Extent {
                epoch: row.parsed(0)?,
                head: row.offset(1)?,
                trimmed: row.offset(2)?,
                closed: row.bool(3)?,
            })
        },
    )
    .await
}

/// The position at the head, for a snapshot read on the same view.
pub async fn position(tx: &mut Tx<'_>, topic: &Topic) -> Result<Option<Position>, StoreError> {
    Ok(extent(tx, topic).await?.map(|extent| extent.position()))
}

/// The position before the first publication after `time` (Unix, in milliseconds). Publications stand in the
/// order of their commits, which is that of their times unless the clock was set back.
pub async fn position_at(tx: &mut Tx<'_>, topic: &Topic, time: i64) -> Result<Option<Position>, StoreError> {
    let found = tx
        .first(
            "select id, epoch, head, trimmed from topic where name = $1",
            &[topic.as_str().into()],
            |row| Ok((row.int(0)?, row.parsed::<Epoch>(1)?, row.offset(2)?, row.offset(3)?)),
        )
        .await?;
    let Some((id, epoch, head, trimmed)) = found else { return Ok(None) };
    // Everything up to `before` is not after `time`; everything from `after` on is.
    let (mut before, mut after) = (trimmed.0, head.0 + 1);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let sql = "select at from publication where topic_id = $1 and \"offset\" = $2";
        let at = tx.first(sql, &[id.into(), Offset(middle).into()], |row| row.int(0)).await?;
        if at.is_some_and(|at| at > time) {
            after = middle;
        } else {
            before = middle;
        }
    }
    Ok(Some(Position { epoch, offset: Offset(before) }))
}

/// The publications after `after`, oldest first, at most `limit`, together with the extent at that moment.
pub async fn read(
    tx: &mut Tx<'_>,
    topic: &Topic,
    after: Offset,
    limit: usize,
) -> Result<Option<(Extent, Vec<Appended>)>, StoreError> {
    let Some(extent) = extent(tx, topic).await? else { return Ok(None) };
    let epoch = extent.epoch.clone();
    let publications = tx
        .all(
            "select p.\"offset\", p.id, p.type, p.item, p.payload, p.at from publication p
             join topic t on t.id = p.topic_id
             where t.name = $1 and p.\"offset\" > $2 order by p.\"offset\" limit $3",
            &[topic.as_str().into(), after.into(), (limit as i64).into()],
            |row| {
                let type_name = row.text(2)?;
                Ok(Appended {
                    topic: topic.clone(),
                    epoch: epoch.clone(),
                    offset: row.offset(0)?,
                    id: row.parsed(1)?,
                    timestamp: timestamp(row.int(5)?),
                    effect: Effect::of(&type_name),
                    type_name: Cow::Owned(type_name),
                    item: row.opt_text(3)?,
                    payload: row.text(4)?,
                })
            },
        )
        .await?;
    Ok(Some((extent, publications)))
}

/// Ends a topic: what it held is removed but for the last publication, which said so.
pub async fn close_topic(tx: &mut Tx<'_>, topic: &Topic) -> Result<(), StoreError> {
    tx.mark_latest(topic, Effect::Closes);
    tx.execute(
        "update topic set closed = true, trimmed = head - 1 where name = $1 and head > 0",
        &[topic.as_str().into()],
    )
    .await?;
    tx.execute(
        "delete from publication where topic_id = (select id from topic where name = $1)
         and \"offset\" <= (select trimmed from topic where name = $1)",
        &[topic.as_str().into()],
    )
    .await
    .map(drop)
}

/// The name of a change's type, which is one that its domain knows.
fn type_name<C: DomainChange>(change: &C) -> Result<&'static str, StoreError> {
    let name = change.type_name();
    let known = C::TYPES.iter().find(|known| **known == name);
    known.copied().ok_or_else(|| StoreError::Fault(format!("{name:?} is no type of publication")))
}

/// Takes the content out of what an item's earlier publications said: the item has been deleted, and the
/// log is no place to find it still. The offsets stay, so that no reader sees a hole. Call it after the
/// deletion has been appended.
pub async fn redact<C: DomainChange>(
    tx: &mut Tx<'_>,
    topic: &Topic,
    item: &str,
    from: Offset,
    deletion: &C,
) -> Result<usize, StoreError> {
    let payload = deletion.payload_json().map_err(|error| StoreError::Fault(error.to_string()))?;
    tx.mark_latest(topic, Effect::Redacts);
    tx.execute(
        "update publication set type = $1, payload = $2
         where topic_id = (select id from topic where name = $3) and \"offset\" >= $4 and item = $5",
        &[type_name(deletion)?.into(), (&payload).into(), topic.as_str().into(), from.into(), item.into()],
    )
    .await
}

/// The same for an item and everything that belongs to it: what is about `item:…` as well.
pub async fn redact_all<C: DomainChange>(
    tx: &mut Tx<'_>,
    topic: &Topic,
    item: &str,
    deletion: &C,
) -> Result<usize, StoreError> {
    let payload = deletion.payload_json().map_err(|error| StoreError::Fault(error.to_string()))?;
    tx.mark_latest(topic, Effect::Redacts);
    let (from, to) = (format!("{item}:"), format!("{item};"));
    tx.execute(
        "update publication set type = $1, payload = $2
         where topic_id = (select id from topic where name = $3) and (item = $4 or item > $5 and item < $6)",
        &[
            type_name(deletion)?.into(),
            (&payload).into(),
            topic.as_str().into(),
            item.into(),
            (&from).into(),
            (&to).into(),
        ],
    )
    .await
}

/// How much of a topic kind's log is kept. `None` keeps everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Newest publications kept per topic.
    pub count: Option<u64>,
    /// Publications older than this are removed, in seconds.
    pub age_s: Option<u64>,
}

/// Removes what `retention` no longer keeps, of every topic of a kind; returns the topics that got shorter.
pub async fn trim(
    tx: &mut Tx<'_>,
    kind: TopicKind,
    retention: Retention,
    now_ms: i64,
) -> Result<Vec<(Topic, Offset)>, StoreError> {
    let (from, to) = if kind.has_id() {
        (format!("{}:", kind.name()), format!("{};", kind.name()))
    } else {
        (kind.name().to_owned(), format!("{}\u{1}", kind.name()))
    };
    let topics = tx
        .all(
            "select id, name, head, trimmed from topic where name >= $1 and name < $2",
            &[(&from).into(), (&to).into()],
            |row| Ok((row.int(0)?, row.parsed::<Topic>(1)?, row.offset(2)?, row.offset(3)?)),
        )
        .await?;
    let mut shorter = Vec::new();
    for (id, topic, head, trimmed) in topics {
        let mut upto = trimmed;
        if let Some(count) = retention.count {
            upto = upto.max(Offset(head.0.saturating_sub(count)));
        }
        if let Some(age_s) = retention.age_s {
            let oldest =
                now_ms.saturating_sub(i64::try_from(age_s).unwrap_or(i64::MAX / 1000).saturating_mul(1000));
            let kept = tx
                .first(
                    "select min(\"offset\") from publication where topic_id = $1 and \"offset\" > $2 and at >= $3",
                    &[id.into(), upto.into(), oldest.into()],
                    |row| row.opt_int(0),
                )
                .await?
                .flatten();
            upto = upto.max(kept.map_or(head, |first| Offset((first - 1) as u64)));
        }
        if upto > trimmed {
            tx.execute(
                "delete from publication where topic_id = $1 and \"offset\" <= $2",
                &[id.into(), upto.into()],
            )
            .await?;
            tx.execute("update topic set trimmed = $1 where id = $2", &[upto.into(), id.into()]).await?;
            shorter.push((topic, upto));
        }
    }
    Ok(shorter)
}
