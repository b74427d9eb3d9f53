//! Events in the store.

use shared::{
    AccountId, EventId,
    model::{
        account::Person,
        event::{Cover, Event, EventStatus},
        member::Visibility,
    },
};

use super::{Row, StoreError, Tx, tx::parse};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select e.id, e.title, e.description, e.place, e.status, e.starts_at, e.created_at, e.updated_at, \
             e.media_count, e.cover, e.visibility, a.id, a.name, a.display_name \
             from event e left join account a on a.id = e.owner_id ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Event, StoreError> {
    let cover = row.opt_text(9)?;
    Ok(Event {
        id: row.parsed(0)?,
        title: row.text(1)?,
        description: row.text(2)?,
        place: row.text(3)?,
        status: parse::<EventStatus>(&row.text(4)?)?,
        starts_at: row.opt_int(5)?.map(timestamp),
        created_at: timestamp(row.int(6)?),
        updated_at: timestamp(row.int(7)?),
        media_count: row.int(8)? as u64,
        cover: match cover {
            Some(json) => {
                serde_json::from_str::<Option<Cover>>(&json).map_err(|e| StoreError::Fault(e.to_string()))?
            }
            None => None,
        },
        visibility: parse::<Visibility>(&row.text(10)?)?,
        owner: match row.opt_text(11)? {
            Some(id) => Some(Person { id: parse(&id)?, name: row.text(12)?, display_name: row.text(13)? }),
            None => None,
        },
    })
}

/// Stores a new event.
pub async fn insert(
    tx: &mut Tx<'_>,
    event: &Event,
    starts_at: Option<i64>,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "insert into event (id, number, title, description, place, status, starts_at, created_at, updated_at,
           visibility, owner_id)
         values ($1, (select coalesce(max(number), 0) + 1 from event), $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            event.id.as_str().into(),
            (&event.title).into(),
            (&event.description).into(),
            (&event.place).into(),
            event.status.as_str().into(),
            starts_at.into(),
            at.into(),
            at.into(),
            event.visibility.as_str().into(),
            event.owner.as_ref().map(|owner| owner.id.as_str()).into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores the changed fields of an event.
pub async fn update(
    tx: &mut Tx<'_>,
    event: &Event,
    starts_at: Option<i64>,
    at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "update event set title = $1, description = $2, place = $3, status = $4, starts_at = $5, updated_at = $6,
           visibility = $7
         where id = $8",
        &[
            (&event.title).into(),
            (&event.description).into(),
            (&event.place).into(),
            event.status.as_str().into(),
            starts_at.into(),
            at.into(),
            event.visibility.as_str().into(),
            event.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// Says whose an event is from now on.
pub async fn set_owner(tx: &mut Tx<'_>, id: &EventId, owner: &AccountId, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "update event set owner_id = $1, updated_at = $2 where id = $3",
        &[owner.as_str().into(), at.into(), id.as_str().into()],
    )
    .await
    .map(drop)
}

/// Removes an event and its items; says whether there was one.
pub async fn delete(tx: &mut Tx<'_>, id: &EventId) -> Result<bool, StoreError> {
    Ok(tx.execute("delete from event where id = $1", &[id.as_str().into()]).await? > 0)
}

/// One event.
pub async fn find(tx: &mut Tx<'_>, id: &EventId) -> Result<Option<Event>, StoreError> {
    tx.first(select!("where e.id = $1"), &[id.as_str().into()], read).await
}

/// Counts an item in or out, and shows the newest picture as the cover.
pub async fn count_media(
    tx: &mut Tx<'_>,
    id: &EventId,
    by: i64,
    cover: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "update event set media_count = media_count + $1, cover = coalesce($2, cover) where id = $3",
        &[by.into(), cover.into(), id.as_str().into()],
    )
    .await
    .map(drop)
}

/// Sets or clears the cover.
pub async fn set_cover(tx: &mut Tx<'_>, id: &EventId, cover: Option<&str>) -> Result<(), StoreError> {
    tx.execute("update event set cover = $1 where id = $2", &[cover.into(), id.as_str().into()])
        .await
        .map(drop)
}

/// A page of events, newest first, with when they were made: the public ones and those that `reader` is a
/// member of. `before` is the last of the page before; there is nothing in it that tells of events that
/// `reader` may not know of.
pub async fn list(
    tx: &mut Tx<'_>,
    reader: Option<&AccountId>,
    status: Option<EventStatus>,
    before: Option<(i64, EventId)>,
    limit: usize,
) -> Result<Vec<(i64, Event)>, StoreError> {
    let sql = select!(
        "where (e.created_at, e.id) < ($1, $2) and ($3 is null or e.status = $3) and (e.visibility = 'public'
           or exists (select 1 from event_member m where m.event_id = e.id and m.account_id = $4))
         order by e.created_at desc, e.id desc limit $5"
    );
    let (made_at, id) = before.as_ref().map_or((i64::MAX, ""), |(made_at, id)| (*made_at, id.as_str()));
    let values = [
        made_at.into(),
        id.into(),
        status.map(EventStatus::as_str).into(),
        reader.map(AccountId::as_str).into(),
        (limit as i64).into(),
    ];
    tx.all(sql, &values, |row| Ok((row.int(6)?, read(row)?))).await
}

/// A public event that nobody owns, and its topic, for tests of what stands on the store.
#[cfg(test)]
pub(crate) async fn insert_example(tx: &mut Tx<'_>, topic: &shared::Topic) -> Result<(), StoreError> {
    if let Some(id) = topic.event_id() {
        let event = Event {
            id,
            title: "Example".to_owned(),
            description: String::new(),
            place: String::new(),
            status: EventStatus::Live,
            starts_at: None,
            created_at: timestamp(0),
            updated_at: timestamp(0),
            media_count: 0,
            cover: None,
            visibility: Visibility::Public,
            owner: None,
        };
        insert(tx, &event, None, 0).await?;
    }
    super::log::create_topic(tx, topic).await
}
