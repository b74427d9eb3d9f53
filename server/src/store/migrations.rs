//! The schema, one step after another. Steps are never changed once released.

use rusqlite::Connection;

use super::sqlite::OpenError;

/// Each step brings the schema from its index to the next.
const STEPS: &[&str] = &[
    "
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
",
    "
create table account (
    id            text    not null primary key,
    name          text    not null unique,
    display_name  text    not null,
    -- PHC string; absent for who signs in elsewhere and comes with a token.
    password      text,
    role          text    not null,
    invisible     boolean not null default false,
    disabled      boolean not null default false,
    created_at    bigint  not null
);

create table session (
    -- SHA-256 of the cookie, so that who reads the database cannot sign in with it.
    hash       text   not null primary key,
    id         text   not null unique,
    account_id text   not null references account (id) on delete cascade,
    user_agent text   not null,
    address    text   not null,
    created_at bigint not null,
    seen_at    bigint not null,
    expires_at bigint not null
);
create index session_account on session (account_id);
create index session_expires on session (expires_at);

alter table event add column visibility text not null default 'public';
alter table event add column owner_id text references account (id);
alter table media add column account_id text references account (id);
-- The event whose item took it.
alter table upload add column event_id text;

create table event_member (
    event_id   text   not null references event (id) on delete cascade,
    account_id text   not null references account (id) on delete cascade,
    role       text   not null,
    since      bigint not null,
    primary key (event_id, account_id)
) without rowid;
create index event_member_account on event_member (account_id);

create table event_invitation (
    id         text   not null primary key,
    hash       text   not null unique,
    event_id   text   not null references event (id) on delete cascade,
    role       text   not null,
    uses_left  bigint,
    created_at bigint not null,
    expires_at bigint not null
);
create index event_invitation_event on event_invitation (event_id);

create table registration_invitation (
    hash       text   not null primary key,
    created_at bigint not null,
    expires_at bigint not null
);

create table api_key (
    id         text   not null primary key,
    hash       text   not null unique,
    name       text   not null,
    created_at bigint not null
);
",
    "
-- Whether the cookie was given over TLS, and is for TLS alone.
alter table session add column secure boolean not null default false;

-- Pages of the list go on from here.
create index event_created on event (created_at, id);

-- The shown name as it is looked for.
alter table account add column folded text not null default '';
create index account_folded on account (folded);
",
    "
create table story (
    id         text   not null primary key,
    -- Of the publication that showed it.
    \"offset\"   bigint not null unique,
    author_id  text   not null references account (id) on delete cascade,
    kind       text   not null,
    text       text   not null,
    attachment text   not null,
    upload_id  text   not null unique,
    created_at bigint not null,
    expires_at bigint not null
);
create index story_author on story (author_id, \"offset\");
create index story_expires on story (expires_at);

-- Who has seen a story, and with what they reacted.
create table story_audience (
    story_id   text   not null references story (id) on delete cascade,
    account_id text   not null references account (id) on delete cascade,
    -- Counts from 1 per story, in the order in which they came.
    number     bigint not null,
    viewed_at  bigint,
    emoji      text,
    reacted_at bigint,
    primary key (story_id, account_id)
) without rowid;
create unique index story_audience_number on story_audience (story_id, number);

-- Who uploaded it, and alone may use it; absent for a visitor's.
alter table upload add column account_id text;
",
    MATCHES,
    "
create table webhook (
    id         text   not null primary key,
    account_id text   not null references account (id) on delete cascade,
    url        text   not null,
    -- Deliveries are signed with it, so it cannot be kept as a hash.
    secret     text   not null,
    created_at bigint not null
);
create index webhook_account on webhook (account_id);

create table post (
    id           text   not null primary key,
    owner_id     text   not null references account (id) on delete cascade,
    version      bigint not null,
    status       text   not null,
    text         text   not null,
    kind         text   not null,
    attachment   text,
    publish_at   bigint,
    published_at bigint,
    failure      text,
    created_at   bigint not null,
    updated_at   bigint not null
);
create index post_owner on post (owner_id, id);
create index post_due on post (publish_at) where status = 'scheduled';

create table post_editor (
    post_id    text not null references post (id) on delete cascade,
    account_id text not null references account (id) on delete cascade,
    primary key (post_id, account_id)
) without rowid;
create index post_editor_account on post_editor (account_id);

create table post_destination (
    id              text   not null primary key,
    post_id         text   not null references post (id) on delete cascade,
    position        bigint not null,
    -- One of the two. What they name may be gone by the time of the delivery.
    event_id        text,
    webhook_id      text,
    host            text   not null,
    state           text   not null,
    attempts        bigint not null default 0,
    -- Set while the post is on its way.
    next_attempt_at bigint,
    -- Who delivers has it until then; after a crash somebody else may.
    lease_until     bigint,
    reason          text,
    delivered_at    bigint,
    media_id        text
);
create index post_destination_post on post_destination (post_id, position);
create index post_destination_due on post_destination (next_attempt_at)
    where state = 'waiting' and next_attempt_at is not null;

-- The post that took it.
alter table upload add column post_id text;
",
    "
alter table media add column likes bigint not null default 0;
alter table media add column comments bigint not null default 0;

create table comment (
    -- In the order of time.
    id         text   not null primary key,
    event_id   text   not null references event (id) on delete cascade,
    -- What it stands under. What else can be commented on gets a column of its own: one of them is there.
    media_id   text   references media (id) on delete cascade,
    account_id text   not null references account (id) on delete cascade,
    text       text   not null,
    key        text,
    created_at bigint not null
);
create index comment_media on comment (media_id, id);
create index comment_event on comment (event_id);
create index comment_account on comment (account_id);

create table media_like (
    media_id   text    not null references media (id) on delete cascade,
    account_id text    not null references account (id) on delete cascade,
    -- A like that was taken back stays, so that liking again is not told again.
    liked      boolean not null,
    -- When it was first liked.
    at         bigint  not null,
    primary key (media_id, account_id)
) without rowid;
create index media_like_account on media_like (account_id);

create table notification (
    id         text    not null primary key,
    account_id text    not null references account (id) on delete cascade,
    kind       text    not null,
    -- What happens again with the same subject goes into the same one as long as it is unread.
    subject    text    not null,
    by_id      text    references account (id) on delete set null,
    count      bigint  not null,
    event_id   text    references event (id) on delete cascade,
    media_id   text    references media (id) on delete cascade,
    -- The last that it tells of.
    comment_id text    references comment (id) on delete set null,
    text       text    not null,
    read       boolean not null default false,
    created_at bigint  not null,
    at         bigint  not null
);
create index notification_account on notification (account_id, at, id);
create index notification_unread on notification (account_id) where not read;
create index notification_subject on notification (account_id, subject);
create index notification_event on notification (event_id);
create index notification_media on notification (media_id);
create index notification_comment on notification (comment_id);
create index notification_by on notification (by_id);

create table mute (
    account_id text not null references account (id) on delete cascade,
    event_id   text not null references event (id) on delete cascade,
    -- One item; the whole event if absent.
    media_id   text references media (id) on delete cascade
);
create unique index mute_account on mute (account_id, event_id, coalesce(media_id, ''));
create index mute_event on mute (event_id);
create index mute_media on mute (media_id);
",
    COMMENTS_ON_POSTS,
    "
create table follow (
    account_id text   not null references account (id) on delete cascade,
    team_id    text   not null references team (id) on delete cascade,
    -- One player of it; the whole team if absent. Players are written anew with each change of their team: hence no
    -- reference.
    player_id  text,
    created_at bigint not null
);
create unique index follow_account on follow (account_id, team_id, coalesce(player_id, ''));
create index follow_team on follow (team_id);

alter table notification add column match_id text references match (id) on delete cascade;
create index notification_match on notification (match_id);
",
    include_str!("migrations/venues.sql"),
    include_str!("migrations/control.sql"),
    include_str!("migrations/post_likes.sql"),
];

/// A comment on a post has no event, and a column that must not be empty cannot be made one that may: the table is
/// made anew. What notifications tell of is put aside meanwhile, for it goes with the table.
const COMMENTS_ON_POSTS: &str = "
alter table post add column comments bigint not null default 0;

create table comment_next (
    -- In the order of time.
    id         text   not null primary key,
    -- What it stands under: an item and its event, or a post.
    event_id   text   references event (id) on delete cascade,
    media_id   text   references media (id) on delete cascade,
    post_id    text   references post (id) on delete cascade,
    account_id text   not null references account (id) on delete cascade,
    text       text   not null,
    key        text,
    created_at bigint not null
);
insert into comment_next (id, event_id, media_id, account_id, text, key, created_at)
    select id, event_id, media_id, account_id, text, key, created_at from comment;
create table comment_told as select id, comment_id from notification where comment_id is not null;
drop table comment;
alter table comment_next rename to comment;
update notification set comment_id = (select told.comment_id from comment_told told where told.id = notification.id)
    where id in (select id from comment_told);
drop table comment_told;
create index comment_parent on comment (coalesce(media_id, post_id), id);
create index comment_media on comment (media_id);
create index comment_post on comment (post_id);
create index comment_event on comment (event_id);
create index comment_account on comment (account_id);

alter table notification add column post_id text references post (id) on delete cascade;
create index notification_post on notification (post_id);
";

/// Teams, matches and tournaments.
const MATCHES: &str = "
create table team (
    id         text   not null primary key,
    event_id   text   not null references event (id) on delete cascade,
    name       text   not null,
    short      text   not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index team_event on team (event_id);

create table player (
    id      text not null primary key,
    team_id text not null references team (id) on delete cascade,
    name    text not null,
    number  bigint
);
create index player_team on player (team_id);

create table tournament (
    id         text   not null primary key,
    event_id   text   not null references event (id) on delete cascade,
    title      text   not null,
    -- Groups and rounds, as JSON.
    plan       text   not null,
    -- What its matches come to, as JSON.
    standing   text   not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index tournament_event on tournament (event_id);

create table match (
    id            text   not null primary key,
    event_id      text   not null references event (id) on delete cascade,
    home_id       text   not null references team (id) on delete cascade,
    away_id       text   not null references team (id) on delete cascade,
    -- Ids of players, as JSON.
    home_starting text   not null,
    away_starting text   not null,
    tournament_id text references tournament (id) on delete set null,
    -- Where in the bracket; absent for a match of a group.
    tie           text,
    title         text   not null,
    starts_at     bigint,
    half_minutes  bigint not null,
    extra_minutes bigint not null,
    -- What its log comes to, as JSON.
    state         text   not null,
    created_at    bigint not null,
    updated_at    bigint not null
);
create index match_event on match (event_id, created_at);
create index match_home on match (home_id);
create index match_away on match (away_id);
create index match_tournament on match (tournament_id);

create table match_entry (
    match_id   text   not null references match (id) on delete cascade,
    -- Made by the client.
    id         text   not null,
    \"offset\"   bigint not null,
    -- What happened and when, as JSON.
    happening  text   not null,
    author     text   not null,
    account_id text references account (id),
    created_at bigint not null,
    primary key (match_id, id)
) without rowid;
";

/// Whether the database at `path` has the schema of this program. Changes nothing.
pub fn is_current(path: &std::path::Path) -> Result<bool, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Open {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let connection =
        Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let found: i64 = connection.query_row("pragma user_version", [], |row| row.get(0)).map_err(failed)?;
    Ok(found == STEPS.len() as i64)
}

/// What a step of that index does besides, in terms that SQL lacks.
const FILLED: &[(usize, Fill)] = &[(2, fold_names)];

type Fill = fn(&Connection) -> rusqlite::Result<()>;

fn fold_names(connection: &Connection) -> rusqlite::Result<()> {
    let mut names = connection.prepare("select id, display_name from account")?;
    let mut fold = connection.prepare("update account set folded = ?2 where id = ?1")?;
    let rows = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // Read to the end first: rows that change while they are read may come twice.
    for (id, name) in rows.collect::<rusqlite::Result<Vec<(String, String)>>>()? {
        fold.execute([id, super::account::fold(&name)])?;
    }
    Ok(())
}

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
        for (_, fill) in FILLED.iter().filter(|(of, _)| *of == index) {
            fill(&tx).map_err(failed)?;
        }
        tx.pragma_update(None, "user_version", index as i64 + 1).map_err(failed)?;
        tx.commit().map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_comments_of_before_stay_and_so_does_what_was_told_of_them() {
        let before = STEPS.iter().position(|step| *step == COMMENTS_ON_POSTS).unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("pragma foreign_keys = on").unwrap();
        for step in &STEPS[..before] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", before as i64).unwrap();
        connection
            .execute_batch(
                "insert into account (id, name, display_name, role, created_at) values ('a1', 'ada', 'Ada', 'user', 0);
                 insert into event (id, number, title, description, place, status, created_at, updated_at)
                     values ('e1', 1, 'Launch', '', '', 'live', 0, 0);
                 insert into media (event_id, \"offset\", id, kind, author, text, created_at, updated_at)
                     values ('e1', 1, 'm1', 'text', '{}', 'the rocket', 0, 0);
                 insert into comment (id, event_id, media_id, account_id, text, created_at)
                     values ('c1', 'e1', 'm1', 'a1', 'Go!', 0);
                 insert into notification (id, account_id, kind, subject, count, comment_id, text, created_at, at)
                     values ('n1', 'a1', 'comment', 's', 1, 'c1', 'Go!', 0, 0),
                            ('n2', 'a1', 'like', 's', 1, null, '', 0, 0);",
            )
            .unwrap();
        run(&mut connection).unwrap();
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0)).unwrap();
        assert_eq!(one("select text from comment where media_id = 'm1' and post_id is null").unwrap(), "Go!");
        assert_eq!(one("select comment_id from notification where id = 'n1'").unwrap(), "c1");
        assert_eq!(one("select comment_id from notification where id = 'n2'"), None);
        connection.execute("delete from comment", []).unwrap();
        assert_eq!(one("select comment_id from notification where id = 'n1'"), None, "it refers to it still");
        let astray = connection.query_row("pragma foreign_key_check", [], |_| Ok(()));
        assert_eq!(astray, Err(rusqlite::Error::QueryReturnedNoRows));
    }

    #[test]
    fn v8_names_of_before_are_found_in_any_alphabet() {
        let mut connection = Connection::open_in_memory().unwrap();
        for step in &STEPS[..2] {
            connection.execute_batch(step).unwrap();
        }
        connection.pragma_update(None, "user_version", 2).unwrap();
        connection
            .execute_batch(
                "insert into account (id, name, display_name, role, created_at) values ('a1', 'anne', 'Änne', 'user', 0)",
            )
            .unwrap();
        run(&mut connection).unwrap();
        let folded = connection.query_row("select folded from account", [], |row| row.get::<_, String>(0));
        assert_eq!(folded.unwrap(), "änne");
    }
}
