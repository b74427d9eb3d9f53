//! The tab as the leader: it does what the relay says, and tells the others how it is connected. Called by the
//! driver and `sharing`.

use client_core::{
    Input, Status,
    relay::{Relay, RelayOutput, Tab, Word},
};

use super::{Sharing, claim, claim_connection, tab_lock};
use crate::{
    browser,
    driver::{Carrier, Driver},
    tabs::{Manner, Verdict},
};

impl Driver {
    /// The lock is ours.
    pub(super) fn lead(&self) {
        let Some(sharing) = self.sharing() else { return };
        let mut relay = Relay::new(!browser::is_hidden());
        {
            let client = self.client.borrow();
            for topic in client.topics() {
                relay.own(topic.clone(), client.position(topic));
            }
        }
        sharing.relay.replace(Some(relay));
        self.begin_term();
        self.input(Input::Led(false));
    }

    /// If this tab leads, it does so anew: the others open their virtual sockets again, and what is still on
    /// its way to them is not heard any more.
    pub(super) fn begin_term(&self) {
        let Some(sharing) = self.sharing().filter(|sharing| sharing.relay.borrow().is_some()) else { return };
        let mut allegiance = sharing.allegiance.borrow_mut();
        let term = allegiance.next_term(sharing.tab.clone(), browser::wall_ms() as u64);
        sharing.say(&Word::Leads(term.clone()));
        allegiance.announced(term.clone());
        sharing.term.replace(Some(term));
    }

    /// Another tab has taken the lock. This one waits for its turn again.
    pub(super) fn step_down(&self) {
        if let Some(sharing) = self.sharing() {
            self.dissolve();
            sharing.claim.replace(claim_connection(&self.me, Manner::Wait));
            self.input(Input::Visible(!browser::is_hidden()));
            self.input(Input::Led(true));
        }
    }

    /// Serves nobody any more, and follows only what the own page does.
    pub(super) fn dissolve(&self) {
        let Some(sharing) = self.sharing() else { return };
        sharing.watched.take();
        sharing.term.take();
        let relay = sharing.relay.take();
        for topic in relay.map(Relay::dissolve).unwrap_or_default() {
            self.input(Input::Unsubscribe { topic });
        }
    }

    /// Does something with the relay, and what follows from it. Says whether this tab leads.
    pub(in super::super) fn with_relay(&self, act: impl FnOnce(&mut Relay)) -> bool {
        let Some(sharing) = self.sharing() else { return false };
        match &mut *sharing.relay.borrow_mut() {
            Some(relay) => act(relay),
            None => return false,
        }
        if sharing.busy.replace(true) {
            return true;
        }
        loop {
            let output = sharing.relay.borrow_mut().as_mut().and_then(Relay::poll_output);
            let Some(output) = output else { break };
            self.serve(&sharing, output);
        }
        sharing.busy.set(false);
        true
    }

    fn serve(&self, sharing: &Sharing, output: RelayOutput) {
        match output {
            RelayOutput::ToPorts { ports, text } => {
                if let Some(by) = sharing.reign() {
                    sharing.say(&Word::Text { by, ports, text });
                }
            }
            RelayOutput::ToClient(input) => self.input(input),
            RelayOutput::ToServer(frame) => {
                for carrier in self.carriers.borrow().values() {
                    if let Carrier::Socket(socket) = carrier {
                        socket.send(&frame);
                    }
                }
            }
            RelayOutput::Watch(tab) => {
                let gone = tab.clone();
                let watch = claim(&self.me, &tab_lock(&tab), Manner::Wait, move |driver, verdict| {
                    if verdict == Verdict::Granted {
                        driver.is_gone(&gone);
                    }
                });
                if let Some(watch) = watch {
                    sharing.watched.borrow_mut().insert(tab, watch);
                }
            }
            RelayOutput::Unwatch(tab) => drop(sharing.watched.borrow_mut().remove(&tab)),
        }
    }

    /// Its lock is ours.
    fn is_gone(&self, tab: &Tab) {
        if let Some(sharing) = self.sharing() {
            sharing.watched.borrow_mut().remove(tab);
            self.with_relay(|relay| relay.gone(tab));
        }
    }

    /// The client's status has changed.
    pub(in super::super) fn status(&self, status: Status) {
        self.shown.status(status);
        if let Some(sharing) = self.sharing() {
            self.tell_status(&sharing);
        }
    }

    /// Says how this tab is connected, if it leads.
    pub(super) fn tell_status(&self, sharing: &Sharing) {
        if let Some(by) = sharing.reign() {
            let client = self.client.borrow();
            sharing.say(&Word::Status { by, status: client.status(), transport: client.transport() });
        }
    }
}
