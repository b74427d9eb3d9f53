//! How a topic tells a session that there is something to read: one bit per subscription. No queue: a
//! session that is told a hundred times before it looks has one bit set.
//!
//! A session at rest can be served right here, on the thread that brings the news ([`Direct`]): waking a
//! task for each of a thousand readers costs more than what each of them then does.

use std::{
    fmt,
    sync::{
        OnceLock, Weak,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    task::Context,
};

use futures_util::task::AtomicWaker;
use shared::CloseCode;

/// Most subscriptions that one session can have: the bits of the word below.
pub const SLOTS: usize = 64;

/// Serves a session's marks on the spot.
pub trait Direct: Send + Sync {
    /// Looks at everything that is marked, without waiting for anything. False if something is left that
    /// the session's own task has to do; then something is still marked.
    fn serve(&self) -> bool;
}

/// Shared by a session and the topics it reads.
#[derive(Default)]
pub struct Signal {
    ready: AtomicU64,
    /// The number of the code to close with; 0 as long as the session goes on.
    ending: AtomicU16,
    waker: AtomicWaker,
    direct: OnceLock<Weak<dyn Direct>>,
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = self.ready.load(Ordering::Relaxed);
        f.debug_struct("Signal")
            .field("ready", &ready)
            .field("ending", &self.is_ending())
            .finish_non_exhaustive()
    }
}

impl Signal {
    /// The subscription in `slot` may have something to read.
    pub fn mark(&self, slot: usize) {
        let bit = 1 << slot;
        // Only the first mark since the session looked has to wake it.
        if self.ready.fetch_or(bit, Ordering::AcqRel) == 0 {
            self.waker.wake();
        }
    }

    /// The same, and the session is served here if it is at rest. No lock of a topic may be held.
    pub fn mark_and_serve(&self, slot: usize) {
        if self.ready.fetch_or(1 << slot, Ordering::AcqRel) != 0 {
            return;
        }
        let served = self.direct.get().and_then(Weak::upgrade).is_some_and(|direct| direct.serve());
        if !served {
            self.waker.wake();
        }
    }

    /// From now on `direct` may serve the session while its task is at rest.
    pub fn serve_by(&self, direct: Weak<dyn Direct>) {
        // A session has one connection; the first to come stays.
        self.direct.get_or_init(|| direct);
    }

    /// The server is about to close this session. The first reason stays.
    pub fn end(&self, code: CloseCode) {
        let first = self.ending.compare_exchange(0, code.number(), Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            self.waker.wake();
        }
    }

    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire) != 0
    }

    /// Why the session is to end, once it is.
    pub fn ending(&self) -> Option<CloseCode> {
        let number = self.ending.load(Ordering::Acquire);
        CloseCode::ALL.into_iter().find(|code| code.number() == number)
    }

    /// Takes the marks; the caller now looks at each of those subscriptions.
    pub fn take(&self) -> u64 {
        self.ready.swap(0, Ordering::AcqRel)
    }

    /// Puts marks back that there was no room to serve, without waking anybody: the caller comes back.
    pub fn put_back(&self, slots: u64) {
        self.ready.fetch_or(slots, Ordering::AcqRel);
    }

    /// Whether anything is marked. `cx` is woken when that changes.
    pub fn poll(&self, cx: &Context<'_>) -> bool {
        self.waker.register(cx.waker());
        self.is_set()
    }

    /// Whether anything is marked, or the session is to end.
    pub fn is_set(&self) -> bool {
        self.ready.load(Ordering::Acquire) != 0 || self.is_ending()
    }
}
