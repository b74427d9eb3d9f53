//! People with accounts, each with a browser of their own.

use serde_json::json;
use shared::{
    Topic,
    model::account::{Account, Person},
};

use super::{Api, api::Answer};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";

/// Somebody who is signed in: asks the server with the cookie of their session.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub(crate) api: Api,
    pub(crate) person: Person,
    /// The cookie as it is sent: `name=value`.
    pub(crate) cookie: String,
}

impl std::ops::Deref for Somebody {
    type Target = Api;
    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Somebody {
    /// The topic about oneself.
    pub(crate) fn topic(&self) -> Topic {
        Topic::user(&self.person.id)
    }

    /// The secret in the cookie.
    pub(crate) fn secret(&self) -> &str {
        self.cookie.split_once('=').expect("a name and a value").1
    }
}

impl Api {
    /// Makes an account, and signs in with it.
    pub(crate) async fn register(&self, name: &str) -> Somebody {
        let answer = self.post("/api/accounts", &json!({"name": name, "password": PASSWORD})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.signed_in(&answer)
    }

    /// Signs in with another browser.
    pub(crate) async fn sign_in(&self, name: &str) -> Somebody {
        let answer = self.try_sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.signed_in(&answer)
    }

    pub(crate) async fn try_sign_in(&self, name: &str, password: &str) -> Answer {
        self.post("/api/session", &json!({"name": name, "password": password})).await
    }

    /// Who has the cookie of an answer.
    pub(crate) fn signed_in(&self, answer: &Answer) -> Somebody {
        let cookie = session_cookie(answer).to_owned();
        let api = self.showing("cookie", &cookie);
        Somebody { api, person: answer.read::<Account>().person, cookie }
    }
}

/// The cookie that an answer sets, without its attributes.
pub(crate) fn session_cookie(answer: &Answer) -> &str {
    answer.header("set-cookie").split(';').next().unwrap_or_default()
}
