//! Venues, vibe checks and promotions in the store.

use shared::{
    AccountId, Offset, PromotionId, UploadId, VenueId, VibeCheckId,
    model::{
        account::Person,
        media::Author,
        venue::{Crowd, MoodHour, Promotion, Venue, VenueNow, VibeCheck},
    },
};

use super::{
    Row, StoreError, Tx,
    media::{attachment, json},
    tx::parse,
};
use crate::time::timestamp;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select v.id, v.name, v.description, v.place, v.now, v.created_at, v.updated_at, \
             a.id, a.name, a.display_name from venue v left join account a on a.id = v.owner_id ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<Venue, StoreError> {
    Ok(Venue {
        id: row.parsed(0)?,
        name: row.text(1)?,
        description: row.text(2)?,
        place: row.text(3)?,
        now: serde_json::from_str(&row.text(4)?).map_err(fault)?,
        created_at: timestamp(row.int(5)?),
        updated_at: timestamp(row.int(6)?),
        owner: match row.opt_text(7)? {
            Some(id) => Some(Person { id: parse(&id)?, name: row.text(8)?, display_name: row.text(9)? }),
            None => None,
        },
    })
}

fn fault(error: serde_json::Error) -> StoreError {
    StoreError::Fault(error.to_string())
}

/// Stores a new venue.
pub async fn insert(tx: &mut Tx<'_>, venue: &Venue, at: i64) -> Result<(), StoreError> {
    let now = serde_json::to_string(&venue.now).map_err(fault)?;
    tx.execute(
        "insert into venue (id, owner_id, name, description, place, now, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            venue.id.as_str().into(),
            venue.owner.as_ref().map(|owner| owner.id.as_str()).into(),
            (&venue.name).into(),
            (&venue.description).into(),
            (&venue.place).into(),
            (&now).into(),
            at.into(),
            at.into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores the changed fields of a venue.
pub async fn update(tx: &mut Tx<'_>, venue: &Venue, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "update venue set name = $1, description = $2, place = $3, updated_at = $4 where id = $5",
        &[
            (&venue.name).into(),
            (&venue.description).into(),
            (&venue.place).into(),
            at.into(),
            venue.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores how it is there.
pub async fn set_now(tx: &mut Tx<'_>, id: &VenueId, now: &VenueNow) -> Result<(), StoreError> {
    let now = serde_json::to_string(now).map_err(fault)?;
    tx.execute("update venue set now = $1 where id = $2", &[(&now).into(), id.as_str().into()])
        .await
        .map(drop)
}

/// Removes a venue with what was said of it and what it offers.
pub async fn delete(tx: &mut Tx<'_>, id: &VenueId) -> Result<(), StoreError> {
    tx.execute("delete from venue where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// One venue.
pub async fn find(tx: &mut Tx<'_>, id: &VenueId) -> Result<Option<Venue>, StoreError> {
    tx.first(select!("where v.id = $1"), &[id.as_str().into()], read).await
}

/// Whose a venue is; `None` if there is none, `Some(None)` if it is nobody's.
pub async fn owner(tx: &mut Tx<'_>, id: &VenueId) -> Result<Option<Option<AccountId>>, StoreError> {
    let sql = "select owner_id from venue where id = $1";
    tx.first(sql, &[id.as_str().into()], |row| row.opt_text(0)?.as_deref().map(parse).transpose()).await
}

/// A page of venues, the newest first, with when they were made. `before` is the last of the page before.
pub async fn list(
    tx: &mut Tx<'_>,
    before: Option<(i64, VenueId)>,
    limit: usize,
) -> Result<Vec<(i64, Venue)>, StoreError> {
    let sql = select!("where (v.created_at, v.id) < ($1, $2) order by v.created_at desc, v.id desc limit $3");
    let (made_at, id) = before.as_ref().map_or((i64::MAX, ""), |(made_at, id)| (*made_at, id.as_str()));
    let values = [made_at.into(), id.into(), (limit as i64).into()];
    tx.all(sql, &values, |row| Ok((row.int(5)?, read(row)?))).await
}

/// How it is at a venue, by what was said in the `span_ms` milliseconds before the latest of it.
pub async fn count_now(tx: &mut Tx<'_>, id: &VenueId, span_ms: i64) -> Result<VenueNow, StoreError> {
    let sql = "select max(created_at) from vibe_check where venue_id = $1";
    let latest = tx.first(sql, &[id.as_str().into()], |row| row.opt_int(0)).await?.flatten();
    let sql = "select count(*) from promotion where venue_id = $1 and status = 'running'";
    let running = tx.first(sql, &[id.as_str().into()], |row| row.int(0)).await?.unwrap_or_default();
    let none = VenueNow { promotions: running as u64, ..VenueNow::default() };
    let Some(latest) = latest else { return Ok(none) };
    let since = latest.saturating_sub(span_ms);
    let said = tx
        .first(
            "select count(*), count(rating), coalesce(sum(rating), 0) from vibe_check
             where venue_id = $1 and created_at > $2",
            &[id.as_str().into(), since.into()],
            |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
        )
        .await?;
    let (checks, ratings, sum) = said.unwrap_or_default();
    let crowd = tx
        .first(
            "select crowd from vibe_check where venue_id = $1 and created_at > $2 and crowd is not null
             order by \"offset\" desc limit 1",
            &[id.as_str().into(), since.into()],
            |row| row.parsed(0),
        )
        .await?;
    let rating = (ratings > 0).then(|| (sum as f64 / ratings as f64 * 10.0).round() / 10.0);
    Ok(VenueNow { at: Some(timestamp(latest)), checks: checks as u64, rating, crowd, ..none })
}

/// The hours after `since` (Unix, in milliseconds) in which something was said, the earliest first.
pub async fn hours(tx: &mut Tx<'_>, id: &VenueId, since: i64) -> Result<Vec<MoodHour>, StoreError> {
    tx.all(
        "select created_at - created_at % 3600000, count(rating), coalesce(sum(rating), 0), count(crowd),
           coalesce(sum(case crowd when 'quiet' then 1 when 'steady' then 2 when 'busy' then 3 when 'packed' then 4 end), 0)
         from vibe_check where venue_id = $1 and created_at >= $2 group by 1 order by 1",
        &[id.as_str().into(), since.into()],
        |row| {
            Ok(MoodHour {
                from_ms: row.int(0)?,
                ratings: row.int(1)? as u64,
                rating_sum: row.int(2)? as u64,
                crowds: row.int(3)? as u64,
                crowd_sum: row.int(4)? as u64,
            })
        },
    )
    .await
}

fn read_check(row: &Row<'_>) -> Result<VibeCheck, StoreError> {
    Ok(VibeCheck {
        id: row.parsed(0)?,
        venue_id: row.parsed(1)?,
        author: Author {
            name: row.text(2)?,
            account_id: row.opt_text(3)?.as_deref().map(parse).transpose()?,
        },
        rating: row.opt_int(4)?.and_then(|rating| u8::try_from(rating).ok()),
        crowd: row.opt_text(5)?.as_deref().map(parse::<Crowd>).transpose()?,
        text: row.text(6)?,
        photo: row.opt_text(7)?.as_deref().map(attachment).transpose()?,
        created_at: timestamp(row.int(8)?),
    })
}

macro_rules! select_check {
    ($rest:literal) => {
        concat!(
            "select id, venue_id, author, account_id, rating, crowd, text, photo, created_at, \"offset\" from vibe_check ",
            $rest
        )
    };
}

/// Stores a new vibe check, at the offset of the publication that shows it.
pub async fn insert_check(
    tx: &mut Tx<'_>,
    check: &VibeCheck,
    offset: Offset,
    at: i64,
) -> Result<(), StoreError> {
    let photo = check.photo.as_ref().map(json).transpose()?;
    tx.execute(
        "insert into vibe_check (id, venue_id, \"offset\", author, account_id, rating, crowd, text, photo, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            check.id.as_str().into(),
            check.venue_id.as_str().into(),
            offset.into(),
            (&check.author.name).into(),
            check.author.account_id.as_ref().map(AccountId::as_str).into(),
            check.rating.map(i64::from).into(),
            check.crowd.map(Crowd::as_str).into(),
            (&check.text).into(),
            photo.as_ref().into(),
            at.into(),
        ],
    )
    .await
    .map(drop)
}

/// One vibe check of a venue, and its offset.
pub async fn find_check(
    tx: &mut Tx<'_>,
    venue: &VenueId,
    id: &VibeCheckId,
) -> Result<Option<(VibeCheck, Offset)>, StoreError> {
    let sql = select_check!("where id = $1 and venue_id = $2");
    let values = [id.as_str().into(), venue.as_str().into()];
    tx.first(sql, &values, |row| Ok((read_check(row)?, row.offset(9)?))).await
}

/// The latest vibe checks of a venue, the latest first.
pub async fn checks(tx: &mut Tx<'_>, venue: &VenueId, limit: usize) -> Result<Vec<VibeCheck>, StoreError> {
    let sql = select_check!("where venue_id = $1 order by \"offset\" desc limit $2");
    tx.all(sql, &[venue.as_str().into(), (limit as i64).into()], read_check).await
}

/// Removes a vibe check.
pub async fn delete_check(tx: &mut Tx<'_>, id: &VibeCheckId) -> Result<(), StoreError> {
    tx.execute("delete from vibe_check where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// The uploads behind what was said of a venue.
pub async fn uploads_of(tx: &mut Tx<'_>, venue: &VenueId) -> Result<Vec<UploadId>, StoreError> {
    let sql = "select photo from vibe_check where venue_id = $1 and photo is not null";
    let photos = tx.all(sql, &[venue.as_str().into()], |row| attachment(&row.text(0)?)).await?;
    Ok(photos.into_iter().map(|photo| photo.upload_id).collect())
}

fn read_promotion(row: &Row<'_>) -> Result<Promotion, StoreError> {
    Ok(Promotion {
        id: row.parsed(0)?,
        venue_id: row.parsed(1)?,
        title: row.text(2)?,
        text: row.text(3)?,
        starts_at: timestamp(row.int(4)?),
        ends_at: timestamp(row.int(5)?),
        status: row.parsed(6)?,
        created_at: timestamp(row.int(7)?),
        updated_at: timestamp(row.int(8)?),
    })
}

macro_rules! select_promotion {
    ($rest:literal) => {
        concat!(
            "select id, venue_id, title, text, starts_at, ends_at, status, created_at, updated_at from promotion ",
            $rest
        )
    };
}

/// Stores a promotion, new or changed.
pub async fn put_promotion(tx: &mut Tx<'_>, promotion: &Promotion, at: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into promotion (id, venue_id, title, text, starts_at, ends_at, status, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         on conflict (id) do update set title = excluded.title, text = excluded.text,
           starts_at = excluded.starts_at, ends_at = excluded.ends_at, status = excluded.status,
           updated_at = excluded.updated_at",
        &[
            promotion.id.as_str().into(),
            promotion.venue_id.as_str().into(),
            (&promotion.title).into(),
            (&promotion.text).into(),
            promotion.starts_at.unix_ms().into(),
            promotion.ends_at.unix_ms().into(),
            promotion.status.as_str().into(),
            at.into(),
        ],
    )
    .await
    .map(drop)
}

/// One promotion of a venue.
pub async fn find_promotion(
    tx: &mut Tx<'_>,
    venue: &VenueId,
    id: &PromotionId,
) -> Result<Option<Promotion>, StoreError> {
    let sql = select_promotion!("where id = $1 and venue_id = $2");
    tx.first(sql, &[id.as_str().into(), venue.as_str().into()], read_promotion).await
}

/// The promotions of a venue that are not over: what ends first comes first.
pub async fn promotions(tx: &mut Tx<'_>, venue: &VenueId) -> Result<Vec<Promotion>, StoreError> {
    let sql = select_promotion!("where venue_id = $1 and status <> 'over' order by ends_at, id");
    tx.all(sql, &[venue.as_str().into()], read_promotion).await
}

/// Removes a promotion.
pub async fn delete_promotion(tx: &mut Tx<'_>, id: &PromotionId) -> Result<(), StoreError> {
    tx.execute("delete from promotion where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// Promotions that are to begin or to end by now, what was due first first.
pub async fn due(tx: &mut Tx<'_>, now: i64, limit: usize) -> Result<Vec<Promotion>, StoreError> {
    let sql = select_promotion!(
        "where status <> 'over' and case status when 'scheduled' then starts_at else ends_at end <= $1
         order by case status when 'scheduled' then starts_at else ends_at end limit $2"
    );
    tx.all(sql, &[now.into(), (limit as i64).into()], read_promotion).await
}

/// When the next promotion begins or ends.
pub async fn next_turn(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    let sql = "select min(case status when 'scheduled' then starts_at else ends_at end) from promotion
         where status <> 'over'";
    Ok(tx.first(sql, &[], |row| row.opt_int(0)).await?.flatten())
}

/// How many promotions of a venue are not over.
pub async fn count_promotions(tx: &mut Tx<'_>, venue: &VenueId) -> Result<usize, StoreError> {
    let sql = "select count(*) from promotion where venue_id = $1 and status <> 'over'";
    let count = tx.first(sql, &[venue.as_str().into()], |row| row.int(0)).await?;
    Ok(count.unwrap_or_default() as usize)
}
