//! Who has seen one's story and how they reacted, live: read from the server when it is opened, and again
//! when one's own topic says that there is somebody new.

use leptos::{prelude::*, task::spawn_local};
use shared::{StoryId, model::story::StoryViewer};

use crate::{
    api::stories as api,
    browser,
    components::{
        avatar::Avatar,
        dynamic::{dynamic, when},
        time::TimeAgo,
    },
};

/// The people of the story that is open.
#[derive(Clone, Copy)]
pub(super) struct Audience {
    story: RwSignal<Option<StoryId>>,
    people: RwSignal<Vec<StoryViewer>>,
    /// Asks for those who came before the last that is shown.
    next: RwSignal<Option<String>>,
    /// A request is under way; another is to follow it.
    asking: StoredValue<(bool, bool)>,
    failed: RwSignal<bool>,
}

impl Audience {
    pub(super) fn new() -> Self {
        Self {
            story: RwSignal::new(None),
            people: RwSignal::default(),
            next: RwSignal::new(None),
            asking: StoredValue::new((false, false)),
            failed: RwSignal::new(false),
        }
    }

    /// Shows the people of another story, or of none.
    pub(super) fn open(self, story: Option<StoryId>) {
        if self.story.with_untracked(|open| *open == story) {
            return;
        }
        self.people.set(Vec::new());
        self.next.set(None);
        self.failed.set(false);
        self.story.set(story);
        self.refresh();
    }

    /// Somebody has seen a story or reacted to it.
    pub(super) fn has_grown(self, story: &StoryId) {
        if self.story.with_untracked(|open| open.as_ref() == Some(story)) {
            self.refresh();
        }
    }

    /// Reads the newest anew: one request at a time, however many ask.
    pub(super) fn refresh(self) {
        let Some(story) = self.story.get_untracked() else { return };
        let (asking, _) = self.asking.get_value();
        self.asking.set_value((true, asking));
        if asking {
            return;
        }
        spawn_local(async move {
            let answer = api::viewers(&story, None).await;
            // The page may have been left, or the story.
            let Some((_, again)) = self.asking.try_get_value() else { return };
            self.asking.set_value((false, false));
            let still_open = self.story.with_untracked(|open| open.as_ref() == Some(&story));
            match answer {
                Ok(page) if still_open => {
                    let first = self.people.with_untracked(Vec::is_empty);
                    self.people.update(|people| {
                        people.retain(|one| page.items.iter().all(|new| new.person.id != one.person.id));
                        people.splice(0..0, page.items);
                    });
                    if first {
                        self.next.set(page.next);
                    }
                    self.failed.set(false);
                }
                Err(_) if still_open => self.failed.set(true),
                _ => {}
            }
            if again || !still_open {
                self.refresh();
            }
        });
    }

    fn load_more(self) {
        let (Some(story), Some(before)) = (self.story.get_untracked(), self.next.get_untracked()) else {
            return;
        };
        self.next.set(None);
        spawn_local(async move {
            let answer = api::viewers(&story, Some(&before)).await;
            if self.story.try_with_untracked(|open| open.as_ref() == Some(&story)) != Some(true) {
                return;
            }
            match answer {
                Ok(page) => {
                    self.people.update(|people| {
                        for one in page.items {
                            if people.iter().all(|known| known.person.id != one.person.id) {
                                people.push(one);
                            }
                        }
                    });
                    self.next.set(page.next);
                }
                Err(_) => self.next.set(Some(before)),
            }
        });
    }
}

/// The list.
#[component]
pub(super) fn AudienceList(audience: Audience) -> impl IntoView {
    let people = audience.people;
    let empty = move || people.with(Vec::is_empty);
    view! {
        <ul class="story-people" aria-label="Seen by" tabindex="0">
            // Keyed by all of it: who reacts later is drawn anew.
            <For
                each=move || people.get()
                key=|one| (one.person.id.clone(), one.emoji.clone())
                let:one
            >
                {
                    let at = one.reacted_at.as_ref().or(one.viewed_at.as_ref()).map(browser::millis).unwrap_or_default();
                    view! {
                        <li>
                            <Avatar name=Signal::stored(one.person.display_name.clone()) />
                            <span class="rows-main">
                                <b>{one.person.display_name.clone()}</b>
                                <span class="hint"><TimeAgo at=Signal::stored(at) /></span>
                            </span>
                            {one.emoji.map(|emoji| view! { <span class="story-emoji">{emoji}</span> })}
                        </li>
                    }
                }
            </For>
        </ul>
        {when(empty, move || view! {
            <p class="story-nobody">{dynamic(move || if audience.failed.get() {
                "The list could not be loaded. It is tried again with the next view."
            } else {
                "Nobody yet. Whoever looks at it appears here at once."
            })}</p>
        }.into_any())}
        {when(move || audience.next.with(Option::is_some), move || view! {
            <button class="btn btn-small" type="button" on:click=move |_| audience.load_more()>"Show more"</button>
        }.into_any())}
    }
}
