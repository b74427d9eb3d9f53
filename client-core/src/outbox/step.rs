//! How a lane goes round: the lease is asked for, what had become of its drafts is written down, the next one is
//! sent. What the storage says is heard here; what the server says, in `answers`. Called by `outbox`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared::{IdempotencyKey, Topic};

use super::{
    Event, Job, Outbox, Output, Record, Reply, Request, StoreFault, Task, Try,
    draft::{Command, Effect},
    entries::Added,
    lane::{Done, Lane, Sending, Step},
};
use crate::Instant;

/// A lease is asked for anew after this share of its length.
pub(super) const RENEWALS_PER_LEASE: u32 = 3;

impl Outbox {
    /// Begins with the lanes in which there is something to be done.
    pub(super) fn settle(&mut self) {
        if !self.running {
            return;
        }
        let topics: Vec<Topic> = self.entries.topics().into_iter().cloned().collect();
        for topic in topics {
            self.lane(&topic);
        }
        let due: Vec<Topic> = self
            .lanes
            .iter()
            .filter(|(topic, lane)| self.idle_until(topic, lane).is_some_and(|at| at <= self.now))
            .map(|(topic, _)| topic.clone())
            .collect();
        for topic in due {
            if !self.has_free_lane() {
                break;
            }
            self.claim(&topic);
        }
        self.lanes.retain(|topic, lane| {
            !lane.is_idle()
                || !lane.commands.is_empty()
                || self.entries.visible().any(|entry| entry.record.draft.topic == *topic)
        });
    }

    /// When there is something to be done in an idle lane.
    pub(super) fn idle_until(&self, topic: &Topic, lane: &Lane) -> Option<Instant> {
        if !lane.is_idle() {
            return None;
        }
        // What the storage is just taking is dealt with as soon as it has it.
        let being_added = |id: &IdempotencyKey| {
            self.entries
                .visible()
                .any(|entry| entry.record.draft.id == *id && matches!(entry.added, Added::Asked(_)))
        };
        if lane.commands.iter().any(|(id, ..)| !being_added(id)) {
            return Some(lane.claim_at);
        }
        self.head(topic).map(|_| lane.claim_at.max(lane.not_before))
    }

    pub(super) fn claim(&mut self, topic: &Topic) {
        let request = Request::Claim { topic: topic.clone(), lease: self.config.lease };
        let task = self.ask(Job::Claim(topic.clone()), request);
        let now = self.now;
        self.lane(topic).step = Step::Claiming(task, now);
    }

    /// The lane is left alone; its lease goes to whoever wants it.
    pub(super) fn release(&mut self, topic: &Topic) {
        let Some(lane) = self.lanes.get_mut(topic) else { return };
        lane.step = Step::Idle;
        if lane.leased_until.take().is_some() {
            self.ask(Job::Forget, Request::Release { topic: topic.clone() });
        }
    }

    pub(super) fn stored(&mut self, task: Task, result: Result<Reply, StoreFault>) {
        let Some(job) = self.jobs.remove(&task) else { return };
        if let Err(fault) = result {
            self.refused_by_store(fault);
        }
        match (job, result) {
            (Job::Load, Ok(Reply::Records(mut records))) => {
                self.overlay(&mut records);
                // What is being written or sent is known better than that.
                let busy: BTreeSet<Topic> = self
                    .lanes
                    .iter()
                    .filter(|(_, lane)| matches!(lane.step, Step::Writing(_) | Step::Sending(_)))
                    .map(|(topic, _)| topic.clone())
                    .collect();
                self.merge(task, |topic| !busy.contains(topic), records);
                self.obeyed_by_store();
            }
            (Job::Add(id), result) => self.added(task, &id, result),
            (Job::Claim(topic), result) => self.claimed(task, &topic, result),
            (Job::Renew(topic, asked_at), result) => self.renewed(task, &topic, asked_at, result),
            (Job::Write(topic, id, commands), result) => self.written(&topic, &id, commands, &result),
            (Job::Load | Job::Forget, _) => {}
        }
    }

    fn refused_by_store(&mut self, fault: StoreFault) {
        if self.store_retry_at.is_none() {
            self.emit(Event::NotKept { fault });
        }
        self.store_retry_at = Some(self.now + self.config.store_retry);
    }

    /// The storage works again, if it did not.
    fn obeyed_by_store(&mut self) {
        if self.store_retry_at.is_some() && !self.entries.lacks_any() {
            self.store_retry_at = None;
            self.emit(Event::KeptAgain);
        }
    }

