//! Somebody who is signed in, for tests.

use shared::model::account::{AccountRole, Person};

use super::{Credential, Principal, User};

/// Somebody of that name. Their id is the name with `id-` before it.
pub(crate) fn person(name: &str) -> Person {
    let id = match format!("id-{name}").parse() {
        Ok(id) => id,
        Err(error) => panic!("{name}: {error}"),
    };
    Person { id, name: name.to_owned(), display_name: name.to_uppercase() }
}

/// The same, signed in.
pub(crate) fn user(person: Person) -> User {
    User {
        person,
        role: AccountRole::User,
        invisible: false,
        address: [127, 0, 0, 1].into(),
        may_post: true,
        by: Credential::Token { expires_at: i64::MAX },
    }
}

/// The same, as who acts.
pub(crate) fn signed_in(person: Person) -> Principal {
    Principal::User(Box::new(user(person)))
}
