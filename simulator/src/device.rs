//! A browser: what its tabs share. Its storage does what it is asked for at once and in order, as a database does
//! with one transaction after the other; the answers take a moment, and a tab that is gone by then hears none.

use std::collections::BTreeMap;

use client_core::{
    Instant,
    outbox::{Record, Reply, Request, StoreFault},
};
use shared::Topic;

/// Which tab asks: a page in one of its lives.
pub(crate) type Tab = (usize, u64);

#[derive(Debug, Default)]
pub(crate) struct Device {
    records: BTreeMap<u64, Record>,
    leases: BTreeMap<Topic, (Tab, Instant)>,
    last_number: u64,
    pub(crate) fault: Option<StoreFault>,
    /// When it last failed, in milliseconds: drafts may have been sent without a lease since.
    pub(crate) failed_at: Option<u64>,
    /// When it last could not even be read.
    pub(crate) closed_at: Option<u64>,
    /// Other tabs are to be told.
    pub(crate) touched: bool,
}

impl Device {
    pub(crate) fn ask(
        &mut self,
        tab: Tab,
        now: u64,
        request: Request,
        leases: bool,
    ) -> Result<Reply, StoreFault> {
        match (self.fault, &request) {
            (Some(StoreFault::Closed), _) | (Some(StoreFault::Full), Request::Add(_)) => {
                self.failed_at = Some(now);
                if self.fault == Some(StoreFault::Closed) {
                    self.closed_at = Some(now);
                }
                return Err(self.fault.unwrap_or(StoreFault::Closed));
            }
            _ => {}
        }
        self.touched |= matches!(request, Request::Add(_) | Request::Write(_) | Request::Remove { .. });
        Ok(self.serve(tab, Instant(now), request, leases))
    }

    fn serve(&mut self, tab: Tab, now: Instant, request: Request, leases: bool) -> Reply {
        match request {
            Request::Load => Reply::Records(self.records.values().cloned().collect()),
            Request::Add(record) => {
                let taken = self.records.values().find(|other| other.draft.id == record.draft.id);
                if let Some(number) = taken.and_then(|taken| taken.number) {
                    return Reply::Added { number };
                }
                self.last_number += 1;
                let number = self.last_number;
                self.records.insert(number, Record { number: Some(number), ..*record });
                Reply::Added { number }
            }
            Request::Claim { topic, lease } => match self.leases.get(&topic) {
                Some((owner, until)) if leases && *owner != tab && *until > now => {
                    Reply::Taken { left: *until - now }
                }
                _ => {
                    self.leases.insert(topic.clone(), (tab, now + lease));
                    let of_lane = self.records.values().filter(|record| record.draft.topic == topic);
                    Reply::Records(of_lane.cloned().collect())
                }
            },
            Request::Release { topic } => {
                if self.leases.get(&topic).is_some_and(|(owner, _)| *owner == tab) {
                    self.leases.remove(&topic);
                }
                Reply::Done
            }
            Request::Write(record) => {
                if let Some(number) = record.number {
                    self.records.insert(number, *record);
                }
                Reply::Done
            }
            Request::Remove { number, .. } => {
                self.records.remove(&number);
                Reply::Done
            }
        }
    }

    /// What is left in it.
    pub(crate) fn left(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }
}
