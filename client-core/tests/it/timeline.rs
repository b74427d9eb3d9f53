//! The timeline: whatever order things come in, the rows are those of a recount, and the changes lead there.

use client_core::timeline::{Echo, EchoState, Row, RowKey, Timeline, TimelineChange};
use proptest::prelude::*;
use shared::{
    Change, Cursor, DomainChange as _, IdempotencyKey, MediaId, Offset, Position, Publication,
    change::MediaDeleted,
    model::media::{Author, Media, MediaKind},
    rest::Page,
};

fn position(offset: u64) -> Position {
    Position { epoch: "e".parse().unwrap(), offset: Offset(offset) }
}

fn id(number: u64) -> MediaId {
    format!("m{number}").parse().unwrap()
}

fn key(text: &str) -> IdempotencyKey {
    text.parse().unwrap()
}

fn media(offset: u64, text: &str) -> Media {
    let time: shared::Timestamp = "2026-11-21T20:14:05.123Z".parse().unwrap();
    Media {
        id: id(offset),
        event_id: "a".parse().unwrap(),
        offset: Offset(offset),
        kind: MediaKind::Text,
        author: Author { name: "Ada".to_owned(), account_id: None },
        text: text.to_owned(),
        attachment: None,
        created_at: time.clone(),
        updated_at: time,
        likes: 0,
        comments: 0,
        key: None,
    }
}

fn keyed(offset: u64, text: &str, by: &str) -> Media {
    Media { key: Some(key(by)), ..media(offset, text) }
}

fn echo(by: &str) -> Echo {
    Echo {
        key: key(by),
        kind: MediaKind::Text,
        text: by.to_owned(),
        author: "Ada".to_owned(),
        preview: None,
        state: EchoState::Sending,
    }
}

fn publication(offset: u64, change: Change) -> Publication {
    Publication { change, ..super::script::publication("event:a".parse().unwrap(), Offset(offset)) }
}

fn new(media: Media) -> Publication {
    publication(media.offset.0, Change::MediaNew(Box::new(media)))
}

fn update(offset: u64, media: Media) -> Publication {
    publication(offset, Change::MediaUpdate(Box::new(media)))
}

fn delete(offset: u64, item: u64) -> Publication {
    publication(offset, Change::MediaDelete(MediaDeleted { media_id: id(item) }))
}

fn page(items: Vec<Media>, next: Option<&str>, at: u64) -> Page<Media> {
    Page { items, next: next.map(str::to_owned), cursor: Cursor(position(at)) }
}

/// A timeline beside what a page makes of its changes.
#[derive(Default)]
struct Mirror {
    timeline: Timeline,
    page: Vec<RowKey>,
}

impl Mirror {
    fn apply(&mut self, change: impl FnOnce(&mut Timeline) -> Vec<TimelineChange>) -> Vec<TimelineChange> {
        let changes = change(&mut self.timeline);
        for change in &changes {
            match change {
                TimelineChange::Insert { key, before } => {
                    assert!(!self.page.contains(key), "{key:?} is there already");
                    self.insert(*key, *before);
                }
                TimelineChange::Move { key, before } => {
                    self.take(*key);
                    self.insert(*key, *before);
                }
                TimelineChange::Update { key } => assert!(self.page.contains(key)),
                TimelineChange::Remove { key } => self.take(*key),
            }
        }
        let rows: Vec<_> = self.timeline.rows().map(|(key, _)| key).collect();
        assert_eq!(self.page, rows, "after {changes:?}");
        changes
    }

    fn insert(&mut self, key: RowKey, before: Option<RowKey>) {
        let at =
            before.map_or(self.page.len(), |before| self.page.iter().position(|k| *k == before).unwrap());
        self.page.insert(at, key);
    }

    fn take(&mut self, key: RowKey) {
        let at = self.page.iter().position(|k| *k == key).expect("it is there");
        self.page.remove(at);
    }

    fn publish(&mut self, publications: &[Publication], to: u64) -> Vec<TimelineChange> {
        self.apply(|timeline| timeline.apply_publications(publications, &position(to)))
    }

