//! Who likes a post, of those who work on it.

use shared::model::{account::Person, notification::NotificationKind, post::PostLikes};

use super::{
    Post, PostChange, PostId, Principal, Refusal, StoreError, Topic, Tx, Work, find, log, people, refused,
    rows,
};
use crate::{
    domain::notification::{self, Notice},
    store::comment::Like,
};

fn likes_of(id: &PostId) -> String {
    format!("like:post:{id}")
}

/// Likes a post, or takes that back. Done twice it is done once; done again it is not told again. The post is not
/// changed by it, so that whoever is changing it is not overtaken.
pub async fn like(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &PostId,
    liked: bool,
    at: i64,
) -> Work<PostLikes> {
    let Some(by) = principal.user().map(|user| user.person.clone()) else {
        return refused(Refusal::Forbidden);
    };
    let changed = rows::set_liked(tx, id, &by.id, liked, at).await?;
    let post = find(tx, id).await?;
    let Some(like) = changed else { return Ok(of(&post)) };
    for person in people(&post) {
        log::append(tx, &Topic::user(&person.id), at, |_| PostChange::Likes(of(&post))).await?;
    }
    tell_owner(tx, &post, by, like, liked, at).await?;
    Ok(of(&post))
}

fn of(post: &Post) -> PostLikes {
    PostLikes { post_id: post.id.clone(), liked_by: post.liked_by.clone() }
}

async fn tell_owner(
    tx: &mut Tx<'_>,
    post: &Post,
    by: Person,
    like: Like,
    liked: bool,
    at: i64,
) -> Result<(), StoreError> {
    if by.id == post.owner.id {
        return Ok(());
    }
    let subject = likes_of(&post.id);
    if !like.is_first {
        return notification::recount_likes(tx, &post.owner.id, &subject, like.since, liked, at).await;
    }
    let notice = Notice {
        kind: NotificationKind::Like,
        subject,
        by: Some(by),
        reached: None,
        event_id: None,
        media_id: None,
        post_id: Some(post.id.clone()),
        comment_id: None,
        match_id: None,
        text: post.text.clone(),
    };
    notification::tell(tx, &post.owner.id, notice, at).await
}
