//! What goes wrong, and how the dice decide it.

use client_core::outbox::StoreFault;
use rand::{Rng, rngs::SmallRng};
use server::store::{Failing, FailingWrites};

/// One fault; those with a length end by themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Every connection of a page breaks, and it is told.
    Cut(usize),
    /// Every connection of a page goes silent, and nobody is told.
    HalfOpen(usize),
    /// Everything of a page takes this much longer, in milliseconds.
    Delay(usize, u64),
    /// A page's sockets are refused and those that are open are cut.
    BlockSocket(usize, bool),
    /// Polls of a page that are held are broken off.
    BreakPolls(usize, bool),
    /// The server's memory is gone; the store stays.
    Kill,
    /// The server says goodbye to everybody and ends.
    Drain,
    /// Something is committed, and the server dies before it is announced.
    CommitAndKill,
    Restart,
    /// Bells are lost, doubled and late.
    DeafBus(bool),
    /// The machine sleeps this long, in milliseconds.
    Suspend(usize, u64),
    /// The tab dies and is opened again.
    Reload(usize),
    /// The store fails in this way, or works again.
    Store(Failing),
    Online(usize, bool),
    Visible(usize, bool),
    /// The storage of the browser that a page is in fails in this way, or works again.
    Storage(usize, Option<StoreFault>),
}

/// A fault, and what ends it after some milliseconds.
pub(crate) fn random(rng: &mut SmallRng, pages: usize) -> (Fault, Option<(u64, Fault)>) {
    let page = rng.random_range(0..pages);
    let long = rng.random_range(1_000..40_000);
    let short = rng.random_range(200..6_000);
    match rng.random_range(0..19) {
        0 | 1 => (Fault::Cut(page), None),
        2 => (Fault::HalfOpen(page), None),
        3 => (Fault::Delay(page, rng.random_range(100..4_000)), Some((long, Fault::Delay(page, 0)))),
        4 | 5 => (Fault::BlockSocket(page, true), Some((long * 2, Fault::BlockSocket(page, false)))),
        6 => (Fault::BreakPolls(page, true), Some((long * 2, Fault::BreakPolls(page, false)))),
        7 => (Fault::Kill, Some((short, Fault::Restart))),
        8 => (Fault::CommitAndKill, Some((short, Fault::Restart))),
        9 => (Fault::Drain, Some((short, Fault::Restart))),
        10 => (Fault::DeafBus(true), Some((long, Fault::DeafBus(false)))),
        11 => (Fault::Suspend(page, long * 5), None),
        12 | 16 => (Fault::Reload(page), None),
        13 | 14 => (Fault::Store(failing(rng)), Some((short, Fault::Store(Failing::default())))),
        15 => (Fault::Online(page, false), Some((short, Fault::Online(page, true)))),
        17 => {
            let fault = if rng.random() { StoreFault::Full } else { StoreFault::Closed };
            (Fault::Storage(page, Some(fault)), Some((long, Fault::Storage(page, None))))
        }
        _ => (Fault::Visible(page, false), Some((long, Fault::Visible(page, true)))),
    }
}

fn failing(rng: &mut SmallRng) -> Failing {
    let (reads, writes) = match rng.random_range(0..5) {
        0 | 1 => (true, None),
        2 => (false, Some(FailingWrites::Statements)),
        3 => (false, Some(FailingWrites::Commits)),
        _ => (true, Some(FailingWrites::Statements)),
    };
    Failing { reads, writes }
}
