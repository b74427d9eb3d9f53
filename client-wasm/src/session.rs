//! Who is signed in. One answer for the whole page: read from the server at the start, changed by signing in
//! and out, and read again when another tab has done so or the server has ended the sign-in. Keeps no secret:
//! the cookie is the browser's, and no script can read it. Draws nothing. Called by pages and components.

use std::rc::Rc;

use leptos::{prelude::*, task::spawn_local};
use shared::{
    AccountId, Publication, Topic,
    model::account::{Account, AccountRole, Credentials, NewAccount, Registration, SessionState},
};

use crate::{
    api::{Answer, people as api},
    driver::{Live, News, Shown},
    storage,
};

/// What concerns the account that is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Own<'a> {
    /// Read anew what is shown of the account; what comes next may be part of it already.
    Refresh,
    Publications(&'a [Publication]),
}

type Hearer = Rc<dyn Fn(Own<'_>)>;

/// Who is signed in, by context.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    state: RwSignal<Option<SessionState>>,
    /// Counts how often somebody else came to be signed in than before: pages begin anew.
    pub(crate) turns: RwSignal<u32>,
    /// The account that is signed in.
    pub(crate) account: Memo<Option<Account>>,
    /// Counts what was asked, and what was learnt in another way.
    asked: StoredValue<u32>,
    /// The last of them that was answered: what was asked before it is overtaken.
    answered: StoredValue<u32>,
    hearers: StoredValue<Vec<(u64, Hearer)>, LocalStorage>,
    live: Live,
}

/// The session. Panics outside of [`crate::app::App`], which provides it.
pub(crate) fn use_session() -> Session {
    expect_context::<Session>()
}

impl Session {
    /// Asks the server and listens to the other tabs.
    pub(crate) fn start(live: Live) -> Self {
        let state = RwSignal::new(None::<SessionState>);
        let session = Self {
            state,
            turns: RwSignal::new(0),
            account: Memo::new(move |_| state.with(|state| state.as_ref().and_then(|s| s.account.clone()))),
            asked: StoredValue::new(0),
            answered: StoredValue::new(0),
            hearers: StoredValue::new_local(Vec::new()),
            live,
        };
        // Kept for as long as the app's owner lives.
        StoredValue::new_local(storage::on_session_told(move || session.load()));
        session.load();
        // What was not answered is asked again once the server is there. A server that will not have this
        // browser back has ended its sign-in.
        Effect::new(move || {
            let shown = live.shown.get();
            let unknown = session.state.with_untracked(Option::is_none);
            if shown == Shown::Refused || (shown.is_up() && unknown) {
                session.load();
            }
        });
        let id = Memo::new(move |_| session.id());
        Effect::new(move || {
            if let Some(id) = id.get() {
                session.follow_own(Topic::user(&id));
            }
        });
        session
    }

    /// Whether the server has said who is signed in.
    pub(crate) fn is_known(self) -> bool {
        self.state.with(Option::is_some)
    }

    /// The account's id.
    pub(crate) fn id(self) -> Option<AccountId> {
        self.account.with(|account| account.as_ref().map(|account| account.person.id.clone()))
    }

    /// Whether somebody is signed in.
    pub(crate) fn is_signed_in(self) -> bool {
        self.account.with(Option::is_some)
    }

    /// Whether nothing is closed to who is signed in.
    pub(crate) fn is_admin(self) -> bool {
        self.account
            .with(|account| account.as_ref().is_some_and(|account| account.role == AccountRole::Admin))
    }

    /// Whether a visitor may make events, and post on those that nobody owns.
    pub(crate) fn visitors_may_post(self) -> bool {
        self.state.with(|state| state.as_ref().is_some_and(|state| state.visitors_may_post))
    }

    /// Who may make an account; `None` until the server has said so.
    pub(crate) fn registration(self) -> Option<Registration> {
        self.state.with(|state| state.as_ref().map(|state| state.registration))
    }

    pub(crate) async fn sign_in(self, credentials: Credentials) -> Answer<()> {
        let account = api::sign_in(&credentials).await?;
        self.turned(Some(account));
        Ok(())
    }

    /// Makes an account; its holder is signed in.
    pub(crate) async fn register(self, new: NewAccount) -> Answer<()> {
        let account = api::register(&new).await?;
        self.turned(Some(account));
        Ok(())
    }

