//! Stories in the store, and who has seen them. A story that is over is not read, whether or not its row
//! has been removed.

use shared::{
    AccountId, Offset, StoryId, UploadId,
    model::{
        account::Person,
        story::{SeenStory, Story, StoryViewer},
    },
};

use super::{
    Row, StoreError, Tx,
    media::{attachment, json},
};
use crate::time::timestamp;

macro_rules! select {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select s.id, s.kind, s.text, s.attachment, s.created_at, s.expires_at, \
             a.id, a.name, a.display_name, s.\"offset\" ",
            $columns,
            " from story s join account a on a.id = s.author_id ",
            $rest
        )
    };
}

fn person(row: &Row<'_>, from: usize) -> Result<Person, StoreError> {
    Ok(Person { id: row.parsed(from)?, name: row.text(from + 1)?, display_name: row.text(from + 2)? })
}

fn read(row: &Row<'_>) -> Result<Story, StoreError> {
    Ok(Story {
        id: row.parsed(0)?,
        author: person(row, 6)?,
        kind: row.parsed(1)?,
        text: row.text(2)?,
        attachment: attachment(&row.text(3)?)?,
        created_at: timestamp(row.int(4)?),
        expires_at: timestamp(row.int(5)?),
    })
}

/// A story, and the offset of the publication that showed it.
fn placed(row: &Row<'_>) -> Result<(Story, Offset), StoreError> {
    Ok((read(row)?, row.offset(9)?))
}

/// The columns that depend on who asks (`$1`, nobody for the key of a server).
macro_rules! select_seen {
    ($rest:literal) => {
        select!(
            ", coalesce(s.author_id = $1, false) or v.viewed_at is not null, v.emoji, case when s.author_id = $1 then \
               (select count(*) from story_audience c where c.story_id = s.id \
                and c.viewed_at is not null and c.account_id <> s.author_id) end",
            $rest
        )
    };
}

fn read_seen(row: &Row<'_>) -> Result<SeenStory, StoreError> {
    Ok(SeenStory {
        story: read(row)?,
        seen: row.bool(10)?,
        reaction: row.opt_text(11)?,
        views: row.opt_int(12)?.map(|views| views as u64),
    })
}

/// Stores a new story, at the offset of the publication that shows it.
pub async fn insert(
    tx: &mut Tx<'_>,
    story: &Story,
    offset: Offset,
    at: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    let attachment = json(&story.attachment)?;
    tx.execute(
        "insert into story (id, \"offset\", author_id, kind, text, attachment, upload_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            story.id.as_str().into(),
            offset.into(),
            story.author.id.as_str().into(),
            story.kind.as_str().into(),
            (&story.text).into(),
            (&attachment).into(),
            story.attachment.upload_id.as_str().into(),
            at.into(),
            expires_at.into(),
        ],
    )
    .await
    .map(drop)
}

