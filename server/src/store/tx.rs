//! The one type that statements are written against.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use shared::{Epoch, Offset, PublicationId, Timestamp, Topic};

use super::StoreError;

/// A transaction, or a consistent view for reading.
pub struct Tx<'c> {
    connection: &'c mut rusqlite::Connection,
    appended: Vec<Appended>,
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("appended", &self.appended.len()).finish_non_exhaustive()
    }
}

/// A publication as it left the store: committed, or about to be with its transaction.
#[derive(Debug, Clone)]
pub struct Appended {
    pub topic: Topic,
    pub epoch: Epoch,
    pub offset: Offset,
    pub id: PublicationId,
    pub timestamp: Timestamp,
    pub type_name: Cow<'static, str>,
    /// What the change is about, for coalescing.
    pub item: Option<String>,
    /// JSON.
    pub payload: String,
    pub effect: Effect,
}

/// What a publication means for what is kept of its topic in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effect {
    #[default]
    None,
    /// Content was taken out of earlier publications.
    Redacts,
    /// It is the topic's last.
    Closes,
    /// Who may read the topic has changed: whoever follows it is decided on anew before anything later.
    Rights,
}

impl Effect {
    /// What a publication of this type means, whether it was announced or read from the log.
    pub(super) fn of(type_name: &str) -> Self {
        if Self::RIGHTS_TYPES.contains(&type_name) { Self::Rights } else { Self::None }
    }

    /// The types of publication by which a change of rights stands in a topic's log.
    const RIGHTS_TYPES: [&'static str; 2] = ["event:access", "post:access"];
}

/// A value bound to a statement: the types that both engines share.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Bool(bool),
    Text(&'a str),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}
impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}
impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<Offset> for Value<'_> {
    fn from(offset: Offset) -> Self {
        // What a client makes up may be larger than any offset there is.
        Self::Int(i64::try_from(offset.0).unwrap_or(i64::MAX))
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A row of an answer. Columns are counted from 0.
#[derive(Debug)]
pub struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        self.0.get(column).map_err(fault)
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        self.0.get(column).map_err(fault)
    }

    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.0.get(column).map_err(fault)
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.0.get(column).map_err(fault)
    }

    pub fn bool(&self, column: usize) -> Result<bool, StoreError> {
        self.0.get(column).map_err(fault)
    }

    pub fn offset(&self, column: usize) -> Result<Offset, StoreError> {
        self.int(column).map(|number| Offset(number as u64))
    }

    /// A column whose text has a type of its own.
    pub fn parsed<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        parse(&self.text(column)?)
    }
}

/// Stored text as the type it was stored from.
pub(crate) fn parse<T>(text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error: T::Err| StoreError::Fault(error.to_string()))
}

#[expect(clippy::unused_async, reason = "SQLite never waits; an engine that does has the same calls")]
impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c mut rusqlite::Connection) -> Self {
        Self { connection, appended: Vec::new() }
    }

    /// Runs a statement; returns how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(classify)?;
        bind(&mut statement, values)?;
        statement.raw_execute().map_err(classify)
    }

    /// The first row of an answer, if it has one.
    pub async fn first<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(classify)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        match rows.next().map_err(classify)? {
            Some(row) => read(&Row(row)).map(Some),
            None => Ok(None),
        }
    }

    /// Every row of an answer.
    pub async fn all<T>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(classify)?;
        bind(&mut statement, values)?;
        let mut rows = statement.raw_query();
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(classify)? {
            all.push(read(&Row(row))?);
        }
        Ok(all)
    }

    /// Remembers a publication to be announced once the transaction is committed.
    pub(super) fn remember(&mut self, appended: Appended) {
        self.appended.push(appended);
    }

    /// Says what the latest publication on `topic` means for what is kept in memory.
    pub(super) fn mark_latest(&mut self, topic: &Topic, effect: Effect) {
        if let Some(latest) = self.appended.iter_mut().rev().find(|appended| appended.topic == *topic) {
            latest.effect = effect;
        }
    }

    pub(super) fn appended(&self) -> usize {
        self.appended.len()
    }

    /// Forgets what was remembered after `mark`: its savepoint is rolled back.
    pub(super) fn forget(&mut self, mark: usize) {
        self.appended.truncate(mark);
    }

    pub(super) fn take_appended(&mut self) -> Vec<Appended> {
        std::mem::take(&mut self.appended)
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(classify)
    }

    /// A transaction control statement, prepared once.
    pub(super) fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(classify)
    }

    pub(super) fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }
}

/// The names of parameters. To SQLite `$1` is a name like any other, numbered where it is first met in the
/// text; to PostgreSQL it is the first value. Here it is the first value.
const NAMES: [&str; 16] =
    ["$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16"];

fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value<'_>]) -> Result<(), StoreError> {
    for (index, value) in values.iter().enumerate() {
        let name = NAMES.get(index).ok_or_else(|| StoreError::Fault("too many values".to_owned()))?;
        let found = statement.parameter_index(name).map_err(classify)?;
        let place = found.ok_or_else(|| StoreError::Fault(format!("a statement has no {name}")))?;
        statement.raw_bind_parameter(place, value).map_err(classify)?;
    }
    if statement.parameter_count() != values.len() {
        return Err(StoreError::Fault("a statement has more parameters than values".to_owned()));
    }
    Ok(())
}

fn fault(error: rusqlite::Error) -> StoreError {
    StoreError::Fault(error.to_string())
}

/// Tells what may pass from what will not.
pub(super) fn classify(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode as Code;
    match error.sqlite_error_code() {
        Some(
            Code::DiskFull
            | Code::ReadOnly
            | Code::SystemIoFailure
            | Code::CannotOpen
            | Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::PermissionDenied
            | Code::FileLockingProtocolFailed,
        ) => StoreError::Unavailable(error.to_string()),
        _ => fault(error),
    }
}
