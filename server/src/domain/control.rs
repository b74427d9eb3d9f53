//! What an operator publishes by hand: to all who follow a topic, or to one account. Each is an entry of the audit.

use shared::{
    AccountId, Position, Topic, TopicKind, limits,
    model::{
        control::{Broadcast, ControlChange},
        notification::NotificationKind,
    },
};

use super::{
    Refusal,
    notification::{self, Notice},
};
use crate::{
    auth::Principal,
    ids::new_id,
    store::{Tx, WorkError, account, audit, log},
};

/// Whoever runs the server, or a server of theirs.
pub fn operator(principal: &Principal) -> Result<(), Refusal> {
    match principal {
        _ if principal.is_admin() => Ok(()),
        Principal::Visitor { .. } => Err(Refusal::SignIn),
        Principal::User(_) | Principal::Key { .. } => Err(Refusal::Forbidden),
    }
}

/// What is sent, as it stands in a log.
fn checked(data: serde_json::Value) -> Result<(Broadcast, String), Refusal> {
    let text = data.to_string();
    if text.len() > limits::BROADCAST_BYTES {
        let message = format!("data has {} bytes; {} are allowed", text.len(), limits::BROADCAST_BYTES);
        return Err(Refusal::Invalid { field: "data", message });
    }
    Ok((Broadcast { id: new_id(), data }, text))
}

/// Publishes on a topic. What concerns one account or one post alone is not for all.
pub async fn broadcast(
    tx: &mut Tx<'_>,
    by: &Principal,
    channel: &str,
    data: serde_json::Value,
    at: i64,
) -> Result<(Topic, Position), WorkError<Refusal>> {
    operator(by).map_err(WorkError::Refused)?;
    let unknown = || WorkError::Refused(Refusal::NotFound("channel"));
    let topic: Topic = channel.parse().map_err(|_| unknown())?;
    if matches!(topic.kind(), TopicKind::User | TopicKind::Post | TopicKind::Online) {
        let message = "nothing is broadcast there; an account is notified".to_owned();
        return Err(WorkError::Refused(Refusal::Invalid { field: "channel", message }));
    }
    let (sent, text) = checked(data).map_err(WorkError::Refused)?;
    log::append(tx, &topic, at, |_| ControlChange::Broadcast(sent)).await?.ok_or_else(unknown)?;
    audit::note(tx, &by.author(), "broadcast", topic.as_str(), &text, at).await?;
    let position = log::position(tx, &topic).await?.ok_or_else(unknown)?;
    Ok((topic, position))
}

/// Publishes to one account.
pub async fn notify(
    tx: &mut Tx<'_>,
    by: &Principal,
    user: &AccountId,
    data: serde_json::Value,
    at: i64,
) -> Result<(Topic, Position), WorkError<Refusal>> {
    operator(by).map_err(WorkError::Refused)?;
    let unknown = || WorkError::Refused(Refusal::NotFound("account"));
    account::find(tx, user).await?.ok_or_else(unknown)?;
    let (sent, text) = checked(data).map_err(WorkError::Refused)?;
    let words = sent.data.as_str().or_else(|| sent.data.get("text")?.as_str()).map(str::to_owned);
    let topic = Topic::user(user);
    log::append(tx, &topic, at, |_| ControlChange::Notify(sent)).await?.ok_or_else(unknown)?;
    if let Some(words) = words.filter(|words| !words.trim().is_empty()) {
        notification::tell(tx, user, Notice::of_system(NotificationKind::Warning, &words), at).await?;
    }
    audit::note(tx, &by.author(), "notify", user.as_str(), &text, at).await?;
    let position = log::position(tx, &topic).await?.ok_or_else(unknown)?;
    Ok((topic, position))
}