    /// The rows as text, newest first.
    fn show(&self) -> String {
        let rows = self.timeline.rows().map(|(_, row)| match row {
            Row::Echo(echo) => match &echo.state {
                EchoState::Sending => format!("({})", echo.key),
                EchoState::Failed { .. } => format!("({}!)", echo.key),
            },
            Row::Media(media) => format!("{}{}", media.offset, media.text),
            Row::Gap => "…".to_owned(),
        });
        rows.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn e17_an_item_arrives_as_one_insert_in_front() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(3, "c"), media(1, "a")], None, 4)));
    let first = it.page[0];
    let changes = it.publish(&[new(media(5, "e"))], 5);
    assert_eq!(changes, [TimelineChange::Insert { key: it.page[0], before: Some(first) }]);
    assert_eq!(it.show(), "5e 3c 1a");
}

#[test]
fn e12_a_coalesced_batch_may_bring_an_item_at_the_place_of_its_last_change() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![], None, 0)));
    it.publish(&[new(media(2, "b")), update(4, media(1, "a")), delete(5, 3)], 5);
    assert_eq!(it.show(), "2b 1a");
}

#[test]
fn e17_an_echo_keeps_its_row_when_it_is_confirmed() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(1, "a")], None, 1)));
    it.apply(|t| t.add_echo(echo("k")));
    let row = it.page[0];
    assert_eq!(it.show(), "(k) 1a");
    let changes = it.publish(&[new(keyed(2, "b", "k"))], 2);
    assert_eq!(changes, [TimelineChange::Update { key: row }]);
    assert_eq!(it.apply(|t| t.confirm_echo(keyed(2, "b", "k"))), [], "the answer to the post comes after it");
    assert_eq!(it.show(), "2b 1a");
}

#[test]
fn e17_the_answer_may_come_before_the_publication() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![], None, 0)));
    it.apply(|t| t.add_echo(echo("k")));
    it.apply(|t| t.confirm_echo(keyed(3, "c", "k")));
    assert_eq!(it.show(), "3c");
    it.publish(&[new(media(1, "a")), new(media(2, "b"))], 2);
    assert_eq!(it.publish(&[new(keyed(3, "c", "k"))], 3), []);
    assert_eq!(it.show(), "3c 2b 1a");
}

#[test]
fn m4_an_echo_of_what_is_shown_already_does_not_show_it_twice() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![keyed(1, "a", "k")], None, 1)));
    assert_eq!(it.apply(|t| t.add_echo(echo("k"))), []);
    assert_eq!(it.show(), "1a");
}

#[test]
fn e17_echoes_confirmed_in_another_order_move() {
    let mut it = Mirror::default();
    it.apply(|t| t.add_echo(echo("k1")));
    it.apply(|t| t.add_echo(echo("k2")));
    assert_eq!(it.show(), "(k2) (k1)");
    it.publish(&[new(keyed(1, "b", "k2"))], 1);
    assert_eq!(it.show(), "(k1) 1b");
    it.publish(&[new(keyed(2, "a", "k1"))], 2);
    assert_eq!(it.show(), "2a 1b");
}

#[test]
fn e17_an_echo_fails_is_tried_again_and_is_given_up() {
    let mut it = Mirror::default();
    it.apply(|t| t.add_echo(echo("k")));
    it.apply(|t| t.fail_echo(&key("k"), None, "no answer".to_owned()));
    assert_eq!(it.show(), "(k!)");
    it.apply(|t| t.set_echo_state(&key("k"), EchoState::Sending));
    assert_eq!(it.show(), "(k)");
    it.apply(|t| t.remove_echo(&key("k")));
    assert_eq!(it.show(), "");
    // It had arrived after all.
    it.publish(&[new(keyed(1, "a", "k"))], 1);
    assert_eq!(it.show(), "1a");
}

#[test]
fn e16_a_change_below_what_is_loaded_waits_for_its_page() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(9, "i"), media(8, "h")], Some("8"), 10)));
    assert_eq!(it.publish(&[update(11, media(2, "B")), delete(12, 3)], 12), []);
    assert_eq!(it.timeline.older(), Some("8"));
    // The page was read before both changes, and arrives after them.
    it.apply(|t| t.insert_older_page("8", page(vec![media(3, "c"), media(2, "b"), media(1, "a")], None, 10)));
    assert_eq!(it.show(), "9i 8h 2B 1a");
    assert_eq!(it.timeline.older(), None);
}

#[test]
fn e16_a_page_that_was_read_later_is_not_turned_back_by_older_publications() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(9, "i")], Some("9"), 10)));
    it.apply(|t| t.insert_older_page("9", page(vec![media(2, "newest")], None, 14)));
    assert_eq!(it.publish(&[update(11, media(2, "older")), update(12, media(5, "deleted at 13"))], 12), []);
    assert_eq!(it.publish(&[delete(13, 5), update(14, media(2, "newest"))], 14), []);
    assert_eq!(it.show(), "9i 2newest");
}

