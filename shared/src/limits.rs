//! Named limits of what crosses the wire, each with its unit. What an operator may set (connections,
//! rates, upload sizes) has its default in the server's configuration instead.

/// Largest frame a server takes from a client, in bytes after inflating.
pub const CLIENT_FRAME_BYTES: usize = 16 * 1024;
/// Largest JSON body of a REST request, in bytes.
pub const JSON_BODY_BYTES: usize = 1024 * 1024;
/// Most items in one POST of several.
pub const BATCH_ITEMS: usize = 200;
/// Most publications that one `batch` frame covers, or one poll answers per topic.
pub const BATCH_PUBLICATIONS: usize = 256;

/// Longest title of an event, in characters.
pub const EVENT_TITLE_CHARS: usize = 120;
/// Longest description of an event, in characters.
pub const EVENT_DESCRIPTION_CHARS: usize = 4_000;
/// Longest place of an event, in characters.
pub const EVENT_PLACE_CHARS: usize = 120;
/// Longest text of a timeline item, in characters.
pub const MEDIA_TEXT_CHARS: usize = 4_000;
/// Longest comment, in characters.
pub const COMMENT_TEXT_CHARS: usize = 2_000;
/// Most people that one text mentions; who is named after them is not told.
pub const MENTIONS: usize = 20;
/// Most notifications that are kept of an account; the oldest go.
pub const NOTIFICATIONS_KEPT: usize = 500;
/// Most items that one is told to like on one event: those that were posted last.
pub const LIKES_LISTED: usize = 1_000;
/// Longest display name, in characters.
pub const DISPLAY_NAME_CHARS: usize = 60;

/// Shortest name of an account, in characters.
pub const ACCOUNT_NAME_CHARS_MIN: usize = 2;
/// Longest name of an account, in characters.
pub const ACCOUNT_NAME_CHARS_MAX: usize = 30;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Longest token, in bytes.
pub const TOKEN_BYTES: usize = 8 * 1024;
/// Longest text of a story, in characters.
pub const STORY_TEXT_CHARS: usize = 500;
/// Most stories of one person at a time.
pub const STORIES_PER_AUTHOR: usize = 50;
/// Longest reaction to a story, which is one emoji, in bytes.
pub const REACTION_BYTES: usize = 64;
/// Most members of one event.
pub const EVENT_MEMBERS: usize = 500;
/// Most invitations to one event that are open at a time.
pub const EVENT_INVITATIONS: usize = 50;
/// Most people who can take one invitation, where it says how many.
pub const INVITATION_USES_MAX: usize = 500;
/// How long an invitation can be taken unless it says otherwise, in seconds: seven days.
pub const INVITATION_TTL_S_DEFAULT: u64 = 604_800;
/// Longest an invitation can be taken, in seconds: a year.
pub const INVITATION_TTL_S_MAX: u64 = 31_536_000;

/// Most people who are named as present on a topic; the others are counted.
pub const PEOPLE_NAMED: usize = 20;
/// The same on `online`.
pub const PEOPLE_NAMED_ONLINE: usize = 100;
/// Most people who are told to be typing on a topic at one time.
pub const TYPING_NAMED: usize = 5;
/// Who does not say so again is not typing any more after this long, in seconds.
pub const TYPING_S: u64 = 6;

/// Most teams of one event.
pub const EVENT_TEAMS: usize = 200;
/// Most matches of one event.
pub const EVENT_MATCHES: usize = 500;
/// Most players of one team.
pub const TEAM_PLAYERS: usize = 60;
/// Longest name of a team, in characters.
pub const TEAM_NAME_CHARS: usize = 60;
/// Longest short name of a team, in characters.
pub const TEAM_SHORT_CHARS: usize = 5;
/// Longest name of a player, in characters.
pub const PLAYER_NAME_CHARS: usize = 60;
/// Longest title of a match, in characters.
pub const MATCH_TITLE_CHARS: usize = 120;
/// Most tournaments of one event.
pub const EVENT_TOURNAMENTS: usize = 20;
/// Longest title of a tournament, and name of a group or a round, in characters.
pub const TOURNAMENT_TITLE_CHARS: usize = 60;
/// Most groups of one tournament.
pub const TOURNAMENT_GROUPS: usize = 16;
/// Most teams of one group.
pub const GROUP_TEAMS: usize = 24;
/// Most ties of one tournament, over all rounds.
pub const TOURNAMENT_TIES: usize = 64;
/// Most teams and players that one account follows.
pub const FOLLOWS: usize = 200;
/// Most who follow one team or its players; who comes after them is refused.
pub const TEAM_FOLLOWERS: usize = 1_000;
/// Longest half of a match, in minutes.
pub const MATCH_HALF_MINUTES: usize = 90;
/// Most entries in the log of a match, corrections included.
pub const MATCH_EVENTS: usize = 1_000;
/// Longest text of an entry in the log of a match, in characters.
pub const MATCH_TEXT_CHARS: usize = 500;
/// How far what is recorded may lie ahead of the server's clock, in seconds.
pub const MATCH_AHEAD_S: u64 = 600;
/// Longest text of a post, in characters.
pub const POST_TEXT_CHARS: usize = 4_000;
/// Most destinations of one post.
pub const POST_DESTINATIONS: usize = 8;
/// Most editors of one post.
pub const POST_EDITORS: usize = 20;
/// How far ahead a post may be scheduled, in days.
pub const POST_SCHEDULE_DAYS: usize = 366;
/// Most webhooks of one account.
pub const WEBHOOKS: usize = 20;
/// Longest address of a webhook, in characters.
pub const WEBHOOK_URL_CHARS: usize = 500;

/// Longest name of a venue, in characters.
pub const VENUE_NAME_CHARS: usize = 80;
/// Longest description of a venue, in characters.
pub const VENUE_DESCRIPTION_CHARS: usize = 2_000;
/// Longest address of a venue, in characters.
pub const VENUE_PLACE_CHARS: usize = 160;
/// Longest text of a vibe check, in characters.
pub const VIBE_CHECK_TEXT_CHARS: usize = 280;
/// Best rating of a vibe check; the worst is 1.
pub const RATING_MAX: usize = 5;
/// How long what guests said counts for how it is now, in hours before the latest of it.
pub const MOOD_HOURS: usize = 2;
/// How far back the hours on a venue's page go.
pub const MOOD_HOURS_SHOWN: usize = 12;
/// Most vibe checks on a venue's page.
pub const VIBE_CHECKS_SHOWN: usize = 50;
/// Longest title of a promotion, in characters.
pub const PROMOTION_TITLE_CHARS: usize = 120;
/// Longest text of a promotion, in characters.
pub const PROMOTION_TEXT_CHARS: usize = 1_000;
/// Most promotions of one venue that are not over.
pub const VENUE_PROMOTIONS: usize = 50;
/// Longest a promotion lasts, and farthest ahead that it begins, in days.
pub const PROMOTION_DAYS: usize = 366;

/// Largest `data` of a broadcast or a notice by hand, in bytes of JSON.
pub const BROADCAST_BYTES: usize = 16 * 1024;

/// Items on a page of a list, unless the request says otherwise.
pub const PAGE_ITEMS_DEFAULT: usize = 50;
/// Most items on a page of a list.
pub const PAGE_ITEMS_MAX: usize = 200;

/// Longest a poll may wait for something to happen, in seconds.
pub const POLL_WAIT_MAX_S: u64 = 55;
/// Most topics in one poll or one event stream.
pub const POLL_TOPICS: usize = 32;
