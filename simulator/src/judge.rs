//! At the end everybody is at the head, every timeline is the recount, and when all have gone nothing is
//! left of them.

use std::collections::{BTreeMap, BTreeSet};

use client_core::{Input, Status, outbox, timeline::Row};
use server::hub::Totals;
use shared::{Change, EventId, Topic};

use crate::{rights::reader, world::World};

impl World {
    /// Looks at every page and at the log, once they have had time to catch up.
    pub(crate) fn judge(&mut self) {
        let recounts: BTreeMap<EventId, Vec<Row>> =
            self.events.iter().map(|event| (event.clone(), self.rows(event))).collect();
        for page in 0..self.pages.len() {
            self.count_repairs(page);
            let mut behind = !matches!(self.pages[page].client.status(), Status::Live | Status::Polling);
            for index in 0..self.pages[page].views.len() {
                if self.judge_rights(page, index) {
                    continue;
                }
                self.read_down(page, index);
                behind |= !self.is_caught_up(page, index);
                self.judge_timeline(page, index, &recounts);
            }
            self.report.behind += u64::from(behind);
        }
        self.judge_log();
        self.judge_counts();
        self.judge_people();
    }

    /// Whether an event is closed to a page, which must then know, and follow nothing of it.
    fn judge_rights(&mut self, page: usize, index: usize) -> bool {
        let view = &self.pages[page].views[index];
        let topic = view.topic();
        if self.rights.may_now(&topic, page) {
            // What is open to it and was not opened again shows up as not caught up.
            return false;
        }
        let follows = !view.closed || self.pages[page].client.topics().any(|other| *other == topic);
        if follows || view.timeline.rows().next().is_some() {
            self.say(page, || format!("! {topic} is closed to it and still shown"));
            self.report.violations.leaked += 1;
        }
        true
    }

    /// The rows of a timeline that shows everything.
    fn rows(&self, event: &EventId) -> Vec<Row> {
        self.recount(event).into_iter().map(|media| Row::Media(Box::new(media))).collect()
    }

    /// The reader scrolls to the very bottom.
    fn read_down(&mut self, page: usize, index: usize) {
        loop {
            let view = &self.pages[page].views[index];
            let (event, Some(before)) = (view.event.clone(), view.timeline.older().map(str::to_owned)) else {
                return;
            };
            let Ok(answer) = self.read_page(page, &event, Some(&before)) else { return };
            let timeline = &mut self.pages[page].views[index].timeline;
            timeline.insert_older_page(&before, answer);
            if timeline.older() == Some(&before) {
                // It goes no further; what is missing is found by the recount.
                return;
            }
        }
    }

    fn is_caught_up(&self, page: usize, index: usize) -> bool {
        let view = &self.pages[page].views[index];
        let head = self.truth.log(&view.topic()).len() as u64;
        let caught_up = view.seen.as_ref().map_or(0, |seen| seen.offset.0) == head;
        if !caught_up {
            self.say(page, || format!("! {} stands at {:?} and not at {head}", view.event, view.seen));
        }
        caught_up
    }

    fn judge_timeline(&mut self, page: usize, index: usize, recounts: &BTreeMap<EventId, Vec<Row>>) {
        let view = &self.pages[page].views[index];
        let recount = recounts.get(&view.event).map_or(&[][..], Vec::as_slice);
        if !view.timeline.rows().map(|(_, row)| row).eq(recount) {
            let shown: Vec<&Row> = view.timeline.rows().map(|(_, row)| row).collect();
            self.say(page, || format!("! the timeline is {shown:#?} and not {recount:#?}"));
            self.report.violations.lost += 1;
        }
    }

    /// What was acknowledged is in the log, and nothing is there twice, acknowledged or not.
    fn judge_log(&mut self) {
        let mut places: BTreeMap<String, Vec<(Topic, u64)>> = BTreeMap::new();
        for event in &self.events {
            let topic = Topic::event(event);
            for entry in self.truth.log(&topic) {
                if let Ok(Change::MediaNew(media)) = Change::parse(&entry.type_name, &entry.payload) {
                    places.entry(media.text.clone()).or_default().push((topic.clone(), entry.offset.0));
                }
            }
        }
        self.report.violations.doubles += places.values().filter(|places| places.len() > 1).count() as u64;
        let missing = self.acknowledged.iter().filter(|text| !places.contains_key(*text)).count();
        self.report.violations.lost += missing as u64;
        self.judge_recorded(&places);
    }

    /// Everybody who follows an event is counted once, and the pages know.
    fn judge_counts(&mut self) {
        let Some(hub) = self.hub.clone() else { return };
        for event in self.events.clone() {
            let topic = Topic::event(&event);
            let follow =
                |page: &&crate::page::Page| page.views.iter().any(|view| view.event == event && !view.closed);
            let watchers = self.pages.iter().filter(follow).count() as u64;
            let counted = hub.count(&topic).watchers;
            let mut wrong = u64::from(counted != watchers);
            for page in self.pages.iter().filter(|page| page.client.status() == Status::Live) {
                let told = page.views.iter().find(|view| view.event == event && !view.closed);
                let told = told.and_then(|view| view.watchers);
                wrong += u64::from(told.is_some_and(|told| told != watchers));
            }
            if wrong > 0 {
                self.say(0, || format!("! {event}: {watchers} watch it, {counted} are counted"));
            }
            self.report.violations.miscounted += wrong;
        }
    }

    /// Presence is the truth: on the server, and on every page that is told at once (P4).
    fn judge_people(&mut self) {
        let Some(hub) = self.hub.clone() else { return };
        for event in self.events.clone() {
            let topic = Topic::event(&event);
            let view =
                |page: usize| self.pages[page].views.iter().find(|view| view.event == event && !view.closed);
            let there: BTreeSet<_> = (0..self.pages.len())
                .filter(|page| view(*page).is_some())
                .filter_map(|page| {
                    reader(page).user().filter(|user| !user.invisible).map(|user| user.person.name.clone())
                })
                .collect();
            let counted = hub.count(&topic).people;
            let mut wrong = u64::from(counted != there.len() as u64);
            for page in 0..self.pages.len() {
                let told = self.pages[page].client.status() == Status::Live && reader(page).user().is_some();
                let Some(view) = view(page).filter(|_| told) else { continue };
                let named: BTreeSet<_> = view.people.named().iter().map(|p| p.name.clone()).collect();
                let is_right = named == there && view.people.total() == counted;
                wrong += u64::from(!is_right || !view.people.typing().is_empty());
            }
            if wrong > 0 {
                self.say(0, || format!("! {event}: {there:?} are there, {counted} are counted"));
            }
            self.report.violations.miscounted += wrong;
        }
    }

    /// Everybody leaves.
    pub(crate) fn leave_all(&mut self) {
        for page in 0..self.pages.len() {
            self.outbox(page, outbox::Input::Stop);
            self.input(page, Input::Stop);
        }
    }

    /// Of those who have gone nothing is left: no connection, no reader, no topic in memory.
    pub(crate) fn judge_leftovers(&mut self) {
        let totals = self.hub.as_ref().map_or_else(Totals::default, |hub| hub.totals());
        let online = self.hub.as_ref().map_or(0, |hub| hub.count(&Topic::online()).people);
        if totals != Totals::default() || !self.links.is_empty() || online > 0 {
            self.say(0, || format!("! left behind: {totals:?}, connections {:?}", self.links.keys()));
            self.report.violations.miscounted += 1;
        }
    }
}
