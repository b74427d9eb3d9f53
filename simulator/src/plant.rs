//! Bugs put in on purpose, to see that the checks bite. Each stands where the code that it stands for
//! would have it.

/// One bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// The client leaves out a publication now and then.
    Skip,
    /// The client hands publications out twice now and then.
    Double,
    /// After a reconnect the client begins at the head instead of at its position.
    Forget,
    /// The recorder's page does not keep the idempotency key for the next try.
    NewKey,
    /// The recorder's page takes a draft out of its storage when it is sent, not when it is acknowledged.
    EarlyRemoval,
    /// The storage gives a lane to every tab that asks.
    NoLease,
    /// The server leaves a publication out of a `batch` that says it covers it.
    ThinBatch,
    /// The hub takes what follows a hole for what is missing.
    Renumber,
    /// The server acknowledges before the commit.
    EarlyAnswer,
    /// The server never lets go of a client that has fallen silent.
    NoHeartbeat,
    /// The hub takes no notice of changes of rights: it is decided at subscribe alone.
    StaleRights,
    /// The server forgets to tell who comes.
    LostJoin,
    /// The server forgets to send some of what a session has handed over. Nothing may come of it: the
    /// client notices the hole and repairs it.
    LostFrame,
}
