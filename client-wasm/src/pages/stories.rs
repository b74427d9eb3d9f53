//! Stories: the rail of those who have some, one's own with who has seen them, and the way to add one.
//! Follows the topic `stories`; of who looks at one's own it hears on one's own topic.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::A;
use shared::{
    AccountId, Change, StoryId, Topic,
    model::{
        account::Person,
        story::{AuthorStories, SeenStory, Story, StoryChange},
    },
};

use crate::{
    api::stories as api,
    browser,
    components::{
        dynamic::{dynamic, when},
        icon::{Icon, mark},
        title::use_title,
    },
    driver::{Live, News, use_live},
    pages::sign_in,
    session::{Own, use_session},
};

mod add;
mod audience;
mod picture;
mod playback;
mod rail;
mod viewer;

use add::AddDialog;
use audience::Audience;
use rail::{OwnStories, Rail};
use viewer::StoryViewer;

/// What the page knows.
#[derive(Clone, Copy)]
struct Stories {
    /// Those who have stories, in the order of the rail; one's own among them.
    authors: RwSignal<Vec<AuthorStories>>,
    loaded: RwSignal<bool>,
    failed: RwSignal<Option<String>>,
    /// Stories whose views are being asked for, and whether they are to be asked for again.
    counting: StoredValue<BTreeMap<StoryId, bool>>,
    /// Who is signed in.
    me: StoredValue<AccountId>,
    live: Live,
}

impl Stories {
    fn load(self) {
        spawn_local(async move {
            let topic = Topic::stories();
            let mut authors = Vec::new();
            let mut before = None;
            let mut first = None;
            // As many pages as there are; the first one's cursor is the earliest.
            loop {
                match api::rail(before).await {
                    Ok(page) => {
                        first.get_or_insert(page.cursor.0);
                        authors.extend(page.items);
                        before = page.next;
                        if before.is_none() {
                            break;
                        }
                    }
                    Err(error) => {
                        if self.failed.try_set(Some(error.message)).is_none() {
                            self.live.snapshot_failed(topic);
                        }
                        return;
                    }
                }
            }
            // Who has something new comes first; it stays where it is while it is looked at.
            authors.sort_by_key(|author: &AuthorStories| !has_new(author));
            // The page may have been left meanwhile.
            if self.authors.try_set(authors).is_none()
                && let Some(position) = first
            {
                self.failed.set(None);
                self.loaded.set(true);
                self.live.snapshot_applied(topic, position);
            }
        });
    }

    fn apply(self, change: &Change) {
        match change.read() {
            Some(StoryChange::New(story)) => {
                self.authors.update(|authors| insert(authors, *story, &self.me.get_value()));
            }
            Some(StoryChange::Delete(gone)) => self.authors.update(|authors| {
                for author in authors.iter_mut().filter(|author| author.author.id == gone.author_id) {
                    author.stories.retain(|seen| seen.story.id != gone.story_id);
                }
                authors.retain(|author| !author.stories.is_empty());
            }),
            // Who looks at one's own is told elsewhere.
            Some(StoryChange::Viewed(_) | StoryChange::Reacted(_)) | None => {}
        }
    }

    /// Changes what is known of one story.
    fn change(self, id: &StoryId, change: impl FnOnce(&mut SeenStory)) {
        self.authors.update(|authors| {
            let mut all = authors.iter_mut().flat_map(|author| &mut author.stories);
            if let Some(seen) = all.find(|seen| seen.story.id == *id) {
                change(seen);
            }
        });
    }

    /// One more has seen a story: counted at once, and then asked for, as the snapshot that is shown may
    /// have counted them already. One request at a time for a story.
    fn count_view(self, id: &StoryId) {
        self.change(id, |seen| seen.views = seen.views.map(|views| views + 1));
        self.recount(id.clone());
    }

    fn recount(self, id: StoryId) {
        let under_way = self.counting.try_update_value(|counting| {
            let under_way = counting.contains_key(&id);
            counting.insert(id.clone(), under_way);
            under_way
        });
        if under_way != Some(false) {
            return;
        }
        spawn_local(async move {
            let answer = api::story(&id).await;
            // The page may have been left meanwhile.
            let Some(again) = self.counting.try_update_value(|counting| counting.remove(&id)) else { return };
            if let Ok(counted) = answer {
                self.change(&id, |seen| seen.views = counted.views);
            }
            if again == Some(true) {
                self.recount(id);
            }
        });
    }

    fn find(self, id: &StoryId) -> Option<SeenStory> {
        self.authors.with(|authors| {
            authors.iter().flat_map(|author| &author.stories).find(|seen| seen.story.id == *id).cloned()
        })
    }

    fn is_mine(self, author: &Person) -> bool {
        self.me.with_value(|me| author.id == *me)
    }

    /// One's own stories, oldest first.
    fn own(self) -> Vec<SeenStory> {
        self.authors.with(|authors| {
            let own = authors.iter().find(|author| self.is_mine(&author.author));
            own.map(|author| author.stories.clone()).unwrap_or_default()
        })
    }

    /// The stories that are looked through one after another from one of this author on: one's own, or all
    /// others' in the order of the rail.
    fn walk(self, mine: bool) -> Vec<StoryId> {
        self.authors.with(|authors| {
            let chosen = authors.iter().filter(|author| self.is_mine(&author.author) == mine);
            chosen.flat_map(|author| &author.stories).map(|seen| seen.story.id.clone()).collect()
        })
    }

