//! Who leads in the world, since when, and for whom.

use client_core::{
    Input,
    relay::{Relay, Word},
};

use super::{BROWSER, Message, Tab, World};

impl World {
    pub(super) fn lead(&mut self, number: usize) {
        let tab = self.tabs.get_mut(&number).unwrap();
        let mut relay = Relay::new(true);
        for topic in tab.client.topics() {
            relay.own(topic.clone(), tab.client.position(topic));
        }
        self.begin_term(number, relay);
        self.input(number, Input::Led(false));
    }

    fn begin_term(&mut self, number: usize, relay: Relay) {
        let tab = self.tabs.get_mut(&number).unwrap();
        let term = tab.allegiance.next_term(tab.name.clone(), self.now);
        tab.allegiance.announced(term.clone());
        tab.leads = Some((relay, term.clone()));
        self.identities.insert(term.clone(), self.identity);
        self.say(number, &Word::Leads(term));
    }

    /// Somebody signs in, or out, in this tab.
    pub(in super::super) fn sign_in(&mut self, number: usize) {
        let can = |tab: &&mut Tab| tab.frozen.is_none() && tab.hung_until <= self.now;
        let Some(tab) = self.tabs.get_mut(&number).filter(can) else { return };
        self.identity += 1;
        tab.identity = self.identity;
        self.say(number, &Word::Reconnect);
        self.renew(number);
    }

    pub(super) fn renew(&mut self, number: usize) {
        if let Some((relay, _)) = self.tabs.get_mut(&number).unwrap().leads.take() {
            self.begin_term(number, relay);
        }
        self.input(number, Input::Reconnect);
    }

    /// The tab leads no more.
    pub(super) fn depose(&mut self, number: usize) {
        if let Some((relay, _)) = self.tabs.get_mut(&number).and_then(|tab| tab.leads.take()) {
            for topic in relay.dissolve() {
                self.input(number, Input::Unsubscribe { topic });
            }
            self.input(number, Input::Led(true));
        }
    }

    pub(super) fn steal(&mut self, thief: usize) {
        self.queue.retain(|waiting| *waiting != thief);
        if let Some(holder) = self.holder.replace(thief) {
            let name = self.tabs[&holder].name.clone();
            self.send(BROWSER, holder, Message::Lost(name));
        }
        let name = self.tabs[&thief].name.clone();
        self.send(BROWSER, thief, Message::Granted(name));
    }
}
