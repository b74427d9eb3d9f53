//! People with accounts.

use serde_json::json;
use shared::model::account::{Account, Person};

use super::{Api, api::Answer};

/// Somebody who is signed in: asks the server with the cookie of their session.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub(crate) api: Api,
    pub(crate) person: Person,
}

impl std::ops::Deref for Somebody {
    type Target = Api;
    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Api {
    /// Makes an account, and signs in with it.
    pub(crate) async fn register(&self, name: &str) -> Somebody {
        let answer = self.post("/api/accounts", &json!({"name": name, "password": "correct horse"})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Somebody { api: self.with_cookie(session_cookie(&answer)), person: answer.read::<Account>().person }
    }
}

/// The cookie that an answer sets, without its attributes.
pub(crate) fn session_cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
}
