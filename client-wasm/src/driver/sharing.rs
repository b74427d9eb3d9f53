//! One connection for all tabs: who leads, and what leader and followers say to each other. The leader is
//! who holds a Web Lock; what it does for the others is decided by [`Relay`]. Without locks a tab has a
//! connection of its own. See `docs/decisions/0007-one-connection-per-browser.md`.

mod follower;
mod leader;

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use client_core::{
    Input,
    relay::{Allegiance, Port, Relay, Tab, Term, Word},
};
use litemap::LiteMap;
use shared::Timestamp;

use super::Driver;
use crate::{
    browser,
    tabs::{Channel, Claim, Manner, Verdict},
};

/// What concerns the tabs of every build is said here. There is one thing to say: whoever has a connection makes
/// it anew. The text is the build of who says so.
const EVERYBODY: &str = "touchline.everybody";

/// A virtual socket to the leading tab.
#[derive(Debug)]
pub(super) struct Virtual {
    pub(super) port: Port,
}

/// This tab among the others, for as long as it takes part: until it is closed or frozen.
pub(super) struct Sharing {
    /// To the tabs of the same build: others may say other things.
    channel: Channel,
    everybody: Option<Channel>,
    tab: Tab,
    /// That the browser keeps a lock for this tab tells the leader that it is there.
    there: RefCell<Option<Claim>>,
    is_there: Cell<bool>,
    /// To the connection.
    claim: RefCell<Option<Claim>>,
    /// There are no locks to be had.
    alone: Cell<bool>,
    /// There while this tab leads.
    relay: RefCell<Option<Relay>>,
    term: RefCell<Option<Term>>,
    allegiance: RefCell<Allegiance>,
    /// The leader's claims to the locks of those that it serves: it has one when that tab is gone.
    watched: RefCell<LiteMap<Tab, Claim>>,
    /// What the relay asks for is being done.
    busy: Cell<bool>,
}

/// Who holds this has the connection.
fn connection_lock() -> String {
    format!("touchline.connection.{}", browser::build())
}

fn tab_lock(tab: &Tab) -> String {
    format!("touchline.tab.{}.{}", browser::build(), tab.0)
}

fn timestamp() -> Option<Timestamp> {
    browser::timestamp(browser::wall_ms())
}

impl Sharing {
    /// Takes part from now on. `None` where tabs cannot hear each other.
    pub(super) fn new(me: &Weak<Driver>) -> Option<Rc<Self>> {
        let heard = me.clone();
        let channel = Channel::open(&format!("touchline.tabs.{}", browser::build()), move |text| {
            if let (Some(driver), Some(word)) = (heard.upgrade(), Word::read(&text, browser::now())) {
                driver.heard(word);
            }
        })?;
        let heard = me.clone();
        let everybody = Channel::open(EVERYBODY, move |text| {
            // Tabs of the same build are told by [`Word::Reconnect`], in order with what else they hear.
            if let Some(driver) = heard.upgrade().filter(|_| text != browser::build()) {
                driver.renew();
            }
        });
        let tab = Tab(browser::random_id());
        let there = claim(me, &tab_lock(&tab), Manner::Wait, |driver, verdict| match verdict {
            Verdict::Granted => driver.is_there(),
            Verdict::Lost | Verdict::Denied => driver.be_alone(),
        });
        let waits = claim_connection(me, Manner::Wait);
        let alone = there.is_none() || waits.is_none();
        Some(Rc::new(Self {
            channel,
            everybody,
            tab,
            there: RefCell::new(there),
            is_there: Cell::new(false),
            claim: RefCell::new(waits.filter(|_| !alone)),
            alone: Cell::new(alone),
            relay: RefCell::default(),
            term: RefCell::default(),
            allegiance: RefCell::default(),
            watched: RefCell::default(),
            busy: Cell::new(false),
        }))
    }

    fn say(&self, word: &Word) {
        if let Some(text) = word.write(browser::now()) {
            self.channel.post(&text);
        }
    }

    fn follows(&self) -> bool {
        !self.alone.get() && self.relay.borrow().is_none()
    }

    /// The term, if this tab leads.
    fn reign(&self) -> Option<Term> {
        self.term.borrow().clone()
    }
}

fn claim(
    me: &Weak<Driver>,
    name: &str,
    manner: Manner,
    told: impl Fn(&Driver, Verdict) + 'static,
) -> Option<Claim> {
    let me = me.clone();
    Claim::new(name, manner, move |verdict| {
        if let Some(driver) = me.upgrade() {
            told(&driver, verdict);
        }
    })
}

