//! Who works on a post beside its owner.

use shared::{AccountId, model::account::Person};

use super::{
    About, Post, PostAccessChanged, PostChange, PostId, Principal, Refusal, Step, StoreError, Topic, Tx,
    Work, account, conflict, find, gone, limits, log, notification, refused, rows, save, save_and_tell,
};

/// Shares a post with somebody, by name. Who it is shared with hears of it as `post:created`.
pub async fn share(tx: &mut Tx<'_>, id: &PostId, name: &str, at: i64) -> Work<Post> {
    let mut post = find(tx, id).await?;
    let person = person(tx, name).await?;
    if person.id == post.owner.id || post.editors.iter().any(|editor| editor.id == person.id) {
        return Ok(post);
    }
    if post.editors.len() >= limits::POST_EDITORS {
        return conflict("editors", "a post has no more editors than that");
    }
    rows::put_editor(tx, id, &person.id).await?;
    changed(tx, id, at).await?;
    post.editors.push(person.clone());
    post.editors.sort_by(|a, b| a.name.cmp(&b.name));
    let step =
        |to: &Person| -> Step { if to.id == person.id { PostChange::Created } else { PostChange::Updated } };
    save_and_tell(tx, &mut post, step, at).await?;
    Ok(post)
}

/// Shares a post with somebody no more. An editor may go; only the owner sends somebody away. Returns who
/// is no editor now.
pub async fn remove_editor(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &PostId,
    name: &str,
    at: i64,
) -> Work<AccountId> {
    let mut post = find(tx, id).await?;
    let person = person(tx, name).await?;
    let me = principal.account_id();
    if me != Some(&post.owner.id) && me != Some(&person.id) {
        return refused(Refusal::Forbidden);
    }
    if !post.editors.iter().any(|editor| editor.id == person.id) {
        return Ok(person.id);
    }
    post.editors.retain(|editor| editor.id != person.id);
    post.liked_by.retain(|liking| liking.id != person.id);
    rows::delete_editor(tx, id, &person.id).await?;
    rows::delete_like(tx, id, &person.id).await?;
    changed(tx, id, at).await?;
    gone(tx, &Topic::user(&person.id), id, at).await?;
    notification::withdraw(tx, About::PostTo(id, &person.id), at).await?;
    save(tx, &mut post, PostChange::Updated, at).await?;
    Ok(person.id)
}

/// Whoever follows the post's topic is decided on anew.
async fn changed(tx: &mut Tx<'_>, id: &PostId, at: i64) -> Result<(), StoreError> {
    let access = PostAccessChanged { post_id: id.clone() };
    log::append(tx, &Topic::post(id), at, |_| PostChange::Access(access)).await.map(drop)
}

async fn person(tx: &mut Tx<'_>, name: &str) -> Work<Person> {
    let name = name.trim().trim_start_matches('@').to_ascii_lowercase();
    match account::find_by_name(tx, &name).await? {
        Some(found) if !found.disabled => Ok(found.account.person),
        _ => refused(Refusal::NotFound("person")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::{
        limits::POST_EDITORS,
        model::{account::AccountRole, post::NewPost},
    };

    use super::*;
    use crate::{
        auth::example::signed_in,
        domain::{account::NewPerson, post::create},
        store::Store,
    };

    async fn person(tx: &mut Tx<'_>, name: &str) -> Work<Person> {
        let new = NewPerson {
            name: name.to_owned(),
            display_name: name.to_owned(),
            password: None,
            role: AccountRole::User,
        };
        Ok(crate::domain::account::create(tx, new, 0).await?.person)
    }

    #[tokio::test]
    async fn p1_v8_a_post_has_no_more_editors_than_allowed() {
        let store = Store::inline(Arc::new(|_| {})).unwrap();
        let shared = store.write(async |tx| {
            let owner = signed_in(person(tx, "owner").await?);
            let post = create(tx, &owner, NewPost::default(), 0).await?;
            for number in 0..=POST_EDITORS {
                person(tx, &format!("editor{number}")).await?;
            }
            for number in 0..POST_EDITORS {
                share(tx, &post.id, &format!("@Editor{number}"), 0).await?;
            }
            let again = share(tx, &post.id, "editor0", 0).await?;
            assert_eq!(again.editors.len(), POST_EDITORS, "who is one already is no more");
            share(tx, &post.id, &format!("editor{POST_EDITORS}"), 0).await
        });
        let refused = shared.await.unwrap().unwrap_err();
        assert!(matches!(refused, Refusal::Conflict { field: "editors", .. }), "{refused:?}");
    }
}