    /// Where looking at an author's stories begins.
    fn beginning(self, author: &AccountId) -> Option<StoryId> {
        self.authors.with_untracked(|authors| {
            let stories = &authors.iter().find(|entry| entry.author.id == *author)?.stories;
            let first = stories.iter().find(|seen| !seen.seen).or(stories.first())?;
            Some(first.story.id.clone())
        })
    }
}

fn has_new(author: &AuthorStories) -> bool {
    author.stories.iter().any(|seen| !seen.seen)
}

/// A story has come: its author moves to the front.
fn insert(authors: &mut Vec<AuthorStories>, story: Story, me: &AccountId) {
    let mine = story.author.id == *me;
    let at = authors.iter().position(|entry| entry.author.id == story.author.id);
    let mut entry = match at {
        Some(at) => authors.remove(at),
        None => AuthorStories { author: story.author.clone(), stories: Vec::new() },
    };
    entry.author = story.author.clone();
    if !entry.stories.iter().any(|seen| seen.story.id == story.id) {
        entry.stories.push(SeenStory { story, seen: mine, reaction: None, views: mine.then_some(0) });
    }
    authors.insert(0, entry);
}

/// The page; anew when somebody else is signed in.
#[component]
pub(crate) fn StoriesPage() -> impl IntoView {
    let session = use_session();
    use_title().name("Stories");
    use_title().unread(0);
    browser::scroll_to(0.0, false);
    let known = Memo::new(move |_| session.is_known());
    dynamic(move || {
        session.turns.track();
        match (session.id(), known.get()) {
            (Some(me), _) => view! { <SignedIn me=me /> }.into_any(),
            (None, true) => signed_out().into_any(),
            (None, false) => view! { <h1>"Stories"</h1> {skeleton()} }.into_any(),
        }
    })
}

fn signed_out() -> impl IntoView {
    view! {
        <div class="page-head">
            <h1>"Stories"</h1>
            <p>"A photo or a video, there for a day."</p>
        </div>
        <div class="empty">
            {mark()}
            <h2>"Sign in to see stories"</h2>
            <p>"Whoever has an account sees everybody's stories and shares their own."</p>
            <A href=sign_in::address("/stories") attr:class="btn btn-primary">"Sign in"</A>
        </div>
    }
}

fn skeleton() -> impl IntoView {
    let face = || view! { <li><span class="story-face"><span class="sk story-sk"></span></span></li> };
    view! { <ul class="story-rail" aria-hidden="true">{face()} {face()} {face()} {face()}</ul> }
}

#[component]
fn SignedIn(me: AccountId) -> impl IntoView {
    let live = use_live();
    let stories = Stories {
        authors: RwSignal::default(),
        loaded: RwSignal::new(false),
        failed: RwSignal::new(None),
        counting: StoredValue::default(),
        me: StoredValue::new(me),
        live,
    };
    live.follow(Topic::stories(), None, move |news| match news {
        News::SnapshotNeeded => stories.load(),
        News::Publications { publications, .. } => {
            for publication in publications {
                stories.apply(&publication.change);
            }
        }
        News::Refused { message, .. } => stories.failed.set(Some(message)),
        News::Presence(_) => {}
    });
    let audience = Audience::new();
    use_session().hear(move |own| match own {
        // Views may have been missed: the snapshot counts them.
        Own::Refresh => {
            if stories.loaded.get_untracked() {
                stories.load();
            }
            audience.refresh();
        }
        Own::Publications(publications) => {
            for publication in publications {
                match publication.change.read() {
                    Some(StoryChange::Viewed(viewed)) => {
                        stories.count_view(&viewed.story_id);
                        audience.has_grown(&viewed.story_id);
                    }
                    Some(StoryChange::Reacted(reacted)) => audience.has_grown(&reacted.story_id),
                    // What is not about stories, or is about everybody's.
                    _ => {}
                }
            }
        }
    });

    let adding = RwSignal::new(false);
    let at = RwSignal::new(None::<StoryId>);
    let none = move || stories.loaded.get() && stories.authors.with(Vec::is_empty);
    view! {
        <div class="page-head">
            <h1>"Stories"</h1>
            <button class="btn btn-primary" type="button" on:click=move |_| adding.set(true)>
                {Icon::Plus.draw()}
                "Add a story"
            </button>
            <p>"A photo or a video, there for a day."</p>
        </div>
        {when(move || !stories.loaded.get(), move || dynamic(move || match stories.failed.get() {
            Some(message) => view! {
                <div class="notice" role="alert">
                    <h2>"The stories could not be loaded"</h2>
                    <p>{message}</p>
                    <button class="btn" type="button" on:click=move |_| {
                        stories.failed.set(None);
                        live.refresh(Topic::stories());
                    }>"Try again"</button>
                </div>
            }
            .into_any(),
            None => skeleton().into_any(),
        }).into_any())}
        {when(none, move || view! {
            <div class="empty">
                {mark()}
                <h2>"No stories at the moment"</h2>
                <p>"Share what you see: everybody with an account can look at it until tomorrow."</p>
                <button class="btn btn-primary" type="button" on:click=move |_| adding.set(true)>"Add the first one"</button>
            </div>
        }.into_any())}
        <Rail stories=stories at=at />
        <OwnStories stories=stories at=at />
        <AddDialog open=adding />
        <StoryViewer stories=stories audience=audience at=at />
    }
}
