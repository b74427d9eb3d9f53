//! People to sign in as, an event that only they see, and what they tell: stories, and a post that is being written.
//!
//! Ada owns it, Ben posts on it, Cleo reads: sign in as each in a window of their own. Where the server makes no
//! accounts there is none of this. Called by `main`.

use anyhow::Result;
use shared::{
    EventId, IdempotencyKey,
    model::{
        event::{EventStatus, NewEvent},
        member::{MemberRole, Visibility},
    },
};

use crate::{
    api::{Answer, Api},
    photos,
    story::Item,
};

/// Everybody's. It is no secret: a server that somebody else can reach is started without the demo.
pub(crate) const PASSWORD: &str = "touchline";

/// Names to sign in with, and shown.
const PEOPLE: [(&str, &str); 3] = [("ada", "Ada"), ("ben", "Ben"), ("cleo", "Cleo")];

/// Makes the people and their event, as far as they are not there. False where they cannot be: the server makes
/// no accounts, or somebody else goes by one of these names.
pub(crate) async fn gather(api: &Api) -> Result<bool> {
    let mut signed_in = Vec::new();
    for (name, shown) in PEOPLE {
        let Some(person) = api.signed_in_as(name, shown, PASSWORD).await? else { break };
        signed_in.push(person);
    }
    if let [ada, ben, _] = signed_in.as_slice() {
        party(ada, ben).await?;
        ben.tell_story("ben", photos::COFFEE, "Up before the lanterns.").await?;
        ada.tell_story("ada", photos::MOON, "What we shall be looking at tonight.").await?;
        let draft = "Thank you all for coming. Pictures follow, as soon as somebody has slept.";
        ada.write_post(draft, &key("draft")?).await?;
    }
    for person in &signed_in {
        person.sign_out().await?;
    }
    Ok(signed_in.len() == PEOPLE.len())
}

async fn party(ada: &Api, ben: &Api) -> Result<()> {
    let new = NewEvent {
        title: "Ada's garden party".to_owned(),
        description: "Private: Ada runs it, Ben may post, Cleo may look.".to_owned(),
        place: "Behind the house".to_owned(),
        status: Some(EventStatus::Live),
        starts_at: None,
        visibility: Some(Visibility::Private),
    };
    let (event, made) = match ada.create_event(&new, &key("event")?).await? {
        Answer::Made(event) => (event.id, true),
        Answer::WasThere(event) => (event.id, false),
    };
    if made {
        invite(ada, &event).await?;
    }
    let items = [
        (ada, "Ada", "The lanterns are up. Come through the gate, it is open."),
        (ben, "Ben", "Bringing the big speaker and two kinds of lemonade."),
        (ada, "Ada", "Cleo cannot post here, only look: she is sure to have opinions anyway."),
    ];
    for (at, (who, name, text)) in items.into_iter().enumerate() {
        let Some(answer) = who.post(&event, &Item::text(name, text), &key(&at.to_string())?).await? else {
            // Somebody has deleted it, or sent Ben away.
            break;
        };
        // An earlier start was cut off before it had invited anybody.
        if at == 0 && !made && matches!(answer, Answer::Made(_)) {
            invite(ada, &event).await?;
        }
    }
    Ok(())
}

async fn invite(ada: &Api, event: &EventId) -> Result<()> {
    ada.add_member(event, "ben", MemberRole::Contributor).await?;
    ada.add_member(event, "cleo", MemberRole::Viewer).await
}

fn key(part: &str) -> Result<IdempotencyKey> {
    Ok(format!("demo-party-a-{part}").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::serve;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_people_are_there_once_and_see_what_they_may() {
        let (_dir, address, stop) = serve(&["--registration", "open"]).await;
        let api = Api::new(&address);
        assert!(gather(&api).await.unwrap());
        assert!(gather(&api).await.unwrap(), "a second start finds them");
        for (name, _) in PEOPLE {
            let person = api.signed_in_as(name, "", PASSWORD).await.unwrap().unwrap();
            let events = person.events().await.unwrap();
            assert_eq!(events.len(), 1, "{name}");
            assert_eq!(events[0].media_count, 3, "nothing is there twice");
        }
        let ada = api.signed_in_as("ada", "", PASSWORD).await.unwrap().unwrap();
        assert_eq!(ada.storytellers().await.unwrap().len(), 2, "each has told one");
        assert_eq!(ada.posts().await.unwrap().len(), 1);
        assert_eq!(api.events().await.unwrap(), [], "visitors do not see it");
        assert!(api.signed_in_as("ada", "", "another").await.unwrap().is_none());
        stop.cancel();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_without_accounts_is_left_alone() {
        let (_dir, address, stop) = serve(&["--registration", "closed"]).await;
        assert!(!gather(&Api::new(&address)).await.unwrap());
        stop.cancel();
    }
}
