//! A post that is open in a dialog: its own topic is followed meanwhile, for what is said about it (P3), and for who else
//! has it open and is typing there (P4). Called by the dialogs of the board.

use leptos::{prelude::*, task::spawn_local};
use shared::{PostId, Topic};

use super::State;
use crate::{
    api::people::head,
    components::dynamic::dynamic,
    driver::{News, use_live},
    pages::event::{
        ear::{Ear, Said},
        presence::Presence,
    },
    session::use_session,
};

/// What is heard of it.
#[derive(Clone, Copy)]
pub(super) struct Opened {
    pub(super) ear: Ear,
    presence: Presence,
    /// More than one works on it: others may come.
    shared: Memo<bool>,
}

impl Opened {
    /// Follows a post until the current owner is cleaned up.
    pub(super) fn follow(state: State, id: &PostId) -> Self {
        let live = use_live();
        let of = id.clone();
        let shared = move |_: Option<&bool>| {
            state.posts.with(|list| list.get(&of).is_some_and(|post| !post.editors.is_empty()))
        };
        let opened =
            Self { ear: Ear::new(), presence: Presence::new(live, use_session()), shared: Memo::new(shared) };
        let topic = Topic::post(id);
        live.follow(topic.clone(), None, move |news| match news {
            News::SnapshotNeeded => {
                let topic = topic.clone();
                spawn_local(async move {
                    match head(&topic).await {
                        Ok(Some(position)) => {
                            opened.ear.say(Said::Refresh);
                            live.snapshot_applied(topic, position);
                        }
                        Ok(None) | Err(_) => live.snapshot_failed(topic),
                    }
                });
            }
            News::Publications { publications, .. } => opened.ear.say(Said::Publications(&publications)),
            News::Presence(frame) => opened.presence.hear(*frame),
            // The board hears that the post is gone.
            News::Refused { .. } => {}
        });
        opened
    }

    /// Who else has it open. The room for them is there as soon as somebody may come, so that nothing moves.
    pub(super) fn here(self) -> impl IntoView {
        let (presence, shared) = (self.presence, self.shared);
        view! {
            <div class="post-here" hidden=dynamic(move || !shared.get())>
                {presence.faces()}
                {presence.typing()}
            </div>
        }
    }
}
