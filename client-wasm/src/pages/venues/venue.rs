//! One venue: how it is there now, the mood of the last hours, what is on, and what its guests say, live. Follows the
//! topics `venue:{id}`, `vibe_checks:{id}` and `promotions:{id}`: each brings its own part of the page up to date.

use std::collections::BTreeSet;

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, components::A, hooks::use_navigate};
use shared::{
    Change, Topic, VenueId, VibeCheckId,
    limits::VIBE_CHECKS_SHOWN,
    model::venue::{self as model, MoodHour, Promotion, Venue, VenueChange, VibeCheck},
};

use super::{
    chart::MoodChart,
    check::CheckForm,
    form::EditVenueDialog,
    promotions::Promotions,
    words::{crowd_word, rating_words},
};
use crate::{
    api::{is_closed, venues as api},
    browser,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        form::{Form, FormProblem},
        icon::{Icon, mark},
        picture::{blur_of, size},
        time::TimeAgo,
        title::use_title,
    },
    driver::{Live, News, use_live},
    pages::sign_in,
    session::use_session,
    words,
};

/// What the page knows.
#[derive(Clone, Copy)]
struct State {
    id: StoredValue<VenueId>,
    venue: RwSignal<Option<Venue>>,
    checks: RwSignal<Vec<VibeCheck>>,
    hours: RwSignal<Vec<MoodHour>>,
    promotions: RwSignal<Vec<Promotion>>,
    may_manage: RwSignal<bool>,
    may_post: RwSignal<bool>,
    failed: RwSignal<Option<String>>,
    gone: RwSignal<bool>,
    /// Topics that wait for a snapshot; one request answers all of them.
    wanting: StoredValue<BTreeSet<Topic>>,
    live: Live,
}

impl State {
    fn topics(self) -> [Topic; 3] {
        self.id.with_value(|id| [Topic::venue(id), Topic::vibe_checks(id), Topic::promotions(id)])
    }

    /// Brings what `topic` tells of up to date.
    fn want(self, topic: Topic) {
        let first = self.wanting.try_update_value(|wanting| {
            let first = wanting.is_empty();
            wanting.insert(topic);
            first
        });
        if first == Some(true) {
            spawn_local(self.load());
        }
    }

    async fn load(self) {
        let answer = api::one(&self.id.get_value()).await;
        // The page may have been left meanwhile.
        let Some(wanting) = self.wanting.try_update_value(std::mem::take) else { return };
        let page = match answer {
            Ok(page) => page,
            Err(error) => {
                if error.is_closed() {
                    self.gone.set(true);
                } else if self.venue.with_untracked(Option::is_none) {
                    self.failed.set(Some(error.message));
                }
                for topic in wanting {
                    self.live.snapshot_failed(topic);
                }
                return;
            }
        };
        self.failed.set(None);
        self.may_manage.set(page.may_manage);
        self.may_post.set(page.may_post);
        let [about, said, offered] = self.topics();
        for topic in wanting {
            let position = if topic == about {
                self.venue.set(Some(page.venue.clone()));
                page.cursors.venue.0.clone()
            } else if topic == said {
                self.checks.set(page.vibe_checks.clone());
                self.hours.set(page.hours.clone());
                page.cursors.vibe_checks.0.clone()
            } else {
                debug_assert_eq!(topic, offered);
                self.promotions.set(page.promotions.clone());
                page.cursors.promotions.0.clone()
            };
            self.live.snapshot_applied(topic, position);
        }
    }

    fn apply(self, change: &Change) {
        match change.read() {
            Some(VenueChange::New(venue) | VenueChange::Update(venue)) => self.venue.set(Some(*venue)),
            Some(VenueChange::Now(changed)) => self.venue.update(|venue| {
                if let Some(venue) = venue {
                    venue.now = changed.now;
                }
            }),
            Some(VenueChange::Delete(_)) => self.gone.set(true),
            Some(VenueChange::CheckNew(check)) => {
                self.hours.update(|hours| model::count(hours, &check));
                self.checks.update(|checks| {
                    checks.insert(0, *check);
                    checks.truncate(VIBE_CHECKS_SHOWN);
                });
            }
            Some(VenueChange::CheckDelete(gone)) => {
                self.checks.update(|checks| checks.retain(|check| check.id != gone.vibe_check_id));
                // Its hour is counted anew: what it said is not in the log any more.
                self.live.refresh(self.topics()[1].clone());
            }
            Some(VenueChange::PromotionNew(promotion) | VenueChange::PromotionUpdate(promotion)) => {
                self.promotions.update(|all| match all.iter_mut().find(|known| known.id == promotion.id) {
                    Some(known) => *known = *promotion,
                    None => all.push(*promotion),
                });
            }
            Some(VenueChange::PromotionDelete(gone)) => {
                self.promotions.update(|all| all.retain(|known| known.id != gone.promotion_id));
            }
            None => {}
        }
    }
}

