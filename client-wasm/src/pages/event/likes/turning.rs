//! The reader's likes with the server: read when the page is opened, heard of from other devices on the account's own
//! topic, and sent. A press shows at once; the server has it when it can, and what was pressed last holds.

use leptos::{prelude::*, task::spawn_local};
use shared::{MediaId, model::comment::LikeChange};

use super::{Like, Likes};
use crate::{
    api::talk as api,
    components::announcer::Announcer,
    session::{Own, use_session},
};

/// Reads what the reader likes, and hears what becomes of it for as long as the current owner lives.
pub(crate) fn follow() {
    let likes = expect_context::<Likes>();
    load(likes);
    use_session().hear(move |own| match own {
        Own::Refresh => load(likes),
        Own::Publications(publications) => {
            for publication in publications {
                if let Some(LikeChange::Liked(told)) = publication.change.read() {
                    update(likes, &told.media_id, |like| {
                        if !like.busy {
                            like.liked = told.liked;
                        }
                    });
                }
            }
        }
    });
}

fn load(likes: Likes) {
    spawn_local(async move {
        let Some(event) = likes.event.try_get_value() else { return };
        // Without an answer nothing is marked; it is asked again when the connection is back.
        let Ok(liked) = api::likes(&event).await else { return };
        likes.items.try_update(|items| {
            for (_, like) in items.iter_mut().filter(|(_, like)| !like.busy) {
                *like = Like::default();
            }
            for id in liked {
                let like = items.entry(id).or_default();
                like.liked |= !like.busy;
            }
        });
    });
}

fn update<T>(likes: Likes, id: &MediaId, change: impl FnOnce(&mut Like) -> T) -> Option<T> {
    likes.items.try_update(|items| change(items.entry(id.clone()).or_default()))
}

/// Likes an item, or no longer.
pub(crate) fn turn(likes: Likes, announcer: Announcer, id: MediaId) {
    let pressed = update(likes, &id, |like| {
        like.liked = !like.liked;
        like.ahead += if like.liked { 1 } else { -1 };
        (like.liked, std::mem::replace(&mut like.busy, true))
    });
    let Some((mut wanted, false)) = pressed else { return };
    let event = likes.event.get_value();
    spawn_local(async move {
        loop {
            let answer = api::set_liked(&event, &id, wanted).await;
            let failed = answer.is_err();
            // What was pressed meanwhile goes after it.
            let next = update(likes, &id, |like| {
                like.busy = !failed && like.liked != wanted;
                if failed {
                    *like = Like { liked: !wanted, ..Like::default() };
                }
                like.busy.then_some(like.liked)
            });
            if let Err(error) = answer {
                announcer.say(format!("That was not stored. {}", error.message));
            }
            match next.flatten() {
                Some(next) => wanted = next,
                None => return,
            }
        }
    });
}
