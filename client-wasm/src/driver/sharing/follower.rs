//! The tab as a follower: its virtual socket, and what the leader says. Called by the driver and `sharing`.

use client_core::{
    Attempt, Input,
    relay::{Port, Term, Word},
};
use shared::{ClientFrame, ServerFrame};

use super::{Sharing, Virtual, claim_connection};
use crate::{
    browser,
    driver::{Carrier, Driver},
    tabs::Manner,
};

impl Driver {
    /// The tab's own lock is held: who serves it can tell when it is gone.
    pub(super) fn is_there(&self) {
        let Some(sharing) = self.sharing() else { return };
        sharing.is_there.set(true);
        for carrier in self.carriers.borrow().values() {
            if let Carrier::Tab(socket) = carrier {
                Self::say_open(&sharing, socket);
            }
        }
    }

    fn say_open(sharing: &Sharing, socket: &Virtual) {
        let (tab, port) = (sharing.tab.clone(), socket.port.clone());
        sharing.say(&Word::Open { tab, port, visible: !browser::is_hidden() });
    }

    pub(in super::super) fn open_virtual(&self, attempt: Attempt) {
        let Some(sharing) = self.sharing() else { return };
        let Ok(port) = browser::random_id().parse::<Port>() else { return };
        let socket = Virtual { port };
        sharing.allegiance.borrow_mut().opens();
        if sharing.is_there.get() {
            Self::say_open(&sharing, &socket);
        }
        self.carriers.borrow_mut().insert(attempt, Carrier::Tab(socket));
    }

    pub(in super::super) fn close_virtual(&self, socket: Virtual) {
        if let Some(sharing) = self.sharing() {
            sharing.say(&Word::Close { port: socket.port });
        }
    }

    pub(in super::super) fn send_to_leader(&self, socket: &Virtual, frame: ClientFrame) {
        if let Some(sharing) = self.sharing() {
            sharing.say(&Word::Frame { port: socket.port.clone(), frame });
        }
    }

    pub(super) fn hear_leader(&self, sharing: &Sharing, by: &Term, ports: &[Port], text: &str) {
        let mine = self.carriers.borrow().iter().find_map(|(attempt, carrier)| match carrier {
            Carrier::Tab(socket) if ports.contains(&socket.port) => Some(*attempt),
            _ => None,
        });
        if let Some(attempt) = mine.filter(|_| sharing.allegiance.borrow_mut().speaks(by)) {
            self.input(match ServerFrame::decode(text) {
                Ok(frame) => Input::Received { attempt, frame },
                Err(_) => Input::ReceivedNonsense { attempt },
            });
        }
    }

    /// The leader does not answer, though the browser keeps the lock for it: this tab takes over.
    pub(in super::super) fn take_over(&self) {
        if let Some(sharing) = self.sharing().filter(|sharing| sharing.follows()) {
            let taken = claim_connection(&self.me, Manner::Take);
            if taken.is_some() {
                sharing.claim.replace(taken);
            }
        }
    }
}
