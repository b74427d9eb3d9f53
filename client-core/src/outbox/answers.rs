//! What the server's answers make of a draft, and what follows when there is none. Called by `outbox`.

use std::time::Duration;

use shared::{ErrorCode, IdempotencyKey, Topic};

use super::{
    Answer, Event, Job, Outbox, Output, Refusal, Request, Try,
    draft::Command,
    lane::{Done, Sending, Step},
    step::RENEWALS_PER_LEASE,
};
use crate::core::doubled;

/// The longest pause that the server can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

impl Outbox {
    fn attempt(&mut self, attempt: Try) -> Option<(Topic, &mut Sending)> {
        self.lanes.iter_mut().find_map(|(topic, lane)| match &mut lane.step {
            Step::Sending(sending) if sending.attempt == attempt => Some((topic.clone(), sending)),
            _ => None,
        })
    }

    pub(super) fn progress(&mut self, attempt: Try) {
        let deadline = self.now + self.config.answer_timeout;
        if let Some((_, sending)) = self.attempt(attempt) {
            sending.deadline = deadline;
        }
    }

    /// What has been silent for a while is not waited for as long as it would have been: there is another network now.
    /// An upload is: the server may be at work on it, and sending it again costs more than waiting.
    pub(super) fn hasten(&mut self) {
        let (now, config) = (self.now, &self.config);
        let deadline = now + config.answer_timeout_anew;
        for lane in self.lanes.values_mut() {
            if let Step::Sending(sending) = &mut lane.step
                && sending.file.is_none()
                && now + config.answer_timeout >= sending.deadline + config.answer_timeout_anew
            {
                sending.deadline = sending.deadline.min(deadline);
            }
        }
    }

    pub(super) fn answered(&mut self, attempt: Try, answer: Answer) {
        let Some((topic, sending)) = self.attempt(attempt) else { return };
        let (id, version, file) = (sending.id.clone(), sending.version, sending.file);
        let command = match (answer, file) {
            (Answer::Accepted(answer), None) => {
                self.emit(Event::Acknowledged { id: id.clone(), answer });
                self.entries.end(&id);
                Command::Acknowledge { version }
            }
            (Answer::Uploaded(upload), Some(file)) => Command::Uploaded { version, file, upload },
            (Answer::Refused(refusal), _) => match self.refused(&id, version, refusal) {
                Some(command) => command,
                None => return self.failed(&topic, None),
            },
            (Answer::Failed { retry_after }, _) => return self.failed(&topic, retry_after),
            // An answer to something else than was asked makes no sense, and is none.
            (Answer::Accepted(_), Some(_)) | (Answer::Uploaded(_), None) => return self.failed(&topic, None),
        };
        self.changed = true;
        let lane = self.lane(&topic);
        lane.succeeded();
        // Before what somebody has decided meanwhile, and after what had been done when it was sent.
        let at =
            lane.commands.iter().rposition(|(.., done)| *done == Done::InMemory).map_or(0, |last| last + 1);
        lane.commands.insert(at, (id, command, Done::No));
        self.claim(&topic);
    }

    /// What a refusal makes of a draft; `None` if it is no fault of the draft's.
    fn refused(&mut self, id: &IdempotencyKey, version: u32, refusal: Refusal) -> Option<Command> {
        if refusal.code == ErrorCode::Unauthenticated {
            self.author = None;
            self.emit(Event::SignIn);
            return None;
        }
        let entry = self.entries.find(id)?;
        // What nobody has used for long is removed at the server. The key is not used up by that.
        let files_are_gone = refusal.field.as_deref() == Some("uploadId") && !entry.record.uploads.is_empty();
        if files_are_gone && !std::mem::replace(&mut entry.uploaded_anew, true) {
            return Some(Command::UploadAnew { version });
        }
        // A key that was used before stands for something that the server has.
        entry.tried &= refusal.code == ErrorCode::KeyReused;
        Some(Command::Park { version, refusal })
    }

    fn failed(&mut self, topic: &Topic, retry_after: Option<Duration>) {
        let now = self.now;
        let failures = self.lane(topic).failures;
        let ceiling = doubled(self.config.backoff_min, failures, self.config.backoff_max);
        let pause = self.random.up_to(u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX));
        let pause = Duration::from_millis(pause).max(retry_after.unwrap_or_default().min(RETRY_AFTER_MAX));
        let lane = self.lane(topic);
        lane.failures = failures.saturating_add(1);
        lane.named_by_server = retry_after.is_some();
        lane.not_before = now + pause.max(Duration::from_millis(1));
        self.changed = true;
        self.release(topic);
    }

    /// Does what is due.
    pub(super) fn fire(&mut self) {
        if !self.running {
            return;
        }
        if self.store_retry_at.is_some_and(|at| at <= self.now) {
            self.store_retry_at = Some(self.now + self.config.store_retry);
            self.add_next();
            if !self.entries.lacks_any() {
                self.load();
            }
        }
        let (now, lease) = (self.now, self.config.lease);
        let mut given_up = Vec::new();
        let mut renewed = Vec::new();
        for (topic, lane) in &mut self.lanes {
            let leased = lane.leased_until.is_some();
            let Step::Sending(sending) = &mut lane.step else { continue };
            if sending.deadline <= now {
                given_up.push((topic.clone(), sending.attempt));
            } else if leased && sending.renew_at <= now {
                sending.renew_at = now + lease / RENEWALS_PER_LEASE;
                renewed.push(topic.clone());
            }
        }
        for (topic, attempt) in given_up {
            self.outputs.push_back(Output::Abort { attempt });
            self.failed(&topic, None);
        }
        for topic in renewed {
            self.ask(Job::Renew(topic.clone(), now), Request::Claim { topic, lease });
        }
    }
}
