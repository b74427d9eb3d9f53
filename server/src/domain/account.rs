//! Accounts: made, changed.

use shared::{
    Topic,
    limits::{
        ACCOUNT_NAME_CHARS_MAX, ACCOUNT_NAME_CHARS_MIN, DISPLAY_NAME_CHARS, PASSWORD_BYTES_MAX,
        PASSWORD_CHARS_MIN,
    },
    model::account::{Account, AccountPatch, AccountRole, Person},
};

use super::{Refusal, required};
use crate::{
    ids::new_id,
    store::{Tx, WorkError, account as rows, log},
    time::timestamp,
};

/// The name of an account as it is kept: in lower case.
pub fn name(text: &str) -> Result<String, Refusal> {
    let name = text.trim().to_ascii_lowercase();
    let plain = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if plain && begins && (ACCOUNT_NAME_CHARS_MIN..=ACCOUNT_NAME_CHARS_MAX).contains(&name.len()) {
        return Ok(name);
    }
    let message = format!(
        "a name has {ACCOUNT_NAME_CHARS_MIN} to {ACCOUNT_NAME_CHARS_MAX} characters of a-z, 0-9, _ and -, and begins with a letter or a digit"
    );
    Err(Refusal::Invalid { field: "name", message })
}

/// Whether a password may be taken.
pub fn check_password(field: &'static str, password: &str) -> Result<(), Refusal> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let message = format!("a password has {PASSWORD_CHARS_MIN} characters or more");
        return Err(Refusal::Invalid { field, message });
    }
    if password.len() > PASSWORD_BYTES_MAX {
        let message = format!("a password has {PASSWORD_BYTES_MAX} bytes at most");
        return Err(Refusal::Invalid { field, message });
    }
    Ok(())
}

/// Who is to have an account. The name is one that [`name`] gave.
#[derive(Debug)]
pub struct NewPerson {
    pub name: String,
    /// The name, if empty.
    pub display_name: String,
    /// PHC string; absent for who signs in elsewhere.
    pub password: Option<String>,
    pub role: AccountRole,
}

/// Makes an account and its own topic.
pub async fn create(tx: &mut Tx<'_>, new: NewPerson, at: i64) -> Result<Account, WorkError<Refusal>> {
    let shown = if new.display_name.trim().is_empty() { &new.name } else { &new.display_name };
    let display_name = required("displayName", shown, DISPLAY_NAME_CHARS).map_err(WorkError::Refused)?;
    let account = Account {
        person: Person { id: new_id(), name: new.name, display_name },
        role: new.role,
        invisible: false,
        created_at: timestamp(at),
    };
    if !rows::insert(tx, &account, new.password.as_deref(), at).await? {
        let message = "this name is taken".to_owned();
        return Err(WorkError::Refused(Refusal::Conflict { field: "name", message }));
    }
    log::create_topic(tx, &Topic::user(&account.person.id)).await?;
    Ok(account)
}

/// Changes what the holder may change.
pub async fn change(
    tx: &mut Tx<'_>,
    mut account: Account,
    patch: AccountPatch,
) -> Result<Account, WorkError<Refusal>> {
    if let Some(display_name) = patch.display_name {
        account.person.display_name =
            required("displayName", &display_name, DISPLAY_NAME_CHARS).map_err(WorkError::Refused)?;
    }
    account.invisible = patch.invisible.unwrap_or(account.invisible);
    rows::update(tx, &account).await?;
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_names_are_plain_and_in_lower_case() {
        assert_eq!(name(" Ada_99 ").unwrap(), "ada_99");
        for wrong in ["", "a", "-ada", "ada lovelace", "ädä", "a/b", &"a".repeat(31), "ada\u{0}"] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn p5_passwords_have_a_length() {
        assert!(check_password("password", "1234567").is_err());
        assert!(check_password("password", "äöüäöüäö").is_ok());
        assert!(check_password("password", &"x".repeat(257)).is_err());
    }
}