fn claim_connection(me: &Weak<Driver>, manner: Manner) -> Option<Claim> {
    claim(me, &connection_lock(), manner, |driver, verdict| match verdict {
        Verdict::Granted => driver.lead(),
        Verdict::Lost => driver.step_down(),
        Verdict::Denied => driver.be_alone(),
    })
}

/// As one of several.
impl Driver {
    fn sharing(&self) -> Option<Rc<Sharing>> {
        self.sharing.borrow().clone()
    }

    /// Whether this tab is served by another, or will be.
    pub(super) fn follows_a_tab(&self) -> bool {
        self.sharing().is_some_and(|sharing| sharing.follows())
    }

    /// Whether this tab has the connection of all.
    pub(super) fn leads(&self) -> bool {
        self.sharing().is_some_and(|sharing| sharing.relay.borrow().is_some())
    }

    /// The page is there, again or for the first time.
    pub(super) fn take_part(&self) {
        if self.away.replace(false) {
            self.sharing.replace(Sharing::new(&self.me));
            self.input(Input::Online(browser::is_online()));
            self.input(Input::Visible(!browser::is_hidden()));
            self.input(Input::Led(self.follows_a_tab()));
            self.input(Input::Start);
        }
    }

    /// The page is left, or about to be frozen: it answers nobody. The next tab leads.
    pub(super) fn leave(&self) {
        if !self.away.replace(true) {
            self.input(Input::Stop);
            self.dissolve();
            // Locks and channels go with it. Either would keep a page out of the back-forward cache.
            self.sharing.take();
        }
    }

    /// The browser has no locks for us.
    fn be_alone(&self) {
        if let Some(sharing) = self.sharing().filter(|sharing| !sharing.alone.replace(true)) {
            self.dissolve();
            sharing.claim.take();
            sharing.there.take();
            self.input(Input::Led(false));
        }
    }

    /// Whoever has a connection makes it anew, in this tab or in another: somebody else is signed in now.
    pub(super) fn reconnect(&self) {
        if let Some(sharing) = self.sharing() {
            if let Some(everybody) = &sharing.everybody {
                everybody.post(&browser::build());
            }
            sharing.say(&Word::Reconnect);
            if sharing.follows() {
                // What the leader said until it hears that was said to somebody else: a new virtual socket
                // is answered after it only.
                self.input(Input::Reconnect);
                return;
            }
        }
        self.renew();
    }

    /// Connects anew, unless another tab has the connection. Who leads begins a new term with it, so that no
    /// follower takes what was meant for who was signed in before.
    fn renew(&self) {
        if !self.follows_a_tab() {
            self.begin_term();
            self.input(Input::Reconnect);
        }
    }

    /// Somebody pressed "Try now" here.
    pub(super) fn try_now(&self) {
        if let Some(sharing) = self.sharing().filter(|sharing| sharing.follows()) {
            sharing.say(&Word::TryNow);
        }
        self.input(Input::TryNow);
    }

    /// Whether this page can be seen has changed.
    pub(super) fn sees(&self, visible: bool) {
        if self.with_relay(|relay| relay.own_sees(visible)) {
            return;
        }
        self.input(Input::Visible(visible));
        if let Some(sharing) = self.sharing().filter(|sharing| sharing.follows()) {
            sharing.say(&Word::Sees { tab: sharing.tab.clone(), visible });
        }
    }

    fn heard(&self, word: Word) {
        let Some(sharing) = self.sharing() else { return };
        match word {
            Word::TryNow if !sharing.follows() => self.input(Input::TryNow),
            Word::TryNow => {}
            Word::Reconnect => self.renew(),
            Word::Leads(term) => {
                if sharing.allegiance.borrow_mut().announced(term) && sharing.follows() {
                    self.input(Input::Reconnect);
                }
            }
            Word::Text { by, ports, text } => self.hear_leader(&sharing, &by, &ports, &text),
            Word::Status { by, status, transport } => {
                if sharing.follows() && sharing.allegiance.borrow().is_served_by(&by) {
                    self.input(Input::Leader { status, transport });
                }
            }
            Word::Open { tab, port, visible } => {
                if let Some(now) = timestamp()
                    && self.with_relay(|relay| relay.open(tab, port, visible, now))
                {
                    self.tell_status(&sharing);
                }
            }
            Word::Frame { port, frame } => {
                if let Some(now) = timestamp()
                    && self.with_relay(|relay| relay.frame(&port, frame, now))
                {
                    // A hidden tab's timers are slowed down, and words from tabs are not.
                    self.input(Input::Timeout);
                }
            }
            Word::Close { port } => drop(self.with_relay(|relay| relay.close(&port))),
            Word::Sees { tab, visible } => drop(self.with_relay(|relay| relay.sees(&tab, visible))),
        }
    }
}
