//! Above the timeline: the composer for who may post, fetched for them alone; for others, why not, and what would
//! help.

use leptos::prelude::*;
use leptos_router::components::A;
use shared::EventId;

use super::{
    composer::Writing,
    feed::Feed,
    load::{Known, Loader},
    outgoing::Outgoing,
    rights::{Rights, Standing},
};
use crate::{components::dynamic::dynamic, pages::sign_in, parts};

/// Composer or reason.
#[component]
pub(crate) fn PlaceToWrite(
    event: StoredValue<EventId>,
    loader: Loader,
    feed: Feed,
    outgoing: Outgoing,
    writing: Writing,
    rights: Rights,
) -> impl IntoView {
    let standing = Memo::new(move |_| rights.standing());
    let owner = Memo::new(move |_| {
        loader.known.with(|known| match known {
            Known::Event(event) => event.owner.as_ref().map(|owner| owner.display_name.clone()),
            _ => None,
        })
    });
    // As high as the composer: what is below does not move when it comes.
    let unknown = || view! { <div class="composer unknown" aria-hidden="true"></div> }.into_any();
    dynamic(move || match standing.get() {
        Standing::Unknown => unknown(),
        Standing::MayPost => parts::later(parts::composer, unknown, move |draw| {
            draw(event.get_value(), feed, outgoing, writing)
        }),
        Standing::SignIn => {
            let href = sign_in::address(&format!("/events/{}", event.get_value()));
            view! {
                <div class="composer reason">
                    <p>"Who posts here is signed in."</p>
                    <A href=href attr:class="btn btn-small">"Sign in"</A>
                </div>
            }
            .into_any()
        }
        Standing::Ask => view! {
            <div class="composer reason">
                <p>
                    "You can read along. To post, ask "
                    {dynamic(move || owner.get().map_or_else(
                        || "whoever runs this event".into_any(),
                        |name| view! { <b>{name}</b> }.into_any(),
                    ))}
                    " to make you a contributor."
                </p>
            </div>
        }
        .into_any(),
    })
}
