//! What is posted over REST and published over a connection alike: one command each, whichever way it came.
//! Called by `api` and `transport`.

use shared::{
    ErrorCode, EventId, MatchId, Topic, TopicKind,
    frame::{Publish, Published},
    model::{
        match_::{Entry, Happening},
        media::{Media, NewMedia},
    },
};

use super::{Keyed, Outcome, publish};
use crate::{
    auth::{Principal, permission::Action},
    domain::{self, match_::Recorded},
    error::ApiError,
    store::{Store, Tx},
};

/// Takes entries into the log of a match.
pub async fn record(
    store: &Store,
    principal: &Principal,
    id: MatchId,
    entries: Vec<Entry>,
) -> Result<Recorded, ApiError> {
    let (by, topic) = (principal.clone(), Topic::of_match(&id));
    let work = async move |tx: &mut Tx<'_>, at| domain::match_::record(tx, &by, &id, entries, at).await;
    // An entry's id is its key, for as long as the entry is there.
    Ok(publish(store, principal, Action::Post, &topic, None, work).await?.into_inner())
}

/// Posts an item to the timeline of an event.
pub async fn media(
    store: &Store,
    principal: &Principal,
    id: EventId,
    new: NewMedia,
) -> Result<Outcome<Media>, ApiError> {
    let (by, topic, keyed) = (principal.clone(), Topic::event(&id), keyed(&id, &new)?);
    let work = async move |tx: &mut Tx<'_>, at| domain::media::post(tx, &by, &id, new, None, at).await;
    publish(store, principal, Action::Post, &topic, keyed, work).await
}

/// The key of an item, with what makes it what it is.
pub fn keyed(id: &EventId, new: &NewMedia) -> Result<Option<Keyed>, ApiError> {
    new.key.clone().map(|key| Keyed::new(key, &("media", id, new))).transpose()
}

/// Does what a `publish` frame asks for.
pub async fn by_frame(
    store: &Store,
    principal: &Principal,
    publish: &Publish,
) -> Result<Published, ApiError> {
    let Publish { topic, key, content, reference } = publish;
    let malformed = |error: serde_json::Error| ApiError::new(ErrorCode::Malformed, error.to_string());
    let offset = match (topic.kind(), topic.id()) {
        (TopicKind::Match, Some(id)) => {
            let happening: Happening = content.read().map_err(malformed)?;
            let id = id.parse().map_err(|_| ApiError::not_found("match"))?;
            let entry = Entry { id: key.clone().into(), happening };
            let recorded = record(store, principal, id, vec![entry]).await?;
            recorded.events.first().map(|event| event.offset)
        }
        (TopicKind::Event, Some(id)) => {
            let new: NewMedia = content.read().map_err(malformed)?;
            let id = id.parse().map_err(|_| ApiError::not_found("event"))?;
            let posted = media(store, principal, id, NewMedia { key: Some(key.clone()), ..new }).await?;
            Some(posted.into_inner().offset)
        }
        _ => {
            return Err(ApiError::new(ErrorCode::Forbidden, "nothing is published on this topic by clients"));
        }
    };
    let offset =
        offset.ok_or_else(|| ApiError::new(ErrorCode::Internal, "what was recorded is not there"))?;
    Ok(Published { key: key.clone(), offset, reference: *reference })
}
