//! Posts, their editors and destinations in the store.

use shared::{
    AccountId, DestinationId, EventId, MediaId, PostId, UploadId,
    model::{
        account::Person,
        media::{Attachment, MediaKind},
        post::{Destination, Post, PostStatus, Target},
    },
};

use super::{Row, StoreError, Tx, comment::Like, tx::parse};
use crate::time::{from_timestamp, timestamp};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select p.id, p.version, p.status, p.text, p.kind, p.attachment, p.publish_at, p.published_at, \
             p.failure, p.created_at, p.updated_at, a.id, a.name, a.display_name, p.comments \
             from post p join account a on a.id = p.owner_id ",
            $rest
        )
    };
}

/// A post without its editors and destinations.
fn read(row: &Row<'_>) -> Result<Post, StoreError> {
    Ok(Post {
        id: row.parsed(0)?,
        version: row.int(1)? as u64,
        status: row.parsed(2)?,
        owner: Person { id: row.parsed(11)?, name: row.text(12)?, display_name: row.text(13)? },
        editors: Vec::new(),
        text: row.text(3)?,
        kind: row.parsed(4)?,
        attachment: row.opt_text(5)?.as_deref().map(attachment).transpose()?,
        destinations: Vec::new(),
        publish_at: row.opt_int(6)?.map(timestamp),
        published_at: row.opt_int(7)?.map(timestamp),
        failure: row.opt_text(8)?,
        comments: row.int(14)? as u64,
        liked_by: Vec::new(),
        created_at: timestamp(row.int(9)?),
        updated_at: timestamp(row.int(10)?),
    })
}

fn attachment(json: &str) -> Result<Attachment, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Fault(error.to_string()))
}

fn millis(time: Option<&shared::Timestamp>) -> Option<i64> {
    time.and_then(from_timestamp)
}

async fn complete(tx: &mut Tx<'_>, mut post: Post) -> Result<Post, StoreError> {
    post.editors = tx
        .all(
            "select a.id, a.name, a.display_name from post_editor e join account a on a.id = e.account_id
             where e.post_id = $1 order by a.name",
            &[post.id.as_str().into()],
            |row| Ok(Person { id: row.parsed(0)?, name: row.text(1)?, display_name: row.text(2)? }),
        )
        .await?;
    post.destinations = tx
        .all(
            "select id, event_id, webhook_id, host, state, attempts, next_attempt_at, reason, delivered_at, media_id
             from post_destination where post_id = $1 order by position",
            &[post.id.as_str().into()],
            destination,
        )
        .await?;
    post.liked_by = tx
        .all(
            "select a.id, a.name, a.display_name from post_like l join account a on a.id = l.account_id
             where l.post_id = $1 and l.liked order by l.at, a.name",
            &[post.id.as_str().into()],
            |row| Ok(Person { id: row.parsed(0)?, name: row.text(1)?, display_name: row.text(2)? }),
        )
        .await?;
    Ok(post)
}

/// Notes that somebody likes a post, or no longer does; `None` if that is known.
pub async fn set_liked(
    tx: &mut Tx<'_>,
    id: &PostId,
    account: &AccountId,
    liked: bool,
    at: i64,
) -> Result<Option<Like>, StoreError> {
    let turned = tx
        .first(
            "update post_like set liked = $3 where post_id = $1 and account_id = $2 and liked <> $3 returning at",
            &[id.as_str().into(), account.as_str().into(), liked.into()],
            |row| row.int(0),
        )
        .await?;
    if let Some(since) = turned {
        return Ok(Some(Like { is_first: false, since }));
    }
    if !liked {
        return Ok(None);
    }
    let inserted = tx
        .execute(
            "insert into post_like (post_id, account_id, liked, at) values ($1, $2, true, $3)
             on conflict (post_id, account_id) do nothing",
            &[id.as_str().into(), account.as_str().into(), at.into()],
        )
        .await?;
    Ok((inserted > 0).then_some(Like { is_first: true, since: at }))
}

/// Takes the like of who works on a post no more out of it.
pub async fn delete_like(tx: &mut Tx<'_>, id: &PostId, account: &AccountId) -> Result<(), StoreError> {
    tx.execute(
        "delete from post_like where post_id = $1 and account_id = $2",
        &[id.as_str().into(), account.as_str().into()],
    )
    .await
    .map(drop)
}

fn destination(row: &Row<'_>) -> Result<Destination, StoreError> {
    let target = match (row.opt_text(1)?, row.opt_text(2)?) {
        (Some(event), _) => Target::Event { event_id: parse(&event)? },
        (None, Some(webhook)) => Target::Webhook { webhook_id: parse(&webhook)?, host: row.text(3)? },
        (None, None) => return Err(StoreError::Fault("a destination is nowhere".to_owned())),
    };
    Ok(Destination {
        id: row.parsed(0)?,
        target,
        state: row.parsed(4)?,
        attempts: row.int(5)? as u32,
        next_attempt_at: row.opt_int(6)?.map(timestamp),
        reason: row.opt_text(7)?,
        delivered_at: row.opt_int(8)?.map(timestamp),
        media_id: row.opt_text(9)?.as_deref().map(parse::<MediaId>).transpose()?,
    })
}

