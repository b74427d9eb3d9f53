//! The schema, one step after another. Steps are never changed once released.

use rusqlite::Connection;

use super::sqlite::OpenError;

/// Each step brings the schema from its index to the next.
const STEPS: &[&str] = &["
create table topic (
    id      integer primary key,
    name    text    not null unique,
    epoch   text    not null,
    head    bigint  not null default 0,
    -- Publications up to and including this one have been removed by retention.
    trimmed bigint  not null default 0,
    closed  boolean not null default false
);

create table publication (
    topic_id bigint not null references topic (id),
    \"offset\" bigint not null,
    id       text   not null,
    type     text   not null,
    item     text,
    payload  text   not null,
    at       bigint not null,
    primary key (topic_id, \"offset\")
) without rowid;

create table idempotency (
    author      text   not null,
    key         text   not null,
    fingerprint text   not null,
    answer      text   not null,
    at          bigint not null,
    primary key (author, key)
) without rowid;
create index idempotency_at on idempotency (at);

create table event (
    id          text    not null primary key,
    number      integer not null unique,
    title       text    not null,
    description text    not null,
    place       text    not null,
    status      text    not null,
    starts_at   bigint,
    created_at  bigint  not null,
    updated_at  bigint  not null,
    media_count bigint  not null default 0,
    cover       text
);

create table media (
    event_id   text   not null references event (id) on delete cascade,
    \"offset\"   bigint not null,
    id         text   not null unique,
    kind       text   not null,
    author     text   not null,
    text       text   not null,
    attachment text,
    key        text,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (event_id, \"offset\")
) without rowid;

create table upload (
    id         text    not null primary key,
    kind       text    not null,
    attachment text    not null,
    used       boolean not null default false,
    created_at bigint  not null
);
create index upload_unused on upload (created_at) where not used;
"];

/// Brings the database to the current schema.
pub(super) fn run(connection: &mut Connection) -> Result<(), OpenError> {
    let failed =
        |error: rusqlite::Error| OpenError::Open { path: "schema".to_owned(), reason: error.to_string() };
    let known = STEPS.len() as i64;
    let found: i64 = connection.query_row("pragma user_version", [], |row| row.get(0)).map_err(failed)?;
    if found > known {
        return Err(OpenError::NewerSchema { found, known });
    }
    for (index, step) in STEPS.iter().enumerate().skip(found as usize) {
        let tx = connection.transaction().map_err(failed)?;
        tx.execute_batch(step).map_err(failed)?;
        tx.pragma_update(None, "user_version", index as i64 + 1).map_err(failed)?;
        tx.commit().map_err(failed)?;
    }
    Ok(())
}
