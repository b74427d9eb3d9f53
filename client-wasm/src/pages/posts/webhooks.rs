//! One's webhooks: made where a destination is chosen, and below the board those that there are.

use leptos::prelude::*;
use shared::{
    WebhookId,
    model::post::{NewDestination, Webhook},
};

use super::State;
use crate::{
    api::posts,
    browser,
    components::{
        dynamic::{dynamic, when},
        form::{Field, Form, FormProblem},
    },
};

/// Of the heading, which has the focus when the row that had it goes.
const TITLE: &str = "posts-webhooks";

/// The list; nothing as long as there is none.
#[component]
pub(super) fn Webhooks(state: State) -> impl IntoView {
    let none = Memo::new(move |_| state.webhooks.with(Vec::is_empty));
    when(
        move || !none.get(),
        move || {
            view! {
                <section class="panel post-webhooks" aria-labelledby=TITLE>
                    <h2 id=TITLE tabindex="-1">"Webhooks"</h2>
                    <ul class="rows" aria-labelledby=TITLE>
                        <For each=move || state.webhooks.get() key=|webhook| webhook.id.clone() let:webhook>
                            <Row state=state webhook=webhook />
                        </For>
                    </ul>
                </section>
            }
            .into_any()
        },
    )
}

#[component]
fn Row(state: State, webhook: Webhook) -> impl IntoView {
    let form = Form::new();
    let id = StoredValue::new(webhook.id);
    let used = Memo::new(move |_| id.with_value(|id| state.posts.with(|list| list.waits_for(id))));
    let remove = move |_| {
        form.run(async move {
            match posts::delete_webhook(&id.get_value()).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            state.webhooks.try_update(|all| id.with_value(|id| all.retain(|webhook| webhook.id != *id)));
            browser::focus_if_lost(TITLE);
            state.announcer.say("The webhook was removed.");
            Ok(())
        });
    };
    view! {
        <li>
            <div class="rows-main">
                <b>{webhook.url.clone()}</b>
                <span class="hint" hidden=dynamic(move || !used.get())>"Posts wait for it: without it they fail."</span>
            </div>
            <button
                class="btn btn-small"
                type="button"
                aria-label=format!("Remove {}", webhook.url)
                aria-disabled=dynamic(move || form.is_busy().to_string())
                on:click=remove
            >
                "Remove"
            </button>
            <FormProblem form=form />
        </li>
    }
}

/// Makes one, and says its secret. Inside another form, and so none itself.
#[component]
pub(super) fn NewWebhook(state: State, chosen: RwSignal<Vec<NewDestination>>) -> impl IntoView {
    let form = Form::new();
    let url = RwSignal::new(String::new());
    let secret = RwSignal::new(None::<String>);
    let make = move || {
        form.run(async move {
            let mut made = posts::create_webhook(url.get_untracked().trim()).await?;
            let said = made.secret.take();
            let webhook_id: WebhookId = made.id.clone();
            state.webhooks.try_update(|all| all.push(made));
            chosen.try_update(|all| all.push(NewDestination::Webhook { webhook_id }));
            secret.try_set(said);
            Ok(())
        });
    };
    // Enter is for this, and not for the form around it.
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            make();
        }
    };
    view! {
        <div class="made">
            {dynamic(move || match secret.get() {
                None => view! {
                    <div on:keydown=on_key>
                        <Field form=form name="url" id="webhook-url" label="Address" kind="url" autocomplete="off" value=url autofocus=true
                            hint="Posts are sent there as JSON, signed." />
                    </div>
                    <FormProblem form=form />
                    <div class="row">
                        <button class="btn btn-small" type="button" on:click=move |_| make() aria-disabled=dynamic(move || form.is_busy().to_string())>
                            "Add webhook"
                        </button>
                    </div>
                }
                .into_any(),
                Some(secret) => view! {
                    <label class="label" for="webhook-secret">"Secret for checking signatures"</label>
                    <input id="webhook-secret" class="input" readonly autofocus prop:value=secret />
                    <p class="hint">"Copy it now: it is not shown again."</p>
                }
                .into_any(),
            })}
        </div>
    }
}
