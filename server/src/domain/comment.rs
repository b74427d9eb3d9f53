//! Comments on timeline items and on posts, and likes of items: each change is published on the event's topic or
//! the post's, and told to whom it concerns. Who may read an event and is signed in may comment and like there, who
//! may read a post may comment on it; one's own comment is one's own to delete, and any comment that of who manages
//! the event or the post.

use shared::{
    AccountId, Change, CommentId, EventId, MediaId, Offset, Topic,
    limits::COMMENT_TEXT_CHARS,
    model::{
        account::Person,
        comment::{
            Comment, CommentChange, CommentDeleted, LikeChange, Liked, MediaLiked, NewComment, Parent,
            log_item,
        },
        media::Media,
        notification::NotificationKind,
        post::Post,
    },
};

use super::{
    Refusal,
    notification::{self, Notice},
    required,
};
use crate::{
    auth::{
        Principal,
        permission::{self, Action},
    },
    ids::new_id,
    store::{StoreError, Tx, WorkError, comment as rows, log, media, notification::About, post},
    time::timestamp,
};

/// Numbers of likes that are told: 10, 100, 1,000 …
fn is_milestone(likes: u64) -> bool {
    likes >= 10 && 10_u64.pow(likes.ilog10()) == likes
}

fn person(principal: &Principal) -> Result<Person, WorkError<Refusal>> {
    principal.user().map(|user| user.person.clone()).ok_or(WorkError::Refused(Refusal::SignIn))
}

async fn item(tx: &mut Tx<'_>, event: &EventId, id: &MediaId) -> Result<Media, WorkError<Refusal>> {
    media::find(tx, event, id).await?.ok_or(WorkError::Refused(Refusal::NotFound("item")))
}

/// What a comment stands under, as it is.
enum Commented {
    Media(Box<Media>),
    Post(Box<Post>),
}

impl Commented {
    async fn find(tx: &mut Tx<'_>, parent: &Parent) -> Result<Self, WorkError<Refusal>> {
        match parent {
            Parent::Media { event_id, media_id } => {
                Ok(Self::Media(Box::new(item(tx, event_id, media_id).await?)))
            }
            Parent::Post { post_id } => {
                let post = post::find(tx, post_id).await?;
                Ok(Self::Post(Box::new(post.ok_or(WorkError::Refused(Refusal::NotFound("post")))?)))
            }
        }
    }

    /// Whose it is; nobody's, where a visitor has posted it.
    const fn author(&self) -> Option<&AccountId> {
        match self {
            Self::Media(media) => media.author.account_id.as_ref(),
            Self::Post(post) => Some(&post.owner.id),
        }
    }

    /// Nothing was said about it before.
    const fn since(&self) -> Offset {
        match self {
            Self::Media(media) => media.offset,
            Self::Post(_) => Offset(1),
        }
    }

    /// Tells how many comments there are, after so many more or less.
    async fn publish_counts(self, tx: &mut Tx<'_>, more: i64, at: i64) -> Result<(), StoreError> {
        match self {
            Self::Media(mut media) => {
                media.comments = media.comments.saturating_add_signed(more);
                publish_counts(tx, &media, at).await
            }
            Self::Post(mut post) => {
                post.comments = post.comments.saturating_add_signed(more);
                super::post::tell_comments(tx, &post, at).await
            }
        }
    }
}

/// Comments on an item or a post are told in one notification until it is read; likes likewise.
fn comments_on(parent: &Parent) -> String {
    format!("comment:{}", parent.id())
}

fn likes_of(media: &MediaId) -> String {
    format!("like:{media}")
}

/// Writes a comment under an item or a post.
pub async fn post(
    tx: &mut Tx<'_>,
    principal: &Principal,
    parent: Parent,
    new: NewComment,
    at: i64,
) -> Result<Comment, WorkError<Refusal>> {
    let author = person(principal)?;
    let text = required("text", &new.text, COMMENT_TEXT_CHARS).map_err(WorkError::Refused)?;
    let commented = Commented::find(tx, &parent).await?;
    let comment = Comment { id: new_id(), parent, author, text, created_at: timestamp(at), key: new.key };
    rows::insert(tx, &comment, at).await?;
    let change = CommentChange::New(Box::new(comment.clone()));
    log::append(tx, &comment.parent.topic(), at, |_| change).await?;
    let whose = commented.author().cloned();
    commented.publish_counts(tx, 1, at).await?;
    tell(tx, &comment, whose, at).await?;
    Ok(comment)
}

/// Tells of a comment: who is mentioned in it, and whose item or post it is about. Who is both hears of it once.
async fn tell(
    tx: &mut Tx<'_>,
    comment: &Comment,
    whose: Option<AccountId>,
    at: i64,
) -> Result<(), StoreError> {
    let parent = &comment.parent;
    let notice = Notice {
        kind: NotificationKind::Mention,
        subject: format!("mention:comment:{}", comment.id),
        by: Some(comment.author.clone()),
        reached: None,
        event_id: parent.event_id().cloned(),
        media_id: parent.media_id().cloned(),
        post_id: parent.post_id().cloned(),
        comment_id: Some(comment.id.clone()),
        match_id: None,
        text: comment.text.clone(),
    };
    let names = notification::mentions(&comment.text);
    let mentioned = notification::mention(tx, names, &notice, at).await?;
    if let Some(author) = whose.filter(|author| !mentioned.contains(author)) {
        let (kind, subject) = (NotificationKind::Comment, comments_on(parent));
        notification::tell(tx, &author, Notice { kind, subject, ..notice }, at).await?;
    }
    Ok(())
}