/// Stores a new post with its destinations.
pub async fn insert(tx: &mut Tx<'_>, post: &Post, at: i64) -> Result<(), StoreError> {
    let json = attachment_json(post)?;
    tx.execute(
        "insert into post (id, owner_id, version, status, text, kind, attachment, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            post.id.as_str().into(),
            post.owner.id.as_str().into(),
            (post.version as i64).into(),
            post.status.as_str().into(),
            (&post.text).into(),
            post.kind.as_str().into(),
            json.as_ref().into(),
            at.into(),
            at.into(),
        ],
    )
    .await?;
    put_destinations(tx, post).await
}

fn attachment_json(post: &Post) -> Result<Option<String>, StoreError> {
    let json = post.attachment.as_ref().map(serde_json::to_string).transpose();
    json.map_err(|error| StoreError::Fault(error.to_string()))
}

/// Stores everything of a post that changes, but for its destinations and the count of its comments.
pub async fn update(tx: &mut Tx<'_>, post: &Post, at: i64) -> Result<(), StoreError> {
    let json = attachment_json(post)?;
    tx.execute(
        "update post set version = $1, status = $2, text = $3, kind = $4, attachment = $5, publish_at = $6,
           published_at = $7, failure = $8, updated_at = $9
         where id = $10",
        &[
            (post.version as i64).into(),
            post.status.as_str().into(),
            (&post.text).into(),
            post.kind.as_str().into(),
            json.as_ref().into(),
            millis(post.publish_at.as_ref()).into(),
            millis(post.published_at.as_ref()).into(),
            post.failure.as_ref().into(),
            at.into(),
            post.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// Stores a post's destinations as they are now; nobody holds a lease on any of them afterwards.
pub async fn put_destinations(tx: &mut Tx<'_>, post: &Post) -> Result<(), StoreError> {
    tx.execute("delete from post_destination where post_id = $1", &[post.id.as_str().into()]).await?;
    for (position, destination) in (0_i64..).zip(&post.destinations) {
        let (event, webhook, host) = match &destination.target {
            Target::Event { event_id } => (Some(event_id.as_str()), None, ""),
            Target::Webhook { webhook_id, host } => (None, Some(webhook_id.as_str()), host.as_str()),
        };
        tx.execute(
            "insert into post_destination (id, post_id, position, event_id, webhook_id, host, state, attempts,
               next_attempt_at, reason, delivered_at, media_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            &[
                destination.id.as_str().into(),
                post.id.as_str().into(),
                position.into(),
                event.into(),
                webhook.into(),
                host.into(),
                destination.state.as_str().into(),
                i64::from(destination.attempts).into(),
                millis(destination.next_attempt_at.as_ref()).into(),
                destination.reason.as_ref().into(),
                millis(destination.delivered_at.as_ref()).into(),
                destination.media_id.as_ref().map(MediaId::as_str).into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Stores what came of a try at one destination, and gives its lease back.
pub async fn update_destination(tx: &mut Tx<'_>, destination: &Destination) -> Result<(), StoreError> {
    tx.execute(
        "update post_destination set state = $1, attempts = $2, next_attempt_at = $3, reason = $4,
           delivered_at = $5, media_id = $6, lease_until = null
         where id = $7",
        &[
            destination.state.as_str().into(),
            i64::from(destination.attempts).into(),
            millis(destination.next_attempt_at.as_ref()).into(),
            destination.reason.as_ref().into(),
            millis(destination.delivered_at.as_ref()).into(),
            destination.media_id.as_ref().map(MediaId::as_str).into(),
            destination.id.as_str().into(),
        ],
    )
    .await
    .map(drop)
}

/// Removes a post with its editors and destinations.
pub async fn delete(tx: &mut Tx<'_>, id: &PostId) -> Result<(), StoreError> {
    tx.execute("delete from post where id = $1", &[id.as_str().into()]).await.map(drop)
}

/// One post.
pub async fn find(tx: &mut Tx<'_>, id: &PostId) -> Result<Option<Post>, StoreError> {
    match tx.first(select!("where p.id = $1"), &[id.as_str().into()], read).await? {
        Some(post) => complete(tx, post).await.map(Some),
        None => Ok(None),
    }
}

/// A page of the posts that `account` owns or edits, newest first, older than `before`.
pub async fn list(
    tx: &mut Tx<'_>,
    account: &AccountId,
    status: Option<PostStatus>,
    before: Option<&PostId>,
    limit: usize,
) -> Result<Vec<Post>, StoreError> {
    let sql = select!(
        "where p.id in (select id from post where owner_id = $1
             union select post_id from post_editor where account_id = $1)
           and ($2 is null or p.status = $2) and ($3 is null or p.id < $3)
         order by p.id desc limit $4"
    );
    let values = [
        account.as_str().into(),
        status.map(PostStatus::as_str).into(),
        before.map(PostId::as_str).into(),
        (limit as i64).into(),
    ];
    let mut posts = Vec::new();
    for post in tx.all(sql, &values, read).await? {
        posts.push(complete(tx, post).await?);
    }
    Ok(posts)
}

/// How an account stands with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Owner,
    Editor,
}

/// How `account` stands with a post; `None` if there is no such post, or it is neither owner nor editor.
pub async fn part(tx: &mut Tx<'_>, id: &PostId, account: &AccountId) -> Result<Option<Part>, StoreError> {
    let owner = tx
        .first(
            "select p.owner_id = $2 from post p
             where p.id = $1 and (p.owner_id = $2
               or exists (select 1 from post_editor e where e.post_id = p.id and e.account_id = $2))",
            &[id.as_str().into(), account.as_str().into()],
            |row| row.bool(0),
        )
        .await?;
    Ok(owner.map(|owner| if owner { Part::Owner } else { Part::Editor }))
}

/// Makes an account an editor.
pub async fn put_editor(tx: &mut Tx<'_>, id: &PostId, account: &AccountId) -> Result<(), StoreError> {
    tx.execute(
        "insert into post_editor (post_id, account_id) values ($1, $2) on conflict do nothing",
        &[id.as_str().into(), account.as_str().into()],
    )
    .await
    .map(drop)
}

/// Makes an account an editor no more.
pub async fn delete_editor(tx: &mut Tx<'_>, id: &PostId, account: &AccountId) -> Result<(), StoreError> {
    tx.execute(
        "delete from post_editor where post_id = $1 and account_id = $2",
        &[id.as_str().into(), account.as_str().into()],
    )
    .await
    .map(drop)
}

/// Takes an upload for a post, if who takes it has sent it: its files are the owner's and the editors' until the post goes out.
pub async fn take_upload(
    tx: &mut Tx<'_>,
    upload: &UploadId,
    post: &PostId,
    by: Option<&AccountId>,
) -> Result<Option<(MediaKind, Attachment)>, StoreError> {
    tx.first(
        "update upload set used = true, post_id = $2
         where id = $1 and not used and (account_id is null or account_id = $3)
         returning kind, attachment",
        &[upload.as_str().into(), post.as_str().into(), by.map(AccountId::as_str).into()],
        |row| Ok((row.parsed(0)?, attachment(&row.text(1)?)?)),
    )
    .await
}

/// The post that has not gone out yet whose owner and editors alone may have an upload's files.
pub async fn private_post_of(tx: &mut Tx<'_>, upload: &UploadId) -> Result<Option<PostId>, StoreError> {
    tx.first(
        "select p.id from upload u join post p on p.id = u.post_id
         where u.id = $1 and p.status in ('draft', 'scheduled')",
        &[upload.as_str().into()],
        |row| row.parsed(0),
    )
    .await
}

/// The scheduled posts that are due, earliest first.
pub async fn due(tx: &mut Tx<'_>, now: i64, limit: usize) -> Result<Vec<PostId>, StoreError> {
    tx.all(
        "select id from post where status = 'scheduled' and publish_at <= $1 order by publish_at limit $2",
        &[now.into(), (limit as i64).into()],
        |row| row.parsed(0),
    )
    .await
}

/// A delivery that was taken by this process for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub post: PostId,
    pub destination: DestinationId,
    pub event: Option<EventId>,
}

/// Takes deliveries that are due until `lease_until`, earliest first: nobody else takes them before that.
pub async fn claim(
    tx: &mut Tx<'_>,
    now: i64,
    lease_until: i64,
    limit: usize,
) -> Result<Vec<Claimed>, StoreError> {
    tx.all(
        "update post_destination set lease_until = $2, attempts = attempts + 1 where id in
           (select id from post_destination where state = 'waiting' and next_attempt_at <= $1
              and (lease_until is null or lease_until <= $1) order by next_attempt_at limit $3)
         returning post_id, id, event_id",
        &[now.into(), lease_until.into(), (limit as i64).into()],
        |row| {
            Ok(Claimed {
                post: row.parsed(0)?,
                destination: row.parsed(1)?,
                event: row.opt_text(2)?.as_deref().map(parse).transpose()?,
            })
        },
    )
    .await
}

/// Gives every lease back: whoever held one is gone. The data directory has one server at a time.
pub async fn release_leases(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    tx.execute("update post_destination set lease_until = null where lease_until is not null", &[]).await
}

/// When the next scheduled post is due.
pub async fn next_publication(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    let sql = "select min(publish_at) from post where status = 'scheduled'";
    Ok(tx.first(sql, &[], |row| row.opt_int(0)).await?.flatten())
}

/// When the next delivery is to be tried, or its lease ends.
pub async fn next_delivery(tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
    let sql = "select min(case when lease_until > next_attempt_at then lease_until else next_attempt_at end)
         from post_destination where state = 'waiting' and next_attempt_at is not null";
    Ok(tx.first(sql, &[], |row| row.opt_int(0)).await?.flatten())
}