    pub(crate) async fn sign_out(self) -> Answer<()> {
        api::sign_out().await?;
        self.turned(None);
        Ok(())
    }

    /// Signs out in every browser.
    pub(crate) async fn sign_out_everywhere(self) -> Answer<()> {
        api::end_all_sessions().await?;
        self.turned(None);
        Ok(())
    }

    /// The account was changed: by another name, for instance.
    pub(crate) fn changed(self, account: Account) {
        // Whose it is may have signed out meanwhile.
        if untrack(|| self.id()).is_none_or(|id| id != account.person.id) {
            return;
        }
        self.overtake();
        self.state.update(|state| {
            if let Some(state) = state {
                state.account = Some(account);
            }
        });
        storage::tell_session();
    }

    /// Hears what is published about the account that is signed in, until the current owner is cleaned up.
    /// Called with [`Own::Refresh`] after whatever may have been missed.
    pub(crate) fn hear(self, hearer: impl Fn(Own<'_>) + 'static) {
        let number = self.hearers.with_value(|all| all.last().map_or(0, |(last, _)| last + 1));
        self.hearers.update_value(|all| all.push((number, Rc::new(hearer))));
        on_cleanup(move || {
            self.hearers.try_update_value(|all| all.retain(|(of, _)| *of != number));
        });
    }

    /// Asks the server again.
    pub(crate) fn load(self) {
        let number = self.ask();
        spawn_local(async move {
            // Without an answer nothing changes; it is asked again when the connection is back.
            let Ok(state) = api::session().await else { return };
            if self.is_news(number) && self.set(state) && self.live.shown.get_untracked() == Shown::Refused {
                self.live.reconnect();
            }
        });
    }

    fn ask(self) -> u32 {
        self.asked.update_value(|asked| *asked += 1);
        self.asked.get_value()
    }

    /// Whether nothing that was asked later has been answered already; from now on, nothing earlier counts.
    fn is_news(self, number: u32) -> bool {
        let is_news = number > self.answered.get_value();
        if is_news {
            self.answered.set_value(number);
        }
        is_news
    }

    /// What is being asked may be answered with what was true before: it is not news any more.
    fn overtake(self) {
        self.answered.set_value(self.ask());
    }

    /// Whether it is somebody else than before, if that was known: then pages begin anew.
    fn set(self, state: SessionState) -> bool {
        let id = |state: &SessionState| state.account.as_ref().map(|account| account.person.id.clone());
        let after = id(&state);
        let before = self.state.with_untracked(|state| state.as_ref().map(id));
        self.state.set(Some(state));
        let is_another = before.is_some_and(|before| before != after);
        if is_another {
            self.turns.update(|turns| *turns += 1);
        }
        is_another
    }

    /// Somebody has signed in or out here: the connection is made anew before anything is asked over it.
    fn turned(self, account: Option<Account>) {
        self.overtake();
        self.live.reconnect();
        storage::tell_session();
        if let Some(state) = self.state.get_untracked() {
            self.set(SessionState { account, ..state });
        }
    }

    /// Follows the account's own topic for as long as the current owner lives. There is no snapshot of it as
    /// a whole: where it stands is read first, and then everybody reads their part.
    fn follow_own(self, topic: Topic) {
        let own = topic.clone();
        self.live.follow(topic, None, move |news| match news {
            News::SnapshotNeeded => {
                let topic = own.clone();
                spawn_local(async move {
                    match api::head(&topic).await {
                        Ok(Some(position)) => {
                            self.tell(Own::Refresh);
                            self.live.snapshot_applied(topic, position);
                        }
                        Ok(None) => self.load(),
                        Err(_) => self.live.snapshot_failed(topic),
                    }
                });
            }
            News::Publications { publications, .. } => self.tell(Own::Publications(&publications)),
            News::Presence(_) => {}
            // It is nobody else's: whoever may not read it is not signed in any more.
            News::Refused { .. } => self.load(),
        });
    }

    fn tell(self, own: Own<'_>) {
        // Taken out, so that a hearer may come or go.
        let hearers = self.hearers.get_value();
        for (_, hearer) in hearers {
            hearer(own);
        }
    }
}