    fn added(&mut self, task: Task, id: &IdempotencyKey, result: Result<Reply, StoreFault>) {
        match result {
            Ok(Reply::Added { number }) => {
                if self.entries.added(id, number, task) {
                    if !self.entries.is_over(id) {
                        self.emit(Event::Kept { id: id.clone() });
                    }
                } else {
                    // It was sent without waiting for this.
                    self.ask(Job::Forget, Request::Remove { number, id: id.clone() });
                }
                self.obeyed_by_store();
                self.add_next();
            }
            _ => {
                if let Some(entry) = self.entries.find(id) {
                    entry.added = Added::No;
                }
            }
        }
        self.changed = true;
    }

    fn merge(&mut self, task: Task, about: impl Fn(&Topic) -> bool, records: Vec<Record>) {
        let in_flight = self.in_flight();
        for id in self.entries.merge(task, about, records, &in_flight) {
            self.emit(Event::Gone { id });
        }
        self.changed = true;
    }

    /// What could not be written yet is true all the same.
    fn overlay(&self, records: &mut [Record]) {
        for record in records {
            let Some(lane) = self.lanes.get(&record.draft.topic) else { continue };
            for (id, command, done) in &lane.commands {
                if *id == record.draft.id && *done == Done::InMemory {
                    command.apply(record);
                }
            }
        }
    }

    fn claimed(&mut self, task: Task, topic: &Topic, result: Result<Reply, StoreFault>) {
        let now = self.now;
        let asked_at = match self.lanes.get(topic).map(|lane| &lane.step) {
            Some(Step::Claiming(of, at)) if *of == task => Some(*at),
            _ => None,
        };
        match result {
            Ok(Reply::Records(records)) => {
                let Some(asked_at) = asked_at else {
                    self.ask(Job::Forget, Request::Release { topic: topic.clone() });
                    return;
                };
                let until = asked_at + self.config.lease;
                if until <= now {
                    return self.claim(topic);
                }
                self.lane(topic).leased_until = Some(until);
                self.merge(task, |of| of == topic, records);
                self.obeyed_by_store();
                self.write(topic);
            }
            _ if asked_at.is_none() => {}
            Ok(Reply::Taken { left }) => {
                let lane = self.lane(topic);
                lane.leased_until = None;
                lane.step = Step::Idle;
                lane.claim_at = now + left.max(Duration::from_millis(1));
            }
            // Without a storage the drafts that are known here go all the same.
            _ => {
                let retry = now + self.config.store_retry;
                let lane = self.lane(topic);
                lane.leased_until = None;
                lane.claim_at = retry;
                self.do_in_memory(topic);
                self.proceed(topic);
            }
        }
    }

    /// Does what is to be done to the drafts of a lane, as they were just read.
    fn write(&mut self, topic: &Topic) {
        let mut writes: BTreeMap<IdempotencyKey, Vec<Command>> = BTreeMap::new();
        for (id, command, done) in std::mem::take(&mut self.lane(topic).commands) {
            if self.is_too_late(&id, &command, done) {
                continue;
            }
            let Some(entry) = self.entries.find(&id) else { continue };
            let is_kept = match entry.added {
                Added::Asked(_) => {
                    self.lane(topic).commands.push_back((id, command, done));
                    continue;
                }
                // The storage lacks it, and in memory it has been done.
                Added::No if done == Done::InMemory => continue,
                Added::No => false,
                Added::Since(_) => true,
            };
            let effect = command.apply(&mut entry.record);
            self.after(&id, &command, effect);
            match (is_kept, effect) {
                (_, Effect::Nothing) | (false, Effect::Changed) => {}
                (false, Effect::Removed) => self.entries.forget(&id),
                (true, _) => writes.entry(id).or_default().push(command),
            }
        }
        if writes.is_empty() {
            return self.proceed(topic);
        }
        self.lane(topic).step = Step::Writing(writes.len());
        for (id, commands) in writes {
            let is_over = self.entries.is_over(&id);
            let Some(entry) = self.entries.find(&id) else { continue };
            let request = match entry.record.number.filter(|_| is_over) {
                Some(number) => Request::Remove { number, id: id.clone() },
                None => Request::Write(Box::new(entry.record.clone())),
            };
            self.ask(Job::Write(topic.clone(), id, commands), request);
        }
    }

