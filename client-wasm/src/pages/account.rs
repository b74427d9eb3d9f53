//! One's own account: the name that is shown, the password, and where one is signed in.

use leptos::prelude::*;
use shared::{
    limits::PASSWORD_CHARS_MIN,
    model::account::{Account, AccountPatch, PasswordChange},
};

mod sessions;

use sessions::Sessions;

use super::sign_in;
use crate::{
    api::{ApiError, people as api},
    browser,
    components::{
        announcer::use_announcer,
        avatar::Avatar,
        dynamic::{dynamic, when},
        form::{Choice, Field, Form, FormProblem, SubmitButton},
        title::use_title,
    },
    session::use_session,
};

/// The page.
#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let session = use_session();
    use_title().name("Account");
    browser::scroll_to(0.0, false);
    sign_in::is_required("/account");
    let id = Memo::new(move |_| session.id());
    view! {
        <div class="narrow wide">
            <h1>"Account"</h1>
            {dynamic(move || {
                // Read, not only tracked: a memo that nobody has read hears of nothing.
                id.with(|_| ());
                session.account.get_untracked().map_or_else(
                    || ().into_any(),
                    |account| view! { <Profile account=account /> <Password /> <Sessions /> }.into_any(),
                )
            })}
        </div>
    }
}

#[component]
fn Profile(account: Account) -> impl IntoView {
    let session = use_session();
    let announcer = use_announcer();
    let form = Form::new();
    let name = account.person.name.clone();
    let shown = RwSignal::new(account.person.display_name.clone());
    let current = Signal::derive(move || {
        session.account.with(|a| a.as_ref().map(|a| a.person.display_name.clone()).unwrap_or_default())
    });
    let save = move || async move {
        let display_name = shown.get_untracked().trim().to_owned();
        if display_name.is_empty() {
            return Err(ApiError::of_field("displayName", "Give the name that others are to see."));
        }
        let patch = AccountPatch { display_name: Some(display_name), invisible: None };
        session.changed(api::patch_account(&patch).await?);
        announcer.say("The name was saved.");
        Ok(())
    };
    let presence = Form::new();
    let choice = Choice::new(presence);
    let invisible =
        Memo::new(move |_| choice.or(session.account.with(|a| a.as_ref().is_some_and(|a| a.invisible))));
    let turn = move |_| {
        choice.choose(!invisible.get_untracked(), move |next| async move {
            let patch = AccountPatch { display_name: None, invisible: Some(next) };
            session.changed(api::patch_account(&patch).await?);
            Ok(())
        });
    };
    view! {
        <section class="panel" aria-labelledby="account-you">
            <h2 id="account-you">"You"</h2>
            <div class="person">
                <Avatar name=current />
                <div><b>{current}</b><span class="hint">{format!("@{name}")}</span></div>
            </div>
            <form class="panel-form" on:submit=move |event| form.submit(&event, save()) novalidate>
                <Field form=form name="displayName" id="account-name" label="Name that is shown" value=shown autocomplete="name" />
                <FormProblem form=form />
                <SubmitButton form=form label="Save name" class="btn" />
            </form>
            <div class="switch-row">
                <div>
                    <b id="account-invisible">"Invisible"</b>
                    <p class="hint" id="account-invisible-hint">"You are not shown among those who are online or watching."</p>
                </div>
                <button
                    class="switch"
                    type="button"
                    role="switch"
                    aria-labelledby="account-invisible"
                    aria-describedby="account-invisible-hint"
                    aria-checked=dynamic(move || invisible.get().to_string())
                    on:click=turn
                ></button>
            </div>
            <FormProblem form=presence />
        </section>
    }
}

#[component]
fn Password() -> impl IntoView {
    let session = use_session();
    let announcer = use_announcer();
    let form = Form::new();
    let current = RwSignal::new(String::new());
    let new = RwSignal::new(String::new());
    let changed = RwSignal::new(false);
    let work = move || async move {
        changed.set(false);
        let change = PasswordChange { current: current.get_untracked(), new: new.get_untracked() };
        if change.current.is_empty() {
            return Err(ApiError::of_field("current", "Give the password that you have now."));
        }
        if change.new.chars().count() < PASSWORD_CHARS_MIN {
            let message = format!("A password has at least {PASSWORD_CHARS_MIN} characters.");
            return Err(ApiError::of_field("new", &message));
        }
        api::change_password(&change).await?;
        current.try_set(String::new());
        new.try_set(String::new());
        changed.try_set(true);
        announcer.say("The password was changed.");
        Ok(())
    };
    // Password managers want to know whose it is.
    let name = session.account.with_untracked(|a| a.as_ref().map(|a| a.person.name.clone()));
    view! {
        <section class="panel" aria-labelledby="account-password">
            <h2 id="account-password">"Password"</h2>
            <form class="panel-form" on:submit=move |event| form.submit(&event, work()) novalidate>
                <input type="text" name="name" autocomplete="username" value=name hidden readonly />
                <Field form=form name="current" id="password-current" label="Current password" kind="password" value=current autocomplete="current-password" />
                <Field form=form name="new" id="password-new" label="New password" kind="password" value=new autocomplete="new-password"
                    hint="Everywhere else you are signed out." />
                <FormProblem form=form />
                <div class="row">
                    <SubmitButton form=form label="Change password" class="btn" />
                    {when(move || changed.get(), || view! { <span class="hint">"Changed."</span> }.into_any())}
                </div>
            </form>
        </section>
    }
}