/// Deletes a comment, from the log as well, and what was told of it.
pub async fn delete(
    tx: &mut Tx<'_>,
    principal: &Principal,
    parent: &Parent,
    id: &CommentId,
    at: i64,
) -> Result<(), WorkError<Refusal>> {
    let found = rows::find(tx, parent, id).await?;
    let comment = found.ok_or(WorkError::Refused(Refusal::NotFound("comment")))?;
    let topic = parent.topic();
    if principal.account_id() != Some(&comment.author.id) {
        permission::require(tx, principal, Action::Manage, &topic).await?;
    }
    let commented = Commented::find(tx, parent).await?;
    let told = told_of(tx, commented.author(), &comment).await?;
    notification::withdraw(tx, About::MentionIn(id), at).await?;
    rows::delete(tx, &comment).await?;
    if let Some(author) = told {
        notification::forget_comment(tx, &author, &comments_on(parent), &comment, at).await?;
    }
    let gone = CommentDeleted { parent: parent.clone(), comment_id: id.clone() };
    let deletion = CommentChange::Delete(gone);
    log::append(tx, &topic, at, |_| deletion.clone()).await?;
    log::redact(tx, &topic, &log_item(parent, id), commented.since(), &deletion).await?;
    commented.publish_counts(tx, -1, at).await?;
    Ok(())
}

/// Whoever's it is that was commented on, if they were told of it as of a comment on what is theirs.
async fn told_of(
    tx: &mut Tx<'_>,
    author: Option<&AccountId>,
    comment: &Comment,
) -> Result<Option<AccountId>, StoreError> {
    let Some(author) = author.filter(|id| **id != comment.author.id) else { return Ok(None) };
    let stored = crate::store::account::find(tx, author).await?;
    let mentioned = notification::mentions(&comment.text);
    let told = stored.is_some_and(|stored| !mentioned.contains(&stored.account.person.name));
    Ok(told.then(|| author.clone()))
}

/// Likes an item, or takes that back. Done twice it is done once; done again it is not told again.
pub async fn like(
    tx: &mut Tx<'_>,
    principal: &Principal,
    event_id: &EventId,
    media_id: &MediaId,
    liked: bool,
    at: i64,
) -> Result<Liked, WorkError<Refusal>> {
    let by = person(principal)?;
    let mut media = item(tx, event_id, media_id).await?;
    let changed = if liked {
        rows::like(tx, media_id, &by.id, at).await?
    } else {
        rows::unlike(tx, media_id, &by.id).await?
    };
    let Some(like) = changed else { return Ok(Liked { liked, likes: media.likes }) };
    media.likes = if liked { media.likes + 1 } else { media.likes.saturating_sub(1) };
    publish_counts(tx, &media, at).await?;
    let own = MediaLiked { event_id: event_id.clone(), media_id: media_id.clone(), liked };
    log::append(tx, &Topic::user(&by.id), at, |_| LikeChange::Liked(own)).await?;
    let others = media.author.account_id.clone().filter(|author| *author != by.id);
    if let Some(author) = others.filter(|_| !like.is_first) {
        notification::recount_likes(tx, &author, &likes_of(media_id), like.since, liked, at).await?;
    } else if liked {
        tell_like(tx, by, &media, at).await?;
    }
    Ok(Liked { liked, likes: media.likes })
}

/// Tells an item's author of a like, and of the milestone that it may be.
async fn tell_like(tx: &mut Tx<'_>, by: Person, media: &Media, at: i64) -> Result<(), StoreError> {
    let Some(author) = &media.author.account_id else { return Ok(()) };
    let notice = Notice {
        kind: NotificationKind::Like,
        subject: likes_of(&media.id),
        by: Some(by),
        reached: None,
        event_id: Some(media.event_id.clone()),
        media_id: Some(media.id.clone()),
        post_id: None,
        comment_id: None,
        match_id: None,
        text: media.text.clone(),
    };
    if is_milestone(media.likes) {
        let milestone = Notice {
            kind: NotificationKind::Milestone,
            subject: format!("milestone:{}:{}", media.id, media.likes),
            by: None,
            reached: Some(media.likes),
            ..notice.clone()
        };
        notification::tell(tx, author, milestone, at).await?;
    }
    notification::tell(tx, author, notice, at).await
}

/// An item's counts are part of it: the change goes out as every other, and a window makes one of many. The
/// item is not changed by it, and does not say that it was.
async fn publish_counts(tx: &mut Tx<'_>, media: &Media, at: i64) -> Result<(), StoreError> {
    let change = Change::MediaUpdate(Box::new(media.clone()));
    log::append(tx, &Topic::event(&media.event_id), at, |_| change).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_milestones_are_the_powers_of_ten() {
        let told: Vec<u64> = (0..=100_000).filter(|likes| is_milestone(*likes)).collect();
        assert_eq!(told, [10, 100, 1_000, 10_000, 100_000]);
    }
}
