//! What a venue offers: what is on, what comes, and for its host the way to add and to take away.

use leptos::{ev::SubmitEvent, prelude::*};
use shared::{
    PromotionId, VenueId,
    limits::PROMOTION_TEXT_CHARS,
    model::venue::{NewPromotion, Promotion, PromotionStatus},
};

use crate::{
    api::{ApiError, venues as api},
    browser,
    components::{
        announcer::use_announcer,
        dynamic::{dynamic, when},
        form::{Field, Form, FormProblem, SubmitButton},
        icon::Icon,
        sheet::{Sheet, use_sheet},
        time::event_moment,
    },
};

/// The section; absent where there is nothing to see and nothing to do.
#[component]
pub(super) fn Promotions(
    venue: StoredValue<VenueId>,
    promotions: RwSignal<Vec<Promotion>>,
    may_manage: Memo<bool>,
) -> impl IntoView {
    let adding = RwSignal::new(false);
    let form = Form::new();
    let announcer = use_announcer();
    let ids = Memo::new(move |_| {
        promotions.with(|all| {
            let shown = all.iter().filter(|promotion| promotion.status != PromotionStatus::Over);
            let mut shown: Vec<_> =
                shown.map(|promotion| (promotion.ends_at.clone(), promotion.id.clone())).collect();
            shown.sort();
            shown.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
        })
    });
    let there = Memo::new(move |_| may_manage.get() || ids.with(|ids| !ids.is_empty()));
    let remove = move |id: PromotionId| {
        form.run(async move {
            api::delete_promotion(&venue.get_value(), &id).await?;
            announcer.say("The promotion is deleted.");
            browser::focus_if_lost("promotions-title");
            Ok(())
        });
    };
    let row = move |id: PromotionId| {
        let shown = {
            let id = id.clone();
            Memo::new(move |_| {
                promotions.with(|all| all.iter().find(|promotion| promotion.id == id).cloned())
            })
        };
        let part = move |read: fn(&Promotion) -> String| {
            Memo::new(move |_| shown.with(|shown| shown.as_ref().map(read).unwrap_or_default()))
        };
        let (title, text) = (part(|of| of.title.clone()), part(|of| of.text.clone()));
        let times = part(|of| match of.status {
            PromotionStatus::Scheduled => {
                format!("{} – {}", event_moment(&of.starts_at), event_moment(&of.ends_at))
            }
            _ => format!("Until {}", event_moment(&of.ends_at)),
        });
        let running = Memo::new(move |_| {
            shown.with(|of| of.as_ref().is_some_and(|of| of.status == PromotionStatus::Running))
        });
        let label = move || format!("Delete {}", title.get());
        view! {
            <li>
                <span class="rows-main">
                    <b>{title}</b>
                    <span hidden=dynamic(move || text.with(String::is_empty))>{text}</span>
                    <span class="hint num">{times}</span>
                </span>
                {dynamic(move || running.get().then(|| view! { <span class="venue-on">"On now"</span> }))}
                {when(move || may_manage.get(), move || {
                    let id = id.clone();
                    view! {
                        <button class="icon-btn" type="button" aria-label=dynamic(label) on:click=move |_| remove(id.clone())>{Icon::Trash.draw()}</button>
                    }
                    .into_any()
                })}
            </li>
        }
    };
    when(
        move || there.get(),
        move || {
            view! {
                <section class="panel" aria-labelledby="promotions-title">
                    <h2 id="promotions-title" tabindex="-1">"Promotions"</h2>
                    <ul class="rows">
                        <For each=move || ids.get() key=|id| id.clone() let:id>{row(id)}</For>
                    </ul>
                    <FormProblem form=form />
                    {when(move || may_manage.get(), move || view! {
                        <div class="row">
                            <button class="btn btn-small" type="button" on:click=move |_| adding.set(true)>{Icon::Plus.draw()} "Add a promotion"</button>
                        </div>
                    }.into_any())}
                    <Sheet open=adding title="New promotion"><Fields venue=venue /></Sheet>
                </section>
            }
            .into_any()
        },
    )
}

#[component]
fn Fields(venue: StoredValue<VenueId>) -> impl IntoView {
    let sheet = use_sheet();
    let form = Form::new();
    let announcer = use_announcer();
    let [title, text, starts, ends] = [(); 4].map(|()| RwSignal::new(String::new()));
    let key = StoredValue::new(browser::random_id());
    let submit = move |submitted: SubmitEvent| {
        form.submit(&submitted, async move {
            let time = |text: RwSignal<String>| {
                text.with_untracked(|text| browser::timestamp(browser::of_local_input(text)))
            };
            let new = NewPromotion {
                title: title.get_untracked().trim().to_owned(),
                text: text.get_untracked().trim().to_owned(),
                starts_at: time(starts),
                ends_at: time(ends).ok_or_else(|| ApiError::of_field("endsAt", "Say when it ends."))?,
            };
            if new.title.is_empty() {
                return Err(ApiError::of_field("title", "Give the promotion a title."));
            }
            let made = key.with_value(|key| key.parse()).map_err(|_| ApiError::unreachable())?;
            if let Err(error) = api::promote(&venue.get_value(), &new, &made).await {
                // What was refused and is changed is something else.
                key.try_set_value(if error.is_passing() { made.to_string() } else { browser::random_id() });
                return Err(error);
            }
            announcer.say("The promotion is there.");
            sheet.close();
            Ok(())
        });
    };
    view! {
        <form class="sheet-form" on:submit=submit novalidate aria-label="New promotion">
            <Field form=form name="title" id="promotion-title" label="Title" value=title autocomplete="off" autofocus=true />
            <div class="field">
                <label for="promotion-text">"What it is"</label>
                <textarea id="promotion-text" class="input" rows="2" maxlength=PROMOTION_TEXT_CHARS.to_string() bind:value=text></textarea>
            </div>
            <div class="sheet-row">
                <Field form=form name="startsAt" id="promotion-starts" label="Starts at" kind="datetime-local" value=starts autocomplete="off" hint="At once, if you leave it empty." />
                <Field form=form name="endsAt" id="promotion-ends" label="Ends at" kind="datetime-local" value=ends autocomplete="off" />
            </div>
            <FormProblem form=form />
            <div class="sheet-end">
                <button class="btn btn-quiet" type="button" on:click=move |_| sheet.close()>"Cancel"</button>
                <SubmitButton form=form label="Add promotion" />
            </div>
        </form>
    }
}
