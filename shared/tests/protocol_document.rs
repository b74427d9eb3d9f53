//! Holds `docs/protocol.md` to the code, and the code to it (E4): what stands on one side only is a failure.

use std::collections::BTreeSet;

use shared::{
    Change, ClientFrame, CloseCode, DomainChange as _, ErrorCode, ServerFrame, TopicKind,
    frame::{NotRecovered, PROTOCOL_VERSION},
    limits,
    model::{
        comment::{CommentChange, LikeChange},
        control::ControlChange,
        match_::MatchChange,
        notification::NotificationChange,
        post::PostChange,
        story::StoryChange,
        tournament::TournamentChange,
        venue::VenueChange,
    },
};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// The text under a heading, up to the next heading of any level.
fn section(heading: &str) -> &'static str {
    let start = DOCUMENT.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading:?}"));
    let body = &DOCUMENT[start + heading.len() + 2..];
    let end = body
        .match_indices("\n#")
        .map(|(at, _)| at)
        .find(|at| !body[..*at].ends_with("```"))
        .unwrap_or(body.len());
    &body[..end]
}

/// The rows of the first table of a section, cell by cell, without its head.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let rows: Vec<Vec<String>> = section(heading)
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table under {heading:?}");
    rows
}

fn first_column(heading: &str) -> Vec<String> {
    rows(heading).into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn e4_the_types_of_the_document_are_the_types_of_the_code() {
    assert_eq!(first_column("### From the client"), ClientFrame::TYPES);
    assert_eq!(first_column("### From the server"), ServerFrame::CONTROL_TYPES);
    let types = [
        Change::TYPES,
        StoryChange::TYPES,
        MatchChange::TYPES,
        TournamentChange::TYPES,
        PostChange::TYPES,
        CommentChange::TYPES,
        LikeChange::TYPES,
        NotificationChange::TYPES,
        VenueChange::TYPES,
        ControlChange::TYPES,
    ];
    assert_eq!(first_column("### Publications"), types.concat());
    assert!(DOCUMENT.contains(&format!("described here is **{PROTOCOL_VERSION}**")));
}

#[test]
fn every_topic_kind_is_documented() {
    let written: Vec<_> = TopicKind::ALL
        .iter()
        .map(|kind| if kind.has_id() { format!("{}:{{id}}", kind.name()) } else { kind.name().to_owned() })
        .collect();
    assert_eq!(first_column("## Topics"), written);
}

#[test]
fn the_codes_and_their_statuses_agree() {
    let written: Vec<_> =
        rows("## Error codes").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let coded: Vec<_> =
        ErrorCode::ALL.iter().map(|code| (code.to_string(), code.http_status().to_string())).collect();
    assert_eq!(written, coded);
    let written: Vec<_> =
        rows("## Close codes").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let coded: Vec<_> =
        CloseCode::ALL.iter().map(|code| (code.number().to_string(), code.reason().to_owned())).collect();
    assert_eq!(written, coded);
}

#[test]
fn the_reasons_agree() {
    // The match fails to compile when a reason is added, which is when this list and the page want it too.
    let name = |reason: NotRecovered| match reason {
        NotRecovered::NoPosition => "noPosition",
        NotRecovered::EpochChanged => "epochChanged",
        NotRecovered::Expired => "expired",
        NotRecovered::Ahead => "ahead",
    };
    let coded =
        [NotRecovered::NoPosition, NotRecovered::EpochChanged, NotRecovered::Expired, NotRecovered::Ahead]
            .map(name);
    assert_eq!(first_column("## Continuity"), coded);
}

#[test]
fn v8_the_limits_agree() {
    let written: BTreeSet<(String, String)> =
        rows("## Limits").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let source = include_str!("../src/limits.rs");
    let names: BTreeSet<&str> =
        source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next()).collect();
    assert_eq!(written.iter().map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>(), names);
    let value = |name: &str| match name {
        "CLIENT_FRAME_BYTES" => limits::CLIENT_FRAME_BYTES,
        "JSON_BODY_BYTES" => limits::JSON_BODY_BYTES,
        "BATCH_ITEMS" => limits::BATCH_ITEMS,
        "BATCH_PUBLICATIONS" => limits::BATCH_PUBLICATIONS,
        "EVENT_TITLE_CHARS" => limits::EVENT_TITLE_CHARS,
        "EVENT_DESCRIPTION_CHARS" => limits::EVENT_DESCRIPTION_CHARS,
        "EVENT_PLACE_CHARS" => limits::EVENT_PLACE_CHARS,
        "MEDIA_TEXT_CHARS" => limits::MEDIA_TEXT_CHARS,
        "DISPLAY_NAME_CHARS" => limits::DISPLAY_NAME_CHARS,
        "ACCOUNT_NAME_CHARS_MIN" => limits::ACCOUNT_NAME_CHARS_MIN,
        "ACCOUNT_NAME_CHARS_MAX" => limits::ACCOUNT_NAME_CHARS_MAX,
        "PASSWORD_CHARS_MIN" => limits::PASSWORD_CHARS_MIN,
        "PASSWORD_BYTES_MAX" => limits::PASSWORD_BYTES_MAX,
        "EVENT_TEAMS" => limits::EVENT_TEAMS,
        "EVENT_MATCHES" => limits::EVENT_MATCHES,
        "TEAM_PLAYERS" => limits::TEAM_PLAYERS,
        "TEAM_NAME_CHARS" => limits::TEAM_NAME_CHARS,
        "TEAM_SHORT_CHARS" => limits::TEAM_SHORT_CHARS,
        "PLAYER_NAME_CHARS" => limits::PLAYER_NAME_CHARS,
        "MATCH_TITLE_CHARS" => limits::MATCH_TITLE_CHARS,
        "EVENT_TOURNAMENTS" => limits::EVENT_TOURNAMENTS,
        "TOURNAMENT_TITLE_CHARS" => limits::TOURNAMENT_TITLE_CHARS,
        "TOURNAMENT_GROUPS" => limits::TOURNAMENT_GROUPS,
        "GROUP_TEAMS" => limits::GROUP_TEAMS,
        "TOURNAMENT_TIES" => limits::TOURNAMENT_TIES,
        "FOLLOWS" => limits::FOLLOWS,
        "TEAM_FOLLOWERS" => limits::TEAM_FOLLOWERS,
        "MATCH_HALF_MINUTES" => limits::MATCH_HALF_MINUTES,
        "MATCH_EVENTS" => limits::MATCH_EVENTS,
        "MATCH_TEXT_CHARS" => limits::MATCH_TEXT_CHARS,
        "MATCH_AHEAD_S" => usize::try_from(limits::MATCH_AHEAD_S).unwrap(),
        "TOKEN_BYTES" => limits::TOKEN_BYTES,
        "STORY_TEXT_CHARS" => limits::STORY_TEXT_CHARS,
        "STORIES_PER_AUTHOR" => limits::STORIES_PER_AUTHOR,
        "REACTION_BYTES" => limits::REACTION_BYTES,
        "COMMENT_TEXT_CHARS" => limits::COMMENT_TEXT_CHARS,
        "MENTIONS" => limits::MENTIONS,
        "NOTIFICATIONS_KEPT" => limits::NOTIFICATIONS_KEPT,
        "LIKES_LISTED" => limits::LIKES_LISTED,
        "EVENT_MEMBERS" => limits::EVENT_MEMBERS,
        "EVENT_INVITATIONS" => limits::EVENT_INVITATIONS,
        "INVITATION_USES_MAX" => limits::INVITATION_USES_MAX,
        "INVITATION_TTL_S_DEFAULT" => usize::try_from(limits::INVITATION_TTL_S_DEFAULT).unwrap(),
        "INVITATION_TTL_S_MAX" => usize::try_from(limits::INVITATION_TTL_S_MAX).unwrap(),
        "PEOPLE_NAMED" => limits::PEOPLE_NAMED,
        "PEOPLE_NAMED_ONLINE" => limits::PEOPLE_NAMED_ONLINE,
        "TYPING_NAMED" => limits::TYPING_NAMED,
        "TYPING_S" => usize::try_from(limits::TYPING_S).unwrap(),
        "POST_TEXT_CHARS" => limits::POST_TEXT_CHARS,
        "POST_DESTINATIONS" => limits::POST_DESTINATIONS,
        "POST_EDITORS" => limits::POST_EDITORS,
        "POST_SCHEDULE_DAYS" => limits::POST_SCHEDULE_DAYS,
        "WEBHOOKS" => limits::WEBHOOKS,
        "WEBHOOK_URL_CHARS" => limits::WEBHOOK_URL_CHARS,
        "VENUE_NAME_CHARS" => limits::VENUE_NAME_CHARS,
        "VENUE_DESCRIPTION_CHARS" => limits::VENUE_DESCRIPTION_CHARS,
        "VENUE_PLACE_CHARS" => limits::VENUE_PLACE_CHARS,
        "VIBE_CHECK_TEXT_CHARS" => limits::VIBE_CHECK_TEXT_CHARS,
        "RATING_MAX" => limits::RATING_MAX,
        "MOOD_HOURS" => limits::MOOD_HOURS,
        "MOOD_HOURS_SHOWN" => limits::MOOD_HOURS_SHOWN,
        "VIBE_CHECKS_SHOWN" => limits::VIBE_CHECKS_SHOWN,
        "PROMOTION_TITLE_CHARS" => limits::PROMOTION_TITLE_CHARS,
        "PROMOTION_TEXT_CHARS" => limits::PROMOTION_TEXT_CHARS,
        "VENUE_PROMOTIONS" => limits::VENUE_PROMOTIONS,
        "PROMOTION_DAYS" => limits::PROMOTION_DAYS,
        "BROADCAST_BYTES" => limits::BROADCAST_BYTES,
        "PAGE_ITEMS_DEFAULT" => limits::PAGE_ITEMS_DEFAULT,
        "PAGE_ITEMS_MAX" => limits::PAGE_ITEMS_MAX,
        "POLL_WAIT_MAX_S" => usize::try_from(limits::POLL_WAIT_MAX_S).unwrap(),
        "POLL_TOPICS" => limits::POLL_TOPICS,
        other => panic!("{other} is not looked at by this test"),
    };
    for (name, written) in &written {
        assert_eq!(*written, value(name).to_string(), "{name}");
    }
}

#[test]
fn every_example_is_a_frame_as_it_is_sent() {
    let mut examples = 0;
    for block in DOCUMENT.split("```json\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            examples += 1;
            if let Ok(frame) = ClientFrame::decode(line) {
                assert_eq!(frame.encode().unwrap(), line);
                continue;
            }
            let frame = ServerFrame::decode(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_ne!(frame, ServerFrame::Unknown, "{line}");
            assert_eq!(frame.encode().unwrap(), line);
        }
    }
    assert!(examples >= 10, "{examples} examples found");
}
