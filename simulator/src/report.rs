//! What came of a run.

use crate::check::Violations;

/// What came of one seed, or of several.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    pub violations: Violations,
    pub virtual_ms: u64,
    pub faults: u64,
    pub publications: u64,
    /// Drafts that were recorded on pages.
    pub recorded: u64,
    /// Things that happened.
    pub steps: u64,
    /// Clients that had not caught up when they had to have.
    pub behind: u64,
    /// Offsets that were missing on arrival, seen and repaired by the clients. The server gives no cause
    /// for it.
    pub repaired: u64,
    /// Times that a page's position had been removed by retention, and it read a snapshot anew.
    pub expired: u64,
}

/// Whether a report is a good one.
pub type Outcome = Result<Report, Box<Report>>;

impl Report {
    /// Nothing was wrong.
    pub fn is_good(&self) -> bool {
        !self.violations.any() && self.behind == 0 && self.repaired == 0
    }

    pub fn add(&mut self, other: &Self) {
        self.violations.add(other.violations);
        self.virtual_ms += other.virtual_ms;
        self.faults += other.faults;
        self.publications += other.publications;
        self.recorded += other.recorded;
        self.steps += other.steps;
        self.behind += other.behind;
        self.repaired += other.repaired;
        self.expired += other.expired;
    }
}