#[test]
fn e16_a_page_that_nobody_asked_for_now_changes_nothing() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(9, "i")], Some("9"), 10)));
    assert_eq!(it.apply(|t| t.insert_older_page("5", page(vec![media(2, "b")], None, 10))), []);
    it.apply(|t| t.insert_older_page("9", page(vec![media(2, "b")], Some("2"), 10)));
    assert_eq!(it.apply(|t| t.insert_older_page("9", page(vec![media(2, "b")], Some("2"), 10))), []);
    // The log was skipped by a snapshot: what happened before it is not known from publications.
    it.apply(|t| t.apply_snapshot(page(vec![media(9, "i"), media(2, "b")], Some("2"), 90)));
    assert_eq!(it.apply(|t| t.insert_older_page("2", page(vec![media(1, "a")], None, 10))), []);
    assert_eq!(it.show(), "9i 2b");
}

#[test]
fn e8_a_snapshot_read_anew_keeps_the_rows_that_stay() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(3, "c"), media(2, "b"), media(1, "a")], None, 3)));
    let before = it.page.clone();
    let changes =
        it.apply(|t| t.apply_snapshot(page(vec![media(5, "e"), media(3, "C"), media(1, "a")], None, 7)));
    assert_eq!(it.show(), "5e 3C 1a");
    assert_eq!(it.page[1..], [before[0], before[2]]);
    assert_eq!(changes.len(), 3, "{changes:?}");
}

#[test]
fn e8_a_snapshot_that_does_not_reach_down_leaves_a_gap_that_pages_fill() {
    let mut it = Mirror::default();
    let old = vec![media(4, "d"), media(3, "c"), media(2, "b"), media(1, "a")];
    it.apply(|t| t.apply_snapshot(page(old, None, 4)));
    it.apply(|t| t.apply_snapshot(page(vec![media(30, "z"), media(29, "y")], Some("29"), 40)));
    assert_eq!(it.show(), "30z 29y … 4d 3c 2b 1a");
    it.apply(|t| t.insert_older_page("29", page(vec![media(20, "x"), media(4, "D")], Some("4"), 41)));
    assert_eq!(it.show(), "30z 29y 20x 4D … 3c 2b 1a");
    it.apply(|t| t.insert_older_page("4", page(vec![media(2, "b")], None, 41)));
    assert_eq!(it.show(), "30z 29y 20x 4D 2b");
}

#[test]
fn e8_a_new_epoch_clears_what_it_does_not_know() {
    let mut it = Mirror::default();
    it.apply(|t| t.apply_snapshot(page(vec![media(9, "i"), media(8, "h")], None, 9)));
    let kept = it.page[1];
    let moved = Media { offset: Offset(2), ..media(8, "h") };
    let other = Page {
        cursor: Cursor(Position { epoch: "f".parse().unwrap(), offset: Offset(3) }),
        ..page(vec![moved], None, 0)
    };
    it.apply(|t| t.apply_snapshot(other));
    assert_eq!(it.show(), "2h");
    assert_eq!(it.page, [kept]);
}

/// What the server does, and what the page does about it.
#[derive(Debug, Clone)]
enum Step {
    Post {
        echoed: bool,
    },
    Change(usize),
    Delete(usize),
    /// The client hands out what there is, as one batch or one by one.
    Deliver {
        coalesced: bool,
    },
    /// The page reads a snapshot, or a page below; it arrives some steps later.
    Read {
        older: bool,
        limit: usize,
    },
    Arrive,
    Answer,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any::<bool>().prop_map(|echoed| Step::Post { echoed }),
        3 => any::<usize>().prop_map(Step::Change),
        2 => any::<usize>().prop_map(Step::Delete),
        4 => any::<bool>().prop_map(|coalesced| Step::Deliver { coalesced }),
        3 => (any::<bool>(), 1..6_usize).prop_map(|(older, limit)| Step::Read { older, limit }),
        3 => Just(Step::Arrive),
        2 => Just(Step::Answer),
    ]
}

#[derive(Default)]
struct Server {
    head: u64,
    items: std::collections::BTreeMap<u64, Media>,
    log: Vec<Publication>,
}