/// Removes a story, and what is known of its audience.
pub async fn delete(tx: &mut Tx<'_>, id: &StoryId) -> Result<(), StoreError> {
    tx.execute("delete from story where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// A story that is not over at `now` (Unix, in milliseconds), and its offset.
pub async fn find(tx: &mut Tx<'_>, id: &StoryId, now: i64) -> Result<Option<(Story, Offset)>, StoreError> {
    let sql = select!("", "where s.id = $1 and s.expires_at > $2 and not a.disabled");
    tx.first(sql, &[id.as_str().into(), now.into()], placed).await
}

/// The same, as `reader` sees it.
pub async fn find_seen(
    tx: &mut Tx<'_>,
    id: &StoryId,
    reader: Option<&AccountId>,
    now: i64,
) -> Result<Option<SeenStory>, StoreError> {
    let sql = select_seen!(
        "left join story_audience v on v.story_id = s.id and v.account_id = $1
         where s.id = $2 and s.expires_at > $3 and not a.disabled"
    );
    let values = [reader.map(AccountId::as_str).into(), id.as_str().into(), now.into()];
    tx.first(sql, &values, read_seen).await
}

/// Those who have stories, with the offset of their newest: the newest first, beginning below `before`.
pub async fn authors(
    tx: &mut Tx<'_>,
    before: Option<Offset>,
    now: i64,
    limit: usize,
) -> Result<Vec<(AccountId, Offset)>, StoreError> {
    tx.all(
        "select s.author_id, max(s.\"offset\") from story s join account a on a.id = s.author_id
         where s.expires_at > $1 and not a.disabled
         group by s.author_id having max(s.\"offset\") < $2 order by 2 desc limit $3",
        &[now.into(), before.unwrap_or(Offset(i64::MAX as u64)).into(), (limit as i64).into()],
        |row| Ok((row.parsed(0)?, row.offset(1)?)),
    )
    .await
}

/// The stories of one author as `reader` sees them, oldest first.
pub async fn of_author(
    tx: &mut Tx<'_>,
    author: &AccountId,
    reader: Option<&AccountId>,
    now: i64,
) -> Result<Vec<SeenStory>, StoreError> {
    let sql = select_seen!(
        "left join story_audience v on v.story_id = s.id and v.account_id = $1
         where s.author_id = $2 and s.expires_at > $3 order by s.\"offset\""
    );
    let values = [reader.map(AccountId::as_str).into(), author.as_str().into(), now.into()];
    tx.all(sql, &values, read_seen).await
}

/// How many stories an author has.
pub async fn count(tx: &mut Tx<'_>, author: &AccountId, now: i64) -> Result<u64, StoreError> {
    let sql = "select count(*) from story where author_id = $1 and expires_at > $2";
    let count = tx.first(sql, &[author.as_str().into(), now.into()], |row| row.int(0)).await?;
    Ok(count.unwrap_or_default() as u64)
}

/// Notes that somebody has seen a story; false if that was known.
pub async fn note_view(
    tx: &mut Tx<'_>,
    id: &StoryId,
    viewer: &AccountId,
    at: i64,
) -> Result<bool, StoreError> {
    let noted = tx
        .execute(
            "insert into story_audience (story_id, account_id, number, viewed_at)
             values ($1, $2, (select coalesce(max(number), 0) + 1 from story_audience where story_id = $1), $3)
             on conflict (story_id, account_id) do update set viewed_at = excluded.viewed_at
             where story_audience.viewed_at is null",
            &[id.as_str().into(), viewer.as_str().into(), at.into()],
        )
        .await?;
    Ok(noted > 0)
}

/// Notes somebody's reaction in the place of the one before; false if it was the same.
pub async fn note_reaction(
    tx: &mut Tx<'_>,
    id: &StoryId,
    account: &AccountId,
    emoji: &str,
    at: i64,
) -> Result<bool, StoreError> {
    let noted = tx
        .execute(
            "insert into story_audience (story_id, account_id, number, emoji, reacted_at)
             values ($1, $2, (select coalesce(max(number), 0) + 1 from story_audience where story_id = $1), $3, $4)
             on conflict (story_id, account_id) do update
             set emoji = excluded.emoji, reacted_at = excluded.reacted_at
             where story_audience.emoji is distinct from excluded.emoji",
            &[id.as_str().into(), account.as_str().into(), emoji.into(), at.into()],
        )
        .await?;
    Ok(noted > 0)
}

/// A page of those others who have seen a story or reacted to it, who came last first, with the number to
/// go on from. `before` is such a number.
pub async fn viewers(
    tx: &mut Tx<'_>,
    id: &StoryId,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<(i64, StoryViewer)>, StoreError> {
    tx.all(
        "select v.number, a.id, a.name, a.display_name, v.viewed_at, v.emoji, v.reacted_at
         from story_audience v join account a on a.id = v.account_id join story s on s.id = v.story_id
         where v.story_id = $1 and v.number < $2 and v.account_id <> s.author_id
         order by v.number desc limit $3",
        &[id.as_str().into(), before.unwrap_or(i64::MAX).into(), (limit as i64).into()],
        |row| {
            let viewer = StoryViewer {
                person: person(row, 1)?,
                viewed_at: row.opt_int(4)?.map(timestamp),
                emoji: row.opt_text(5)?,
                reacted_at: row.opt_int(6)?.map(timestamp),
            };
            Ok((row.int(0)?, viewer))
        },
    )
    .await
}

/// Stories that are over, with their offsets, the oldest first.
pub async fn expired(tx: &mut Tx<'_>, now: i64, limit: usize) -> Result<Vec<(Story, Offset)>, StoreError> {
    let sql = select!("", "where s.expires_at <= $1 order by s.expires_at limit $2");
    tx.all(sql, &[now.into(), (limit as i64).into()], placed).await
}

/// When the story is over that is over first.
pub async fn next_end(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    Ok(tx.first("select min(expires_at) from story", &[], |row| row.opt_int(0)).await?.flatten())
}

/// Until when an upload's files are shown on a story, 0 where its author is locked out; `None` if they
/// belong to no story.
pub async fn shown_until(tx: &mut Tx<'_>, upload: &UploadId) -> Result<Option<i64>, StoreError> {
    tx.first(
        "select case when a.disabled then 0 else s.expires_at end
         from story s join account a on a.id = s.author_id where s.upload_id = $1",
        &[upload.as_str().into()],
        |row| row.int(0),
    )
    .await
}
