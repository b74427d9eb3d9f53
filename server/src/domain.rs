//! The rules, one file per domain: what is allowed, and what each change publishes. No HTTP, no SQL.

pub mod account;
pub mod comment;
pub mod control;
pub mod event;
pub mod follow;
pub mod housekeeping;
pub mod match_;
pub mod media;
pub mod member;
pub mod notification;
pub mod post;
pub mod story;
pub mod team;
pub mod tournament;
pub mod venue;

use shared::{ErrorCode, IdempotencyKey};

use crate::error::ApiError;

/// Why a change was not made. Nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    NotFound(&'static str),
    Invalid {
        field: &'static str,
        message: String,
    },
    KeyReused,
    /// The resource stands against it: taken, or changed since.
    Conflict {
        field: &'static str,
        message: String,
    },
    /// Signing in might help.
    SignIn,
    Forbidden,
    /// Of several, the one with this key.
    One {
        key: IdempotencyKey,
        refusal: Box<Refusal>,
    },
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound(what) => Self::not_found(what),
            Refusal::Invalid { field, message } => Self::invalid(field, message),
            Refusal::KeyReused => {
                Self::new(ErrorCode::KeyReused, "this idempotency key was used before, for something else")
            }
            Refusal::Conflict { field, message } => {
                let mut error = Self::new(ErrorCode::Conflict, message);
                error.0.field = Some(field.to_owned());
                error
            }
            Refusal::SignIn => Self::new(ErrorCode::Unauthenticated, "sign in to do this"),
            Refusal::Forbidden => Self::new(ErrorCode::Forbidden, "you may not do this"),
            Refusal::One { key, refusal } => Self::from(*refusal).of(key),
        }
    }
}

/// Trims a text and holds it to its limit, in characters. Control characters but line breaks are refused.
fn text(field: &'static str, text: &str, max_chars: usize) -> Result<String, Refusal> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars > max_chars {
        let message = format!("{field} has {chars} characters; {max_chars} are allowed");
        return Err(Refusal::Invalid { field, message });
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        return Err(Refusal::Invalid { field, message: format!("{field} has control characters in it") });
    }
    Ok(text.to_owned())
}

/// The same, for a text that must not be empty.
fn required(field: &'static str, value: &str, max_chars: usize) -> Result<String, Refusal> {
    let text = text(field, value, max_chars)?;
    if text.is_empty() {
        return Err(Refusal::Invalid { field, message: format!("{field} must not be empty") });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v8_texts_are_held_to_their_limits() {
        assert_eq!(text("text", "  ä\nb ", 3).unwrap(), "ä\nb");
        assert!(text("text", "äöüß", 3).is_err());
        assert!(text("text", "a\u{0}b", 9).is_err());
        assert!(required("title", " \n ", 9).is_err());
    }
}
