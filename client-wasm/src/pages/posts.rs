//! One's posts, a column for each status. They move by themselves: what is published on one's own topic is
//! all that the page goes by, whoever made the change and wherever.

use std::collections::BTreeMap;

use client_core::post_list::PostList;
use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use shared::{
    EventId, PostId,
    model::{
        event::Event,
        post::{Post, PostChange, PostStatus, Webhook},
    },
};

mod card;
mod deleting;
mod destinations;
mod editor;
mod editors;
mod opened;
mod talk;
mod webhooks;

use card::Card;
use deleting::DeleteDialog;
use editor::Editor;
use talk::TalkDialog;
use webhooks::Webhooks;

use super::sign_in;
use crate::{
    api::{self, Answer, posts},
    browser,
    components::{
        announcer::{Announcer, use_announcer},
        dynamic::{dynamic, when},
        icon::Icon,
        sheet::{Sheet, open_while},
        title::use_title,
    },
    session::{Own, use_session},
    words::{self, post_status_word},
};

/// Of the heading, which has the focus when the card that had it goes.
const HEADING: &str = "posts-heading";
/// So many characters of a post stand for it where it is spoken of.
const NAME_CHARS: usize = 60;

/// What the editor is open for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Editing {
    New,
    Post(PostId),
}

/// What the page knows.
#[derive(Clone, Copy)]
struct State {
    posts: RwSignal<PostList>,
    loaded: RwSignal<bool>,
    failed: RwSignal<Option<String>>,
    /// What the reader did and the server would not do, until the next time; and of which post.
    problem: RwSignal<Option<(PostId, String)>>,
    editing: RwSignal<Option<Editing>>,
    deleting: RwSignal<Option<Post>>,
    /// The post whose comments are open.
    talking: RwSignal<Option<PostId>>,
    /// Where posts may go: events that are listed, and webhooks of one's own.
    events: RwSignal<BTreeMap<EventId, Event>>,
    webhooks: RwSignal<Vec<Webhook>>,
    announcer: Announcer,
}

impl State {
    fn new() -> Self {
        Self {
            posts: RwSignal::default(),
            loaded: RwSignal::new(false),
            failed: RwSignal::new(None),
            problem: RwSignal::new(None),
            editing: RwSignal::new(None),
            deleting: RwSignal::new(None),
            talking: RwSignal::new(None),
            events: RwSignal::default(),
            webhooks: RwSignal::default(),
            announcer: use_announcer(),
        }
    }

    /// Reads all posts anew.
    fn load(self) {
        self.posts.update_untracked(PostList::begin_load);
        spawn_local(async move {
            match all_posts().await {
                // The page may have been left meanwhile.
                Ok(read) => {
                    if self.posts.try_update(|list| list.load(read)).is_some() {
                        self.failed.set(None);
                        self.loaded.set(true);
                    }
                }
                Err(error) => {
                    self.posts.try_update_untracked(PostList::load_failed);
                    self.failed.try_set(Some(error.message));
                }
            }
        });
    }

    /// Without them nothing can be chosen; what is there already is shown all the same.
    fn load_places(self) {
        spawn_local(async move {
            if let Ok(events) = all_events().await {
                self.events.try_set(events);
            }
        });
        spawn_local(async move {
            if let Ok(webhooks) = posts::webhooks().await {
                self.webhooks.try_set(webhooks);
            }
        });
    }

    fn heard(self, change: PostChange) {
        let mut moved = None;
        self.posts.update(|list| moved = list.apply(change).map(moved_words));
        if let Some(words) = moved {
            self.announcer.say(words);
        }
    }

    /// Shows what the server has answered; the page may have been left meanwhile.
    fn answered(self, post: Post) {
        let said = self.posts.try_update(|list| list.answered(post).map(moved_words));
        if let Some(Some(words)) = said {
            self.announcer.say(words);
        }
    }

    /// Leads to a post, and opens its comments if one of them is meant.
    fn show(self, id: &PostId, talk: bool) {
        if self.posts.with_untracked(|list| list.get(id).is_none()) {
            self.announcer.say("The post that this link points at is not there any more.");
            return;
        }
        let id = id.clone();
        // Its card is drawn by then.
        browser::before_paint(move || {
            browser::focus_and_show(browser::element(&card::element_id(&id)).as_ref());
            if talk {
                self.talking.try_set(Some(id));
            }
        });
    }

    /// Asks for one change of a post; what comes of it comes with the topic, too.
    fn turn(self, id: PostId, what: &'static str) {
        self.problem.set(None);
        spawn_local(async move {
            match posts::turn(&id, what).await {
                Ok(post) => self.answered(post),
                Err(error) => {
                    self.problem.try_set(Some((id, error.message)));
                }
            }
        });
    }

    /// Likes a post, or no longer; what comes of it comes with the topic, too.
    fn like(self, id: PostId, liked: bool) {
        self.problem.set(None);
        spawn_local(async move {
            match posts::set_liked(&id, liked).await {
                Ok(likes) => {
                    self.posts.try_update(|list| list.apply(PostChange::Likes(likes)).is_some());
                }
                Err(error) => {
                    self.problem.try_set(Some((id, error.message)));
                }
            }
        });
    }
}

