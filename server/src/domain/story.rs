//! Stories: posted, seen, reacted to, deleted, over. That there is one is published to all who may look at
//! stories; who looks is published to its author alone.

use shared::{
    AccountId, Offset, StoryId, Topic, UploadId, limits,
    model::{
        media::MediaKind,
        story::{NewReaction, NewStory, Story, StoryChange, StoryDeleted, StoryReacted, StoryViewed},
    },
};

use super::{Refusal, text};
use crate::{
    auth::{
        Principal, User,
        permission::{self, Action},
    },
    ids::new_id,
    store::{StoreError, Tx, WorkError, log, media, story as rows},
    time::timestamp,
};

const GONE: Refusal = Refusal::NotFound("story");
/// Stories that are removed in one go when they are over.
const EXPIRED_AT_ONCE: usize = 200;

/// Posts a story that is over after `ttl_ms` milliseconds.
pub async fn post(
    tx: &mut Tx<'_>,
    principal: &Principal,
    new: NewStory,
    at: i64,
    ttl_ms: i64,
) -> Result<Story, WorkError<Refusal>> {
    let author = somebody(principal)?.person.clone();
    let text = text("text", &new.text, limits::STORY_TEXT_CHARS).map_err(WorkError::Refused)?;
    if rows::count(tx, &author.id, at).await? >= limits::STORIES_PER_AUTHOR as u64 {
        let message = format!("{} stories at a time are allowed", limits::STORIES_PER_AUTHOR);
        return Err(WorkError::Refused(Refusal::Conflict { field: "stories", message }));
    }
    let taken = media::take_upload(tx, &new.upload_id, None, Some(&author.id)).await?;
    let (kind, attachment) = taken.ok_or_else(|| no_upload("there is no such upload, or it is in use"))?;
    if !matches!(kind, MediaKind::Photo | MediaKind::Video) {
        return Err(no_upload("a story is a photo or a video"));
    }
    let expires_at = at.saturating_add(ttl_ms);
    let story = Story {
        id: new_id(),
        author,
        kind,
        text,
        attachment,
        created_at: timestamp(at),
        expires_at: timestamp(expires_at),
    };
    let shown = StoryChange::New(Box::new(story.clone()));
    let offset = log::append(tx, &Topic::stories(), at, |_| shown).await?;
    let offset = offset.ok_or_else(|| StoreError::Fault("there is no topic of stories".to_owned()))?;
    rows::insert(tx, &story, offset, at, expires_at).await?;
    Ok(story)
}

/// Notes that somebody has seen a story, and tells its author: of everybody once, and never of the author.
pub async fn view(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &StoryId,
    at: i64,
) -> Result<(), WorkError<Refusal>> {
    let viewer = &somebody(principal)?.person.id;
    let (story, _) = find(tx, id, at).await?;
    if story.author.id == *viewer || !rows::note_view(tx, id, viewer, at).await? {
        return Ok(());
    }
    let viewed = StoryViewed { story_id: id.clone(), viewer_id: viewer.clone(), viewed_at: timestamp(at) };
    tell_author(tx, &story.author.id, at, StoryChange::Viewed(viewed)).await
}

/// Notes a reaction in the place of the one before, and tells the story's author unless nothing changed.
pub async fn react(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &StoryId,
    new: NewReaction,
    at: i64,
) -> Result<(), WorkError<Refusal>> {
    let user = &somebody(principal)?.person.id;
    let emoji = emoji(&new.emoji).map_err(WorkError::Refused)?;
    let (story, _) = find(tx, id, at).await?;
    let changed = rows::note_reaction(tx, id, user, emoji, at).await?;
    if story.author.id == *user || !changed {
        return Ok(());
    }
    let reacted = StoryReacted {
        story_id: id.clone(),
        user_id: user.clone(),
        emoji: emoji.to_owned(),
        reacted_at: timestamp(at),
    };
    tell_author(tx, &story.author.id, at, StoryChange::Reacted(reacted)).await
}