/// The page.
#[component]
pub(super) fn VenuePage(id: VenueId) -> impl IntoView {
    let live = use_live();
    let state = State {
        id: StoredValue::new(id),
        venue: RwSignal::new(None),
        checks: RwSignal::default(),
        hours: RwSignal::default(),
        promotions: RwSignal::default(),
        may_manage: RwSignal::new(false),
        may_post: RwSignal::new(false),
        failed: RwSignal::new(None),
        gone: RwSignal::new(false),
        wanting: StoredValue::default(),
        live,
    };
    browser::scroll_to(0.0, false);
    use_title().unread(0);
    let title = use_title();
    Effect::new(move || {
        title.name(
            state
                .venue
                .with(|venue| venue.as_ref().map_or_else(|| "Venue".to_owned(), |venue| venue.name.clone())),
        );
    });
    for topic in state.topics() {
        let of = topic.clone();
        live.follow(topic, None, move |news| match news {
            News::SnapshotNeeded => state.want(of.clone()),
            News::Publications { publications, .. } => {
                for publication in publications {
                    state.apply(&publication.change);
                }
            }
            News::Refused { code, message } => {
                if is_closed(code) {
                    state.gone.set(true);
                } else {
                    state.failed.set(Some(message));
                }
            }
            News::Presence(_) => {}
        });
    }
    let known = Memo::new(move |_| state.venue.with(Option::is_some));
    dynamic(move || match (state.gone.get(), known.get()) {
        (true, _) => view! {
            <div class="empty">
                {mark()}
                <h1>"There is no such venue"</h1>
                <p>"It was deleted, or the address is not right."</p>
                <A href="/venues" attr:class="btn btn-primary">"All venues"</A>
            </div>
        }
        .into_any(),
        (false, true) => view! { <Shown state=state /> }.into_any(),
        (false, false) => dynamic(move || match state.failed.get() {
            Some(message) => view! {
                <div class="notice" role="alert">
                    <h1>"The venue could not be loaded"</h1>
                    <p>{message}</p>
                    <button class="btn" type="button" on:click=move |_| {
                        state.failed.set(None);
                        for topic in state.topics() {
                            live.refresh(topic);
                        }
                    }>"Try again"</button>
                </div>
            }
            .into_any(),
            None => view! {
                <div class="shell" role="status" aria-label="Loading">
                    <div class="sk sk-title"></div>
                    <div class="sk sk-line"></div>
                    <div class="sk sk-line sk-short"></div>
                </div>
            }
            .into_any(),
        })
        .into_any(),
    })
}

#[component]
fn Shown(state: State) -> impl IntoView {
    let (session, editing) = (use_session(), RwSignal::new(false));
    let part = move |read: fn(&Venue) -> String| {
        Memo::new(move |_| state.venue.with(|venue| venue.as_ref().map(read).unwrap_or_default()))
    };
    let (name, place) = (part(|venue| venue.name.clone()), part(|venue| venue.place.clone()));
    let description = part(|venue| venue.description.clone());
    let now = Memo::new(move |_| {
        state.venue.with(|venue| venue.as_ref().map(|venue| venue.now.clone()).unwrap_or_default())
    });
    let at = Memo::new(move |_| now.with(|now| now.at.as_ref().map(browser::millis)));
    let may_manage = Memo::new(move |_| state.may_manage.get());
    let may_sign_in = move || !state.may_post.get() && session.is_known() && !session.is_signed_in();
    let here = state.id.with_value(|id| format!("/venues/{id}"));
    view! {
        <div class="venue-page">
            <A href="/venues" attr:class="back">{Icon::ArrowLeft.draw()} "All venues"</A>
            <div class="page-head">
                <h1 id="venue-title" tabindex="-1">{name}</h1>
                {when(move || may_manage.get(), move || view! {
                    <div class="row">
                        <button class="btn btn-small" type="button" on:click=move |_| editing.set(true)>{Icon::Edit.draw()} "Edit"</button>
                        <Deleting state=state />
                    </div>
                }.into_any())}
                <EditVenueDialog venue=state.venue open=editing />
                <p hidden=dynamic(move || place.with(String::is_empty))>{place}</p>
            </div>
            <p class="venue-about" hidden=dynamic(move || description.with(String::is_empty))>{description}</p>
            <div class="venue-cols">
                <div class="venue-main">
                    {when(move || state.may_post.get(), move || view! {
                        <section class="panel" aria-labelledby="say-title">
                            <h2 id="say-title">"How is it?"</h2>
                            <CheckForm venue=state.id />
                        </section>
                    }.into_any())}
                    {
                        let here = here.clone();
                        when(may_sign_in, move || view! {
                            <p class="row"><A href=sign_in::address(&here) attr:class="btn">"Sign in to say how it is"</A></p>
                        }.into_any())
                    }
                    <Checks state=state />
                </div>
                <div class="venue-side">
                    <section class="panel" aria-labelledby="now-title">
                        <h2 id="now-title">"At the moment"</h2>
                        {dynamic(move || now.with(|now| match now.at {
                            Some(_) => view! {
                                <p class="venue-mood venue-mood-large">
                                    {now.crowd.map(|crowd| view! { <b class="crowd" data-crowd=crowd.as_str()>{crowd_word(crowd)}</b> })}
                                    {rating_words(now).map(|words| view! { <span class="num">{words}</span> })}
                                </p>
                            }
                            .into_any(),
                            None => view! { <p class="muted">"Nobody has said how it is yet."</p> }.into_any(),
                        }))}
                        {when(move || at.get().is_some(), move || view! {
                            <p class="meta">
                                <TimeAgo at=Signal::derive(move || at.get().unwrap_or_default()) />
                                <span class="num">{dynamic(move || words::count(now.with(|now| now.checks), "vibe check", "vibe checks"))}</span>
                            </p>
                        }.into_any())}
                        <MoodChart hours=state.hours />
                    </section>
                    <Promotions venue=state.id promotions=state.promotions may_manage=may_manage />
                </div>
            </div>
        </div>
    }
}

