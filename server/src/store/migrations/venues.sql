create table venue (
    id          text   not null primary key,
    owner_id    text   references account (id),
    name        text   not null,
    description text   not null,
    place       text   not null,
    -- How it is there, as JSON.
    now         text   not null,
    created_at  bigint not null,
    updated_at  bigint not null
);
create index venue_made on venue (created_at, id);

create table vibe_check (
    id         text   not null primary key,
    venue_id   text   not null references venue (id) on delete cascade,
    "offset"   bigint not null,
    author     text   not null,
    account_id text   references account (id),
    rating     bigint,
    crowd      text,
    text       text   not null,
    -- As JSON.
    photo      text,
    created_at bigint not null
);
create index vibe_check_venue on vibe_check (venue_id, "offset");
create index vibe_check_made on vibe_check (venue_id, created_at);

create table promotion (
    id         text   not null primary key,
    venue_id   text   not null references venue (id) on delete cascade,
    title      text   not null,
    text       text   not null,
    starts_at  bigint not null,
    ends_at    bigint not null,
    status     text   not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index promotion_venue on promotion (venue_id, ends_at);
-- When it moves on by itself.
create index promotion_turn on promotion (case status when 'scheduled' then starts_at else ends_at end)
    where status <> 'over';
