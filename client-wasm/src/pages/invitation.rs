//! An invitation to an event: what one is invited to, and taking it.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    components::A,
    hooks::{use_navigate, use_params_map},
};
use shared::model::{
    account::Registration,
    member::{InvitationView, MemberRole},
};

use super::sign_in;
use crate::{
    api::{ApiError, people as api},
    browser,
    components::{
        dynamic::dynamic,
        form::{Form, FormProblem},
        title::use_title,
    },
    session::use_session,
};

/// The page.
#[component]
pub(crate) fn InvitationPage() -> impl IntoView {
    let params = use_params_map();
    let code = Memo::new(move |_| params.with(|params| params.get("code")).unwrap_or_default());
    let found = RwSignal::new(None::<Result<InvitationView, ApiError>>);
    use_title().name("Invitation");
    browser::scroll_to(0.0, false);
    Effect::new(move || {
        let code = code.get();
        found.set(None);
        spawn_local(async move {
            let answer = api::invitation(&code).await;
            found.try_set(Some(answer));
        });
    });
    view! {
        <div class="narrow">
            {dynamic(move || match found.get() {
                None => view! { <div class="sk sk-title"></div> <div class="sk sk-line"></div> }.into_any(),
                Some(Ok(invitation)) => view! { <Invited code=code.get_untracked() invitation=invitation /> }.into_any(),
                Some(Err(error)) if error.is_not_found() => view! {
                    <h1>"This invitation is not valid"</h1>
                    <p>"It has expired, was used up or taken back, or the link is not complete. Ask whoever sent it for another one."</p>
                    <p><A href="/" attr:class="btn">"All events"</A></p>
                }
                .into_any(),
                Some(Err(error)) => view! { <div class="notice" role="alert"><h1>"The invitation could not be read"</h1><p>{error.message}</p></div> }.into_any(),
            })}
        </div>
    }
}

#[component]
fn Invited(code: String, invitation: InvitationView) -> impl IntoView {
    let session = use_session();
    let navigate = use_navigate();
    let form = Form::new();
    let here = StoredValue::new(format!("/invitations/{code}"));
    let code = StoredValue::new(code);
    let join = move |_| {
        let navigate = navigate.clone();
        form.run(async move {
            let event = api::take_invitation(&code.get_value()).await?;
            navigate(
                &format!("/events/{}", event.id),
                NavigateOptions { replace: true, ..Default::default() },
            );
            Ok(())
        });
    };
    let may = match invitation.role {
        MemberRole::Viewer => "You will see everything that is posted there, as it happens.",
        MemberRole::Contributor | MemberRole::Owner => "You will see everything, and may post yourself.",
    };
    let registers = move || session.registration().is_some_and(|who| who != Registration::Closed);
    view! {
        <p class="label">"You are invited to"</p>
        <h1>{invitation.event_title}</h1>
        <p>{may}</p>
        <FormProblem form=form />
        <p class="row">
            {dynamic(move || if session.is_signed_in() {
                let join = join.clone();
                view! { <button class="btn btn-primary" type="button" aria-disabled=dynamic(move || form.is_busy().to_string()) on:click=join>"Join"</button> }.into_any()
            } else if session.is_known() {
                view! {
                    <A href=sign_in::address(&here.get_value()) attr:class="btn btn-primary">"Sign in to join"</A>
                    {registers().then(|| view! { <A href=sign_in::address_new(&here.get_value()) attr:class="btn">"Create an account"</A> })}
                }
                .into_any()
            } else {
                ().into_any()
            })}
        </p>
    }
}