    /// The storage fails: what is to be done is done here, and again to what it has when it works.
    fn do_in_memory(&mut self, topic: &Topic) {
        for (id, command, done) in std::mem::take(&mut self.lane(topic).commands) {
            if self.is_too_late(&id, &command, done) {
                continue;
            }
            let Some(entry) = self.entries.find(&id) else { continue };
            let added = entry.added;
            if done == Done::No {
                let effect = command.apply(&mut entry.record);
                self.after(&id, &command, effect);
            }
            if added != Added::No {
                self.lane(topic).commands.push_back((id, command, Done::InMemory));
            } else if self.entries.is_over(&id) {
                self.entries.forget(&id);
            }
        }
    }

    /// Whether somebody decided about a draft that the server has by now.
    fn is_too_late(&mut self, id: &IdempotencyKey, command: &Command, done: Done) -> bool {
        let decided = matches!(command, Command::Edit { .. } | Command::Retry | Command::Discard);
        let is_there = !self.entries.is_over(id) && self.entries.find(id).is_some();
        let too_late = decided && done == Done::No && !is_there;
        if too_late && *command != Command::Retry {
            self.emit(Event::TooLate { id: id.clone() });
        }
        too_late
    }

    /// What follows from a command, wherever it is done.
    fn after(&mut self, id: &IdempotencyKey, command: &Command, effect: Effect) {
        self.changed = true;
        match (command, effect) {
            // Another version lies there: it goes as well, and the server says what it makes of it.
            (Command::Acknowledge { .. }, Effect::Nothing) => self.entries.revive(id),
            (Command::Discard, _) => {
                if !self.entries.is_over(id) {
                    self.emit(Event::Gone { id: id.clone() });
                }
                self.entries.end(id);
            }
            _ => {}
        }
    }

    fn written(
        &mut self,
        topic: &Topic,
        id: &IdempotencyKey,
        commands: Vec<Command>,
        result: &Result<Reply, StoreFault>,
    ) {
        let retry = self.now + self.config.store_retry;
        if result.is_ok() && self.entries.is_over(id) {
            self.entries.forget(id);
        }
        let lane = self.lane(topic);
        if result.is_err() {
            for command in commands.into_iter().rev() {
                lane.commands.push_front((id.clone(), command, Done::InMemory));
            }
            lane.claim_at = retry;
        }
        let Step::Writing(left) = &mut lane.step else { return };
        *left -= 1;
        if *left == 0 {
            self.proceed(topic);
        }
    }

    /// Sends the next draft of a lane, if there is one.
    fn proceed(&mut self, topic: &Topic) {
        let (now, config) = (self.now, self.config.clone());
        let lane = self.lane(topic);
        let over = lane.leased_until.is_some_and(|until| until <= now);
        let may_send = lane.not_before <= now;
        let Some(record) = self.head(topic).map(|entry| entry.record.clone()).filter(|_| may_send) else {
            return self.release(topic);
        };
        if over {
            return self.claim(topic);
        }
        self.last_try += 1;
        let (attempt, file) = (Try(self.last_try), record.next_file());
        self.lane(topic).step = Step::Sending(Sending {
            id: record.draft.id.clone(),
            version: record.version,
            file,
            attempt,
            deadline: now + config.answer_timeout,
            renew_at: now + config.lease / RENEWALS_PER_LEASE,
        });
        self.changed = true;
        if let Some(entry) = self.entries.find(&record.draft.id).filter(|_| file.is_none()) {
            entry.tried = true;
        }
        let record = Box::new(record);
        self.outputs.push_back(match file {
            Some(file) => Output::Upload { attempt, record, file },
            None => Output::Send { attempt, record },
        });
    }

    fn renewed(&mut self, task: Task, topic: &Topic, asked_at: Instant, result: Result<Reply, StoreFault>) {
        let until = asked_at + self.config.lease;
        let Some(lane) = self.lanes.get_mut(topic).filter(|lane| lane.leased_until.is_some()) else {
            // It was given up meanwhile; what was asked for before that is over by then.
            return;
        };
        match result {
            Ok(Reply::Records(mut records)) => {
                lane.leased_until = Some(until);
                self.overlay(&mut records);
                self.merge(task, |of| of == topic, records);
            }
            // What is on its way stays on its way; nothing is written, and nothing more is sent, without a lease.
            Ok(Reply::Taken { .. }) => lane.leased_until = None,
            _ => {}
        }
    }
}
