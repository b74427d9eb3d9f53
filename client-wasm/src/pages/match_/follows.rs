//! Whom the reader follows: read when somebody is signed in, turned by the stars at teams and players. What concerns them
//! comes as a notification, and is what is spoken. Called by the page that watches a match.

use leptos::{prelude::*, task::spawn_local};
use shared::{
    PlayerId, TeamId,
    model::{follow::Followed, match_::Sheet},
};

use crate::{
    api::follows as api,
    components::{
        announcer::{Announcer, use_announcer},
        dynamic::{dynamic, when},
    },
    driver::use_live,
    session::{Session, use_session},
};

/// What can be followed: a team, or a player of it.
type Whom = (TeamId, Option<PlayerId>);

/// Whom the reader follows.
#[derive(Clone, Copy)]
pub(super) struct Follows {
    /// `None` until the server has said so.
    all: RwSignal<Option<Vec<Whom>>>,
    /// Counts what was turned: an answer from before says nothing any more.
    turned: StoredValue<u32>,
    session: Session,
    announcer: Announcer,
}

impl Follows {
    /// Reads it for who is signed in, as soon as there is a connection.
    pub(super) fn new() -> Self {
        let follows = Self {
            all: RwSignal::new(None),
            turned: StoredValue::new(0),
            session: use_session(),
            announcer: use_announcer(),
        };
        let live = use_live();
        Effect::new(move || {
            let unknown = follows.all.with(Option::is_none);
            if follows.session.is_signed_in() && live.shown.get().is_up() && unknown {
                follows.load();
            }
        });
        follows
    }

    fn load(self) {
        let before = self.turned.get_value();
        spawn_local(async move {
            // Without an answer it is asked for again when the connection is back.
            let Ok(all) = api::all().await else { return };
            if self.turned.try_get_value() == Some(before) {
                let all = all.into_iter().map(|one| (one.team_id, one.player_id)).collect();
                self.all.try_set(Some(all));
            }
        });
    }

    /// Of whom plays in a match, whom the reader follows.
    pub(super) fn in_match(self, sheet: &Sheet) -> Followed {
        self.all.with(|all| {
            let all = all.iter().flatten();
            Followed::in_match(sheet, all.map(|(team, player)| (team, player.as_ref())))
        })
    }

    fn has(self, whom: &Whom) -> bool {
        self.all.with(|all| all.as_ref().is_some_and(|all| all.contains(whom)))
    }

    /// Shows it at once; what the server does not take is turned back, and said.
    fn turn(self, whom: Whom) {
        let follows = !untrack(|| self.has(&whom));
        self.put(&whom, follows);
        spawn_local(async move {
            if let Err(error) = api::set(&whom.0, whom.1.as_ref(), follows).await
                && !self.all.is_disposed()
            {
                self.put(&whom, !follows);
                self.announcer.say(format!("That did not work. {}", error.message));
            }
        });
    }

    fn put(self, whom: &Whom, follows: bool) {
        self.turned.update_value(|turned| *turned += 1);
        self.all.update(|all| {
            let all = all.get_or_insert_default();
            all.retain(|known| known != whom);
            if follows {
                all.push(whom.clone());
            }
        });
    }
}

/// A star that follows a team or a player, for who is signed in. `words`: its name stands beside the star.
#[component]
pub(super) fn FollowButton(
    follows: Follows,
    team: TeamId,
    #[prop(optional)] player: Option<PlayerId>,
    name: Signal<String>,
    #[prop(optional)] words: bool,
) -> impl IntoView {
    let whom = StoredValue::new((team, player));
    let label = Memo::new(move |_| name.with(|name| format!("Follow {name}")));
    let pressed = Memo::new(move |_| whom.with_value(|whom| follows.has(whom)));
    let known = move || follows.session.is_signed_in() && follows.all.with(Option::is_some);
    when(known, move || {
        view! {
            <button
                class=if words { "btn btn-small follow" } else { "follow follow-star" }
                type="button"
                aria-label=(!words).then_some(label)
                aria-pressed=dynamic(move || pressed.get().to_string())
                on:click=move |_| follows.turn(whom.get_value())
            >
                <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" aria-hidden="true">
                    <path d="M12 3.500l2.600 5.400 5.900.800-4.300 4.100 1.100 5.900L12 16.900l-5.300 2.800 1.100-5.900L3.500 9.700l5.900-.800z" />
                </svg>
                {words.then_some(label)}
            </button>
        }
        .into_any()
    })
}