/// Deleting it, which asks once more.
#[component]
fn Deleting(state: State) -> impl IntoView {
    let (form, navigate) = (Form::new(), use_navigate());
    let asked = RwSignal::new(false);
    let delete = StoredValue::new_local(move || {
        let navigate = navigate.clone();
        form.run(async move {
            api::delete(&state.id.get_value()).await?;
            navigate("/venues", NavigateOptions::default());
            Ok(())
        });
    });
    view! {
        <div class="row">
            {dynamic(move || if asked.get() {
                view! {
                    <button class="btn btn-small btn-danger" type="button" autofocus on:click=move |_| delete.with_value(|delete| delete())>"Delete it for good"</button>
                    <button class="btn btn-small btn-quiet" type="button" on:click=move |_| {
                        asked.set(false);
                        browser::focus_if_lost("venue-title");
                    }>"Keep it"</button>
                }
                .into_any()
            } else {
                view! {
                    <button class="btn btn-small btn-quiet" type="button" on:click=move |_| {
                        asked.set(true);
                        browser::focus_if_lost("venue-title");
                    }>{Icon::Trash.draw()} "Delete venue"</button>
                }
                .into_any()
            })}
        </div>
        <FormProblem form=form />
    }
}

/// What its guests say, the latest first.
#[component]
fn Checks(state: State) -> impl IntoView {
    let ids = Memo::new(move |_| {
        state.checks.with(|checks| checks.iter().map(|check| check.id.clone()).collect::<Vec<_>>())
    });
    view! {
        <section class="checks" aria-labelledby="checks-title">
            <h2 id="checks-title" tabindex="-1">"Vibe checks"</h2>
            <p class="muted" hidden=dynamic(move || ids.with(|ids| !ids.is_empty()))>"Nobody has said anything yet."</p>
            <div role="feed" aria-labelledby="checks-title">
                <For each=move || ids.get() key=|id| id.clone() let:id>{check_row(state, &id)}</For>
            </div>
        </section>
    }
}

fn check_row(state: State, id: &VibeCheckId) -> impl IntoView + use<> {
    // What was said does not change.
    let check = state.checks.with_untracked(|checks| checks.iter().find(|check| check.id == *id).cloned())?;
    let (session, announcer) = (use_session(), use_announcer());
    let form = Form::new();
    let author = check.author.account_id.clone();
    let may_delete = move || state.may_manage.get() || author.is_some() && session.id() == author;
    let at = browser::millis(&check.created_at);
    let remove = {
        let id = id.clone();
        move |_| {
            let id = id.clone();
            form.run(async move {
                api::delete_check(&state.id.get_value(), &id).await?;
                announcer.say("The vibe check is deleted.");
                browser::focus_if_lost("checks-title");
                Ok(())
            });
        }
    };
    let label = format!("Delete the vibe check of {}", check.author.name);
    let photo = check.photo.as_ref().map(|photo| {
        let (width, height) = size(photo);
        let shown = photo.renditions.first().map_or(&photo.url, |small| &small.url);
        view! {
            <img class="check-img" src=shown.clone() width=width.to_string() height=height.to_string() alt=format!("Photo by {}", check.author.name) loading="lazy" decoding="async" style:background-image=blur_of(photo.thumb_hash.as_ref()) />
        }
    });
    Some(view! {
        <article class="check" aria-label=format!("Vibe check by {}", check.author.name)>
            <p class="meta">
                <b>{check.author.name.clone()}</b>
                <TimeAgo at=at />
                {when(may_delete, move || view! {
                    <button class="icon-btn" type="button" aria-label=label.clone() on:click=remove.clone()>{Icon::Trash.draw()}</button>
                }.into_any())}
            </p>
            <p class="venue-mood" hidden=check.rating.is_none() && check.crowd.is_none()>
                {check.crowd.map(|crowd| view! { <b class="crowd" data-crowd=crowd.as_str()>{crowd_word(crowd)}</b> })}
                {check.rating.map(|rating| view! { <span class="num">{format!("{rating} of 5")}</span> })}
            </p>
            {(!check.text.is_empty()).then(|| view! { <p class="check-text">{check.text.clone()}</p> })}
            {photo}
            <FormProblem form=form />
        </article>
    })
}