/// The emoji that a text is, in the form recommended for interchange.
fn emoji(text: &str) -> Result<&'static str, Refusal> {
    let found = (text.len() <= limits::REACTION_BYTES).then(|| emojis::get(text)).flatten();
    found.map(emojis::Emoji::as_str).ok_or_else(|| Refusal::Invalid {
        field: "emoji",
        message: "a reaction is one emoji and nothing else".to_owned(),
    })
}

/// Deletes a story, one's own or, with the right to, another's; returns the upload whose files are to go
/// once this is committed.
pub async fn delete(
    tx: &mut Tx<'_>,
    principal: &Principal,
    id: &StoryId,
    at: i64,
) -> Result<UploadId, WorkError<Refusal>> {
    let (story, offset) = find(tx, id, at).await?;
    if principal.account_id() != Some(&story.author.id) {
        permission::require(tx, principal, Action::Manage, &Topic::stories()).await?;
    }
    Ok(remove(tx, story, offset, at).await?)
}

/// Removes some of the stories that are over; returns the uploads whose files are to go once this is
/// committed.
pub async fn expire(tx: &mut Tx<'_>, at: i64) -> Result<Vec<UploadId>, StoreError> {
    let expired = rows::expired(tx, at, EXPIRED_AT_ONCE).await?;
    let mut uploads = Vec::with_capacity(expired.len());
    for (story, offset) in expired {
        uploads.push(remove(tx, story, offset, at).await?);
    }
    Ok(uploads)
}

/// Takes a story out of the rows and out of the log.
async fn remove(tx: &mut Tx<'_>, story: Story, offset: Offset, at: i64) -> Result<UploadId, StoreError> {
    let topic = Topic::stories();
    let deletion =
        StoryChange::Delete(StoryDeleted { story_id: story.id.clone(), author_id: story.author.id });
    rows::delete(tx, &story.id).await?;
    media::delete_upload(tx, &story.attachment.upload_id).await?;
    log::append(tx, &topic, at, |_| deletion.clone()).await?;
    log::redact(tx, &topic, &format!("story:{}", story.id), offset, &deletion).await?;
    Ok(story.attachment.upload_id)
}

async fn find(tx: &mut Tx<'_>, id: &StoryId, at: i64) -> Result<(Story, Offset), WorkError<Refusal>> {
    rows::find(tx, id, at).await?.ok_or(WorkError::Refused(GONE))
}

/// Whoever looks at stories has an account: a server with a key has no eyes.
fn somebody(principal: &Principal) -> Result<&User, WorkError<Refusal>> {
    principal.user().ok_or(WorkError::Refused(match principal {
        Principal::Visitor { .. } => Refusal::SignIn,
        _ => Refusal::Forbidden,
    }))
}

async fn tell_author(
    tx: &mut Tx<'_>,
    author: &AccountId,
    at: i64,
    change: StoryChange,
) -> Result<(), WorkError<Refusal>> {
    log::append(tx, &Topic::user(author), at, |_| change).await?;
    Ok(())
}

fn no_upload(message: &str) -> WorkError<Refusal> {
    WorkError::Refused(Refusal::Invalid { field: "uploadId", message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_a_reaction_is_one_emoji() {
        for (text, stored) in [
            ("❤️", "❤️"),
            // Without its variation selector, as some keyboards send it.
            ("❤", "❤️"),
            ("👍🏽", "👍🏽"),
            ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
            ("🇨🇭", "🇨🇭"),
            ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
            ("1️⃣", "1️⃣"),
        ] {
            assert_eq!(emoji(text), Ok(stored), "{text}");
        }
        let long = "👍".repeat(1000);
        for text in [
            "",
            " ",
            "a",
            "1",
            "#",
            "❤️❤️",
            "👍 ",
            " 👍",
            "👍a",
            "\u{200d}",
            "\u{fe0f}",
            "🏽🏽",
            "<b>",
            &long,
        ] {
            assert!(emoji(text).is_err(), "{text:?} was taken");
        }
    }
}
