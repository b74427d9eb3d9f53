//! The list of one's notifications as the page knows it: pages that were read, and what is heard since. Draws nothing.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use shared::{
    NotificationId, Offset,
    model::notification::{Notification, NotificationChange, NotificationKind, Notified},
};

use crate::{
    api::{Answer, talk as api},
    browser,
    components::form::Form,
    session::{Own, Session},
    storage,
};

/// The list.
#[derive(Clone, Copy)]
pub(super) struct List {
    /// The latest first.
    pub(super) items: RwSignal<Vec<Notification>>,
    /// Asks for the page below.
    pub(super) next: RwSignal<Option<String>>,
    pub(super) loading: Form,
    /// A page has been read.
    pub(super) known: RwSignal<bool>,
    /// What was heard, for pages that were read before it.
    heard: StoredValue<Vec<(Offset, NotificationChange)>>,
    /// It was asked for anew while a page was on its way.
    again: StoredValue<bool>,
    reading: StoredValue<bool>,
}

impl List {
    /// Reads the list, and hears what becomes of it until the current owner is cleaned up.
    pub(super) fn follow(session: Session) -> Self {
        let list = Self {
            items: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            loading: Form::new(),
            known: RwSignal::new(false),
            heard: StoredValue::new(Vec::new()),
            again: StoredValue::new(false),
            reading: StoredValue::new(false),
        };
        session.hear(move |own| match own {
            Own::Refresh if list.reading.get_value() => list.again.set_value(true),
            Own::Refresh => list.load(None),
            Own::Publications(publications) => {
                for publication in publications {
                    if let Some(change) = publication.change.read::<NotificationChange>() {
                        if let NotificationChange::New(told) | NotificationChange::Update(told) = &change
                            && list.is_held_back(&told.notification)
                        {
                            continue;
                        }
                        list.items.update(|items| apply(items, change.clone()));
                        list.heard.update_value(|heard| heard.push((publication.offset, change)));
                    }
                }
            }
        });
        list.load(None);
        list
    }

    /// Reads the newest page, which takes the place of all there is, or the one below.
    pub(super) fn load(self, before: Option<String>) {
        if self.reading.get_value() {
            return;
        }
        self.reading.set_value(true);
        self.loading.run(async move {
            let mut before = before;
            let outcome = loop {
                let outcome = self.read(before.take()).await;
                if outcome.is_err() || self.again.try_update_value(std::mem::take) != Some(true) {
                    break outcome;
                }
            };
            self.reading.try_set_value(false);
            outcome
        });
    }

    async fn read(self, before: Option<String>) -> Answer<()> {
        let is_first = before.is_none();
        let read = api::notifications(before).await?.page;
        let as_of = read.cursor.0.offset;
        let Some(heard) = self.heard.try_get_value() else { return Ok(()) };
        self.items.try_update(|items| {
            if is_first {
                items.clear();
            }
            for notification in read.items {
                if !self.is_held_back(&notification) {
                    put(items, notification);
                }
            }
            for (_, change) in heard.into_iter().filter(|(at, _)| *at > as_of) {
                apply(items, change);
            }
        });
        self.next.try_set(read.next);
        self.known.try_set(true);
        Ok(())
    }

    /// Whether it tells of a match, and the reader's picture is not so far yet. Then the list is read again when it is.
    fn is_held_back(self, notification: &Notification) -> bool {
        if notification.kind != NotificationKind::Match {
            return false;
        }
        let due = browser::millis(&notification.at) + f64::from(storage::spoiler_delay_s()) * 1000.0;
        let wait_ms = due - browser::wall_ms();
        if wait_ms <= 0.0 {
            return false;
        }
        spawn_local(async move {
            browser::pause(Duration::from_millis(wait_ms as u64 + 1)).await;
            if !self.items.is_disposed() {
                self.load(None);
            }
        });
        true
    }

    /// Marks one as read, or all: here at once, and on every other device when the server has it.
    pub(super) async fn mark_read(self, id: Option<NotificationId>) -> Answer<()> {
        api::mark_read(id.as_ref()).await?;
        self.items.try_update(|items| mark(items, id.as_ref()));
        Ok(())
    }
}

fn apply(items: &mut Vec<Notification>, change: NotificationChange) {
    match change {
        NotificationChange::New(told) | NotificationChange::Update(told) => {
            let Notified { notification, .. } = *told;
            put(items, notification);
        }
        NotificationChange::Read(read) => mark(items, read.notification_id.as_ref()),
        NotificationChange::Delete(gone) => items.retain(|item| item.id != gone.notification_id),
    }
}

/// Puts a notification at its place, and takes it from where it was.
fn put(items: &mut Vec<Notification>, notification: Notification) {
    items.retain(|item| item.id != notification.id);
    let order = |item: &Notification| (item.at.clone(), item.id.clone());
    let at = items.partition_point(|item| order(item) > order(&notification));
    items.insert(at, notification);
}

fn mark(items: &mut [Notification], id: Option<&NotificationId>) {
    for item in items.iter_mut().filter(|item| id.is_none_or(|id| item.id == *id)) {
        item.read = true;
    }
}
