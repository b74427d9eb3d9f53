//! The store: domain rows, topics and idempotency records, changed together or not at all.
//!
//! One writer takes what has queued, runs each piece of work in a savepoint of one transaction, commits
//! once with `synchronous = FULL`, then answers all. What was appended goes to the announcer in commit
//! order, before anybody is told that it was stored. Reads go to a few read-only connections.
//!
//! Statements live in the files of this folder and nowhere else, in the dialect that SQLite and PostgreSQL
//! share. Work is written as `async` against [`Tx`], whose SQLite side never waits, so that an engine whose
//! side does wait can be put underneath. Called by `publish`, the hub's feeds, and the API for reads.

pub mod account;
pub mod api_key;
pub mod audit;
pub mod comment;
pub mod event;
pub mod follow;
pub mod idempotency;
pub mod log;
pub mod match_;
pub mod media;
pub mod member;
pub mod migrations;
pub mod notification;
pub mod post;
mod sqlite;
pub mod story;
pub mod team;
pub mod tournament;
mod tx;
pub mod venue;
pub mod webhook;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

pub use migrations::is_current;
pub use sqlite::OpenError;
pub use tx::{Appended, Effect, Row, Tx, Value};

/// Why a piece of work on the store did not happen. Nothing of it was stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, the file is read-only, the medium fails. May pass.
    #[error("the store cannot be written: {0}")]
    Unavailable(String),
    /// A statement was wrong or a row was not of the form expected: a fault of this program.
    #[error("the store: {0}")]
    Fault(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// What takes publications after their commit, in commit order. It may wait; it must not fail.
pub type Announcer = Arc<dyn Fn(Vec<Appended>) + Send + Sync>;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The database's file; `None` keeps it in memory.
    pub path: Option<PathBuf>,
    /// Largest size of the database in bytes; 0 for no limit but the disk's.
    pub max_bytes: u64,
    /// Connections that only read.
    pub readers: usize,
}

type WriteJob = Box<dyn FnOnce(&mut Tx<'_>) -> Verdict + Send>;
type ReadJob = Box<dyn FnOnce(Result<&mut Tx<'_>, StoreError>) + Send>;

/// What a piece of work came to, before the commit: keep its changes or not, and how to answer once the
/// fate of the commit is known.
struct Verdict {
    keep: bool,
    answer: Box<dyn FnOnce(Result<(), StoreError>) + Send>,
}

/// What an inline store fails at, so that simulator and tests see what a failing medium does to the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failing {
    /// Nothing can be read.
    pub reads: bool,
    /// Nothing can be written, in this way.
    pub writes: Option<FailingWrites>,
}

/// How writes fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailingWrites {
    /// Statements that change something are refused, as by a file that is read-only.
    Statements,
    /// The work is done, and its commit is not, as when the disk is full.
    Commits,
}

/// A store, open. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    reads: Arc<AtomicU64>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

enum Engine {
    /// A writer thread and a few reader threads.
    Threads { writes: mpsc::Sender<WriteJob>, reads: async_channel::Sender<ReadJob> },
    /// Everything at once on the caller's thread: for the simulator, where time stands still meanwhile.
    Inline(Box<parking_lot::Mutex<sqlite::Inline>>),
}

/// Pieces of work that may wait for the writer. Beyond it, who wants to write waits in line.
const WRITE_QUEUE: usize = 4096;
/// Pieces of work that may wait for a reader.
const READ_QUEUE: usize = 4096;

impl Store {
    /// Opens the database, brings it to the current schema and starts its threads.
    pub fn open(options: &StoreOptions, announcer: Announcer) -> Result<Self, OpenError> {
        let (writes, write_jobs) = mpsc::channel(WRITE_QUEUE);
        let (reads, read_jobs) = async_channel::bounded(READ_QUEUE);
        sqlite::start(options, announcer, write_jobs, &read_jobs)?;
        Ok(Self { engine: Arc::new(Engine::Threads { writes, reads }), reads: Arc::default() })
    }

    /// Opens a database in memory whose work is done on the caller's thread, so that no call ever waits.
    pub fn inline(announcer: Announcer) -> Result<Self, OpenError> {
        Ok(Self {
            engine: Arc::new(Engine::Inline(Box::new(parking_lot::Mutex::new(sqlite::Inline::open(
                announcer,
            )?)))),
            reads: Arc::default(),
        })
    }

    /// Makes an inline store fail from now on, or work again. A store with threads fails with its medium
    /// alone: this changes nothing about it.
    pub fn fail(&self, failing: Failing) {
        match &*self.engine {
            Engine::Inline(inline) => inline.lock().failing = failing,
            Engine::Threads { .. } => {}
        }
    }

    /// How often it has been read from.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Runs `work` in a transaction. `Ok(Ok(_))` means that it is on the disk. An error of `work` itself
    /// (`Ok(Err(_))`) undoes what it did and nothing else.
    pub async fn write<T, E, F>(&self, work: F) -> Result<Result<T, E>, StoreError>
    where
        F: AsyncFnOnce(&mut Tx<'_>) -> Result<T, WorkError<E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: WriteJob = Box::new(move |tx| {
            let outcome = never_waits(work(tx));
            let keep = outcome.is_ok();
            Verdict {
                keep,
                answer: Box::new(move |commit| {
                    let outcome = match (commit, outcome) {
                        (_, Err(WorkError::Refused(error))) => Ok(Err(error)),
                        (_, Err(WorkError::Store(error))) | (Err(error), Ok(_)) => Err(error),
                        (Ok(()), Ok(value)) => Ok(Ok(value)),
                    };
                    // Who asked may have gone; the work is done all the same.
                    drop(answer.send(outcome));
                }),
            }
        });
        match &*self.engine {
            Engine::Threads { writes, .. } => writes.send(job).await.map_err(|_| StoreError::Closed)?,
            Engine::Inline(inline) => inline.lock().write(job),
        }
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs `work` on one consistent view of the database.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: AsyncFnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        let job: ReadJob = Box::new(move |tx| {
            let outcome = tx.and_then(|tx| never_waits(work(tx)));
            drop(answer.send(outcome));
        });
        match &*self.engine {
            Engine::Threads { reads, .. } => reads.send(job).await.map_err(|_| StoreError::Closed)?,
            Engine::Inline(inline) => inline.lock().read(job),
        }
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

/// Why a piece of work stopped: the store's fault, or its own decision.
#[derive(Debug)]
pub enum WorkError<E> {
    Store(StoreError),
    Refused(E),
}

impl<E> From<StoreError> for WorkError<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Drives work on SQLite, none of whose steps waits.
fn never_waits<T>(work: impl Future<Output = T>) -> T {
    match work.now_or_never() {
        Some(value) => value,
        None => unreachable!("work on SQLite awaited something that is not a statement"),
    }
}

#[cfg(test)]
mod tests;