impl Server {
    fn append(&mut self, publication: Publication) {
        self.head += 1;
        self.log.push(publication);
    }

    fn page(&self, before: Option<&str>, limit: usize) -> Page<Media> {
        let below = before.map_or(u64::MAX, |before| before.parse().unwrap());
        let items: Vec<_> = self.items.range(..below).rev().take(limit).map(|(_, m)| m.clone()).collect();
        let more = items.last().is_some_and(|last| self.items.range(..last.offset.0).next().is_some());
        let next = items.last().filter(|_| more).map(|last| last.offset.to_string());
        page(items, next.as_deref(), self.head)
    }
}

fn pick(items: &std::collections::BTreeMap<u64, Media>, number: usize) -> Option<u64> {
    items.keys().nth(number.checked_rem(items.len())?).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn e17_any_interleaving_leads_to_the_rows_of_a_recount(
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut server = Server::default();
        let mut it = Mirror::default();
        let mut delivered = 0;
        let mut coming: Option<(Option<String>, Page<Media>)> = None;
        let mut answers: Vec<Media> = Vec::new();
        it.apply(|t| t.apply_snapshot(server.page(None, 3)));
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Post { echoed } => {
                    let offset = server.head + 1;
                    let item = keyed(offset, "new", &format!("k{offset}"));
                    if echoed {
                        it.apply(|t| t.add_echo(echo(&format!("k{offset}"))));
                        answers.push(item.clone());
                    }
                    server.items.insert(offset, item.clone());
                    server.append(new(item));
                }
                Step::Change(which) => {
                    if let Some(offset) = pick(&server.items, which) {
                        let item = server.items.get_mut(&offset).unwrap();
                        item.text = format!("v{number}");
                        let item = item.clone();
                        server.append(update(server.head + 1, item));
                    }
                }
                Step::Delete(which) => {
                    if let Some(offset) = pick(&server.items, which) {
                        server.items.remove(&offset);
                        server.append(delete(server.head + 1, offset));
                    }
                }
                Step::Deliver { coalesced } => {
                    deliver(&server, &mut it, &mut delivered, coalesced);
                }
                Step::Read { older: false, limit } => coming = Some((None, server.page(None, limit))),
                Step::Read { older: true, limit } => {
                    if let Some(before) = it.timeline.older().map(str::to_owned) {
                        let page = server.page(Some(&before), limit);
                        coming = Some((Some(before), page));
                    }
                }
                Step::Arrive => match coming.take() {
                    Some((None, page)) => {
                        // As the client does: it goes on from the snapshot's position.
                        delivered = page.cursor.0.offset.0 as usize;
                        it.apply(|t| t.apply_snapshot(page));
                    }
                    Some((Some(before), page)) => {
                        it.apply(|t| t.insert_older_page(&before, page));
                    }
                    None => {}
                },
                Step::Answer => {
                    if let Some(item) = answers.pop() {
                        it.apply(|t| t.confirm_echo(item));
                    }
                }
            }
        }
        deliver(&server, &mut it, &mut delivered, false);
        for item in answers {
            it.apply(|t| t.confirm_echo(item));
        }
        for _ in 0..1000 {
            let Some(before) = it.timeline.older().map(str::to_owned) else { break };
            let page = server.page(Some(&before), 3);
            it.apply(|t| t.insert_older_page(&before, page));
        }
        let rows: Vec<_> = it.timeline.rows().map(|(_, row)| row.clone()).collect();
        let recount: Vec<_> = server.items.values().rev().map(|m| Row::Media(Box::new(m.clone()))).collect();
        prop_assert_eq!(rows, recount);
    }
}

fn deliver(server: &Server, it: &mut Mirror, delivered: &mut usize, coalesced: bool) {
    let news = &server.log[*delivered..];
    *delivered = server.log.len();
    if coalesced {
        let last =
            |at: usize| news[at + 1..].iter().all(|later| later.change.item() != news[at].change.item());
        let batch = (0..news.len()).filter(|at| last(*at)).map(|at| news[at].clone()).map(upsert);
        it.publish(&batch.collect::<Vec<_>>(), server.head);
    } else {
        for publication in news {
            it.publish(std::slice::from_ref(publication), publication.offset.0);
        }
    }
}

/// A coalesced entry is an update whatever it was before.
fn upsert(mut publication: Publication) -> Publication {
    if let Change::MediaNew(media) = publication.change {
        publication.change = Change::MediaUpdate(media);
    }
    publication
}
