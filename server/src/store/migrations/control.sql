create table audit (
    id     integer primary key,
    at     bigint not null,
    -- 'user:…' or 'key:…'
    by     text   not null,
    action text   not null,
    target text   not null,
    detail text   not null
);
