//! Signing in, and making an account where the server lets people do that. Leads on to where one came from,
//! and never to another site.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_navigate, use_query_map},
};
use shared::{
    ErrorCode,
    limits::{ACCOUNT_NAME_CHARS_MIN, PASSWORD_CHARS_MIN},
    model::account::{Credentials, NewAccount, Registration},
};

use crate::{
    api::ApiError,
    browser,
    components::{
        dynamic::{dynamic, when},
        form::{Field, Form, FormProblem, SubmitButton},
        title::use_title,
    },
    session::use_session,
};

/// Where one goes after signing in, unless the address says otherwise.
const HOME: &str = "/";

/// The address of this page for who wants to come back to `here`, a path of this site.
pub(crate) fn address(here: &str) -> String {
    format!("/signin?next={}", browser::encode(here))
}

/// The same, to make an account.
pub(crate) fn address_new(here: &str) -> String {
    format!("/signin?new=1&next={}", browser::encode(here))
}

/// For a page of who is signed in, which is `here`: whoever comes as a visitor signs in first; who is signed out
/// while here, by whatever, has seen it. This alone decides where signing out leads.
pub(crate) fn is_required(here: &'static str) {
    let session = use_session();
    let navigate = use_navigate();
    Effect::new(move |was_signed_in: Option<bool>| {
        let is_signed_in = session.is_signed_in();
        if session.is_known() && !is_signed_in {
            let replace = NavigateOptions { replace: true, ..Default::default() };
            match was_signed_in {
                Some(true) => navigate(HOME, replace),
                _ => navigate(&address(here), replace),
            }
        }
        is_signed_in
    });
}

/// A path of this site, or nothing: `//host`, `/\host` and whatever has a scheme lead elsewhere.
fn local(next: &str) -> Option<&str> {
    let rest = next.strip_prefix('/')?;
    let leads_away = rest.starts_with(['/', '\\']) || next.contains(|c: char| c.is_control());
    (!leads_away).then_some(next)
}

/// The page.
#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let session = use_session();
    let query = use_query_map();
    let navigate = use_navigate();
    let next = Memo::new(move |_| {
        let next = query.with(|query| query.get("next")).unwrap_or_default();
        local(&next).unwrap_or(HOME).to_owned()
    });
    let wants_new = Memo::new(move |_| query.with(|query| query.get("new").is_some()));
    let registering = Memo::new(move |_| {
        wants_new.get() && session.registration().is_some_and(|who| who != Registration::Closed)
    });
    browser::scroll_to(0.0, false);
    Effect::new(move || {
        use_title().name(if registering.get() { "Create an account" } else { "Sign in" });
    });
    // Whoever is signed in, here or by now in another tab, has no business on this page.
    Effect::new(move || {
        if session.is_signed_in() {
            navigate(&next.get_untracked(), NavigateOptions { replace: true, ..Default::default() });
        }
    });
    view! {
        <div class="narrow">
            {when(move || session.is_known(), move || dynamic(move || if registering.get() {
                view! { <RegisterForm next=next /> }.into_any()
            } else {
                view! { <SignInForm next=next /> }.into_any()
            }).into_any())}
        </div>
    }
}

#[component]
fn SignInForm(next: Memo<String>) -> impl IntoView {
    let session = use_session();
    let form = Form::new();
    let name = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let work = move || async move {
        let credentials =
            Credentials { name: name.get_untracked().trim().to_owned(), password: password.get_untracked() };
        if credentials.name.is_empty() {
            return Err(ApiError::of_field("name", "Give the name that you sign in with."));
        }
        if credentials.password.is_empty() {
            return Err(ApiError::of_field("password", "Give your password."));
        }
        session.sign_in(credentials).await
    };
    let others = move || match session.registration() {
        Some(Registration::Open) => Some("Create an account"),
        Some(Registration::Invitation) => Some("Create an account with an invitation"),
        _ => None,
    };
    view! {
        <h1>"Sign in"</h1>
        <form class="panel" aria-label="Sign in" on:submit=move |event| form.submit(&event, work()) novalidate>
            <Field form=form name="name" id="signin-name" label="Name" value=name autocomplete="username" autofocus=true />
            <Field form=form name="password" id="signin-password" label="Password" kind="password" value=password autocomplete="current-password" />
            <FormProblem form=form />
            <SubmitButton form=form label="Sign in" />
        </form>
        <p class="aside">
            {dynamic(move || others().map_or_else(
                || "Accounts are made by whoever runs this server.".into_any(),
                |label| view! { <A href=move || address_new(&next.get())>{label}</A> }.into_any(),
            ))}
        </p>
    }
}

#[component]
fn RegisterForm(next: Memo<String>) -> impl IntoView {
    let session = use_session();
    let form = Form::new();
    let name = RwSignal::new(String::new());
    let display_name = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let code = use_query_map().with_untracked(|query| query.get("invitation")).unwrap_or_default();
    let code = RwSignal::new(code);
    let by_invitation = move || session.registration() == Some(Registration::Invitation);
    let work = move || async move {
        let new = NewAccount {
            name: name.get_untracked().trim().to_owned(),
            display_name: display_name.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            invitation: Some(code.get_untracked().trim().to_owned()).filter(|code| !code.is_empty()),
        };
        if new.name.chars().count() < ACCOUNT_NAME_CHARS_MIN {
            let message = format!("Choose a name of at least {ACCOUNT_NAME_CHARS_MIN} characters.");
            return Err(ApiError::of_field("name", &message));
        }
        if new.password.chars().count() < PASSWORD_CHARS_MIN {
            return Err(ApiError::of_field(
                "password",
                &format!("A password has at least {PASSWORD_CHARS_MIN} characters."),
            ));
        }
        session.register(new).await.map_err(|error| match error.code {
            Some(ErrorCode::Forbidden) => {
                ApiError::of_field("invitation", "This invitation is not valid (any more).")
            }
            _ => error,
        })
    };
    view! {
        <h1>"Create an account"</h1>
        <form class="panel" aria-label="Create an account" on:submit=move |event| form.submit(&event, work()) novalidate>
            <Field form=form name="name" id="new-name" label="Name" value=name autocomplete="username" autofocus=true
                hint="To sign in with, and to be mentioned by. Letters a to z, digits, _ and -." />
            <Field form=form name="displayName" id="new-display-name" label="Name that is shown (may be left out)" value=display_name autocomplete="name" />
            <Field form=form name="password" id="new-password" label="Password" kind="password" value=password autocomplete="new-password"
                hint=format!("At least {PASSWORD_CHARS_MIN} characters. Several words are easier to keep in mind.") />
            {when(by_invitation, move || view! {
                <Field form=form name="invitation" id="new-invitation" label="Invitation" value=code autocomplete="off" />
            }.into_any())}
            <FormProblem form=form />
            <SubmitButton form=form label="Create account" />
        </form>
        <p class="aside">"You have one already? "<A href=move || address(&next.get())>"Sign in"</A></p>
    }
}