async fn all_posts() -> Answer<Vec<Post>> {
    let mut all = Vec::new();
    let mut after = None::<String>;
    loop {
        let page = posts::list(after.as_deref()).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

async fn all_events() -> Answer<BTreeMap<EventId, Event>> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let page = api::list_events(after).await?;
        all.extend(page.items.into_iter().map(|event| (event.id.clone(), event)));
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn moved_words(post: &Post) -> String {
    format!("{}: {}.", post_status_word(post.status), name_of(post))
}

/// What a post is called: its first words.
fn name_of(post: &Post) -> String {
    let start: String = post.text.lines().next().unwrap_or_default().chars().take(NAME_CHARS).collect();
    if start.is_empty() { "A post without text".to_owned() } else { start }
}

/// The page; anew when somebody else is signed in.
#[component]
pub(crate) fn PostsPage() -> impl IntoView {
    let session = use_session();
    use_title().name("Posts");
    use_title().unread(0);
    browser::scroll_to(0.0, false);
    sign_in::is_required("/posts");
    let id = Memo::new(move |_| session.id());
    dynamic(move || match id.get() {
        Some(_) => view! { <Board /> }.into_any(),
        None => ().into_any(),
    })
}

#[component]
fn Board() -> impl IntoView {
    let state = State::new();
    use_session().hear(move |own| match own {
        Own::Refresh => state.load(),
        Own::Publications(publications) => {
            for change in publications.iter().filter_map(|publication| publication.change.read()) {
                state.heard(change);
            }
        }
    });
    state.load();
    state.load_places();
    let query = use_query_map();
    let linked = Memo::new(move |_| {
        query.with(|query| {
            let id = query.get("post")?.parse::<PostId>().ok()?;
            Some((id, query.get("comments").is_some()))
        })
    });
    let ready = Memo::new(move |_| state.loaded.get());
    Effect::new(move || {
        if let Some((id, talk)) = linked.get().filter(|_| ready.get()) {
            state.show(&id, talk);
        }
    });
    let empty = Memo::new(move |_| state.loaded.get() && state.posts.with(PostList::is_empty));
    let write = move |_| state.editing.set(Some(Editing::New));
    view! {
        <div class="page-head">
            <h1 id=HEADING tabindex="-1">"Posts"</h1>
            <button class="btn btn-primary" type="button" on:click=write>
                {Icon::Plus.draw()}
                "New post"
            </button>
            <p>"Written now, out when you say: on the timelines of events, and to webhooks."</p>
        </div>
        {when(move || state.failed.with(Option::is_some), move || view! {
            <div class="notice" role="alert">
                <h2>"The posts could not be loaded"</h2>
                <p>{state.failed}</p>
                <button class="btn" type="button" on:click=move |_| state.load()>"Try again"</button>
            </div>
        }.into_any())}
        {when(move || empty.get(), move || view! {
            <div class="empty">
                {Icon::Send.draw()}
                <h2>"Nothing written yet"</h2>
                <p>"A post can wait for its time, go to several places at once, and be worked on by several people."</p>
            </div>
        }.into_any())}
        {when(move || state.loaded.get() && !empty.get(), move || view! {
            <div class="board" role="group" aria-label="Posts by status" tabindex="0">
                {PostStatus::ALL.map(|status| view! { <Column state=state status=status /> }).collect_view()}
            </div>
        }.into_any())}
        {when(move || !state.loaded.get() && state.failed.with(Option::is_none), || skeleton().into_any())}
        <Webhooks state=state />
        <Sheet open=open_while(state.editing) title="Post">
            <Editor state=state />
        </Sheet>
        <TalkDialog state=state />
        <DeleteDialog state=state />
    }
}

fn skeleton() -> impl IntoView {
    let column = |_| view! { <div class="board-column"><div class="sk sk-line"></div><div class="sk sk-block"></div></div> };
    view! { <div class="board" aria-hidden="true">{PostStatus::ALL.map(column).collect_view()}</div> }
}

#[component]
fn Column(state: State, status: PostStatus) -> impl IntoView {
    let ids = Memo::new(move |_| state.posts.with(|list| list.column(status)));
    let count = Memo::new(move |_| ids.with(Vec::len));
    let id = format!("posts-{}", status.as_str());
    let heading = id.clone();
    let title = if status == PostStatus::Draft { "Drafts" } else { post_status_word(status) };
    view! {
        <section class="board-column" data-status=status.as_str() aria-labelledby=id>
            <h2 id=heading>
                {title} " "
                <span class="num" aria-label=dynamic(move || words::count(count.get() as u64, "post", "posts"))>{count}</span>
            </h2>
            <ul class="board-list">
                <For each=move || ids.get() key=|id| id.clone() let:id>
                    <li><Card state=state id=id /></li>
                </For>
            </ul>
        </section>
    }
}
