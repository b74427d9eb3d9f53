//! How a topic tells a session that there is something to read: one bit per subscription. No queue: a
//! session that is told a hundred times before it looks has one bit set.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::Context,
};

use futures_util::task::AtomicWaker;

/// Most subscriptions that one session can have: the bits of the word below.
pub const SLOTS: usize = 64;

/// Shared by a session and the topics it reads.
#[derive(Debug, Default)]
pub struct Signal {
    ready: AtomicU64,
    ending: AtomicBool,
    waker: AtomicWaker,
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

    /// The server is about to close this session.
    pub fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.waker.wake();
    }

    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
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
