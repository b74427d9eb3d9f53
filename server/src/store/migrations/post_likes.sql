create table post_like (
    post_id    text    not null references post (id) on delete cascade,
    account_id text    not null references account (id) on delete cascade,
    -- False for one that was taken back: that it was there is known, so that it is not told again.
    liked      boolean not null,
    -- When it came for the first time.
    at         bigint  not null,
    primary key (post_id, account_id)
) without rowid;
create index post_like_account on post_like (account_id);
