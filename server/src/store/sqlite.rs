//! SQLite: the writer's thread, the readers' threads, and the settings that durability rests on.

use std::{path::Path, thread, time::Duration};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::mpsc;

use super::{
    Announcer, Failing, FailingWrites, ReadJob, StoreError, StoreOptions, Tx, Verdict, WriteJob, migrations,
    tx::classify,
};

/// Most pieces of work in one commit.
const COMMIT_BATCH: usize = 512;
/// Bytes of a page. Larger than the default so that an ordinary publication stays out of overflow pages.
const PAGE_BYTES: u64 = 8192;
/// The oldest SQLite that is safe in WAL mode: before it a checkpoint could lose a commit.
const OLDEST_SAFE_VERSION: i32 = 3_051_003;
/// Statements kept prepared per connection.
const STATEMENT_CACHE: usize = 128;

/// Why the store did not open: said to the operator at start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("SQLite {0} is linked; 3.51.3 or newer is needed (a WAL corruption was mended there)")]
    OldSqlite(&'static str),
    #[error("cannot open the database {path}: {reason}")]
    Open { path: String, reason: String },
    #[error("the database was written by a newer Touchline (schema {found}, this one knows {known})")]
    NewerSchema { found: i64, known: i64 },
    #[error("cannot start a thread of the store: {0}")]
    Thread(#[from] std::io::Error),
}

/// Opens the database and starts its threads. They end when the channels are closed and drained.
pub(super) fn start(
    options: &StoreOptions,
    announcer: Announcer,
    mut writes: mpsc::Receiver<WriteJob>,
    reads: &async_channel::Receiver<ReadJob>,
) -> Result<(), OpenError> {
    let path = options.path.as_deref();
    let mut writer = open_writer(path, options.max_bytes)?;
    migrations::run(&mut writer)?;
    if path.is_some() {
        for index in 0..options.readers.max(1) {
            let mut reader = open_reader(path)?;
            let jobs = reads.clone();
            thread::Builder::new().name(format!("store-read-{index}")).spawn(move || {
                while let Ok(job) = jobs.recv_blocking() {
                    run_read(&mut reader, job);
                }
            })?;
        }
    }
    thread::Builder::new().name("store-write".to_owned()).spawn(move || {
        let mut jobs = Vec::with_capacity(COMMIT_BATCH);
        while writes.blocking_recv_many(&mut jobs, COMMIT_BATCH) > 0 {
            run_batch(&mut writer, &announcer, jobs.drain(..));
        }
    })?;
    Ok(())
}

/// A database in memory, worked on by whoever holds it.
pub(super) struct Inline {
    connection: Connection,
    announcer: Announcer,
    pub(super) failing: Failing,
}

impl Inline {
    pub(super) fn open(announcer: Announcer) -> Result<Self, OpenError> {
        let mut connection = open_writer(None, 0)?;
        migrations::run(&mut connection)?;
        Ok(Self { connection, announcer, failing: Failing::default() })
    }

    pub(super) fn write(&mut self, job: WriteJob) {
        match self.failing.writes {
            None => run_batch(&mut self.connection, &self.announcer, std::iter::once(job)),
            Some(FailingWrites::Statements) => {
                let answer = refuse(job, &mut Tx::new(&mut self.connection));
                answer(Err(made_to_fail()));
            }
            Some(FailingWrites::Commits) => lose_commit(&mut self.connection, job),
        }
    }

    pub(super) fn read(&mut self, job: ReadJob) {
        if self.failing.reads {
            job(Err(made_to_fail()));
        } else {
            run_read(&mut self.connection, job);
        }
    }
}

fn made_to_fail() -> StoreError {
    StoreError::Unavailable("it was made to fail".to_owned())
}

/// Does the work and rolls it back in place of the commit, as the engine does when the disk is full.
fn lose_commit(connection: &mut Connection, job: WriteJob) {
    let mut tx = Tx::new(connection);
    let begun = tx.control("begin immediate");
    let (answer, failed) = run_job(&mut tx, job);
    let rolled_back = tx.control("rollback");
    let committed = begun.and(rolled_back).and_then(|()| commit(&mut tx));
    answer(failed.map_or(committed, Err));
}

fn open_error(path: Option<&Path>) -> impl Fn(rusqlite::Error) -> OpenError {
    let path = path.map_or_else(|| ":memory:".to_owned(), |path| path.display().to_string());
    move |error| OpenError::Open { path: path.clone(), reason: error.to_string() }
}

fn open_writer(path: Option<&Path>, max_bytes: u64) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < OLDEST_SAFE_VERSION {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let failed = open_error(path);
    let connection = match path {
        Some(path) => Connection::open(path).map_err(&failed)?,
        None => Connection::open_in_memory().map_err(&failed)?,
    };
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.busy_timeout(Duration::from_secs(5)).map_err(&failed)?;
    connection
        .execute_batch(&format!(
            "pragma page_size = {PAGE_BYTES};
             pragma journal_mode = wal;
             pragma synchronous = full;
             pragma foreign_keys = on;
             pragma temp_store = memory;
             pragma cache_size = -65536;
             pragma wal_autocheckpoint = 4000;
             pragma journal_size_limit = 67108864;"
        ))
        .map_err(&failed)?;
    if max_bytes > 0 {
        let pages = (max_bytes / PAGE_BYTES).max(1);
        connection.execute_batch(&format!("pragma max_page_count = {pages};")).map_err(&failed)?;
    }
    Ok(connection)
}

fn open_reader(path: Option<&Path>) -> Result<Connection, OpenError> {
    let failed = open_error(path);
    let path = path.unwrap_or_else(|| Path::new(":memory:"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(&failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    connection.busy_timeout(Duration::from_secs(5)).map_err(&failed)?;
    connection
        .execute_batch("pragma query_only = on; pragma cache_size = -16384; pragma temp_store = memory;")
        .map_err(&failed)?;
    Ok(connection)
}

/// Runs a batch of work in one transaction, each piece in a savepoint of its own, and answers after the
/// commit. A piece that panics would take the writer with it: it is a fault of this program, and the
/// process is better off restarted from a log that is whole.
fn run_batch(connection: &mut Connection, announcer: &Announcer, jobs: impl Iterator<Item = WriteJob>) {
    let mut tx = Tx::new(connection);
    let mut answers = Vec::new();
    let begun = tx.control("begin immediate");
    for job in jobs {
        if begun.is_err() || !tx.in_transaction() {
            // The transaction did not begin, or a full disk made the engine roll it back. A savepoint now
            // would be a transaction of its own, so the work must not run as if nothing had happened.
            let why = begun.clone().err().unwrap_or_else(rolled_back);
            answers.push((refuse(job, &mut tx), Some(why)));
            continue;
        }
        let (answer, failed) = run_job(&mut tx, job);
        answers.push((answer, failed));
    }
    let committed = begun.and_then(|()| commit(&mut tx));
    metrics::histogram!("touchline_commit_batch_size").record(answers.len() as f64);
    if committed.is_ok() {
        let appended = tx.take_appended();
        if !appended.is_empty() {
            announcer(appended);
        }
    }
    for (answer, failed) in answers {
        answer(failed.map_or_else(|| committed.clone(), Err));
    }
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

fn run_job(tx: &mut Tx<'_>, job: WriteJob) -> (Answer, Option<StoreError>) {
    let mark = tx.appended();
    if let Err(error) = tx.control("savepoint work") {
        return (refuse(job, tx), Some(error));
    }
    let Verdict { keep, answer } = job(tx);
    let mut failed = None;
    if !keep {
        tx.forget(mark);
        failed = tx.control("rollback to work").err();
    }
    let released = tx.control("release work");
    (answer, failed.or(released.err()))
}

/// The transaction did not begin (read-only file, full disk): the work is tried on a view where every
/// statement fails in the same way, so that it answers like any other failure.
fn refuse(job: WriteJob, tx: &mut Tx<'_>) -> Answer {
    drop(tx.batch("pragma query_only = on"));
    let mark = tx.appended();
    let Verdict { answer, .. } = job(tx);
    tx.forget(mark);
    drop(tx.batch("pragma query_only = off"));
    answer
}

fn commit(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let committed = if tx.in_transaction() {
        tx.control("commit")
    } else {
        // SQLite rolls back by itself on a full disk or an IO failure.
        Err(rolled_back())
    };
    if let Err(error) = &committed {
        tracing::error!(%error, "commit failed; nothing of it was stored");
        if tx.in_transaction()
            && let Err(error) = tx.control("rollback")
        {
            tracing::error!(%error, "rollback failed");
        }
    }
    committed
}

fn rolled_back() -> StoreError {
    StoreError::Unavailable("the engine rolled the transaction back".to_owned())
}

fn run_read(connection: &mut Connection, job: ReadJob) {
    // A deferred transaction: every statement of the job sees the same state.
    if let Err(error) = connection.execute_batch("begin deferred") {
        job(Err(classify(error)));
        return;
    }
    let mut tx = Tx::new(connection);
    job(Ok(&mut tx));
    if let Err(error) = tx.control("commit") {
        tracing::error!(%error, "a read did not end");
    }
}
