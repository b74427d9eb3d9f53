//! Where a reader stands in a topic.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, is_plain_id, text_newtype};

/// The number of a publication in its topic: 1 for the first, without holes. 0 is "before the first".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// Before the first publication.
    pub const ZERO: Self = Self(0);

    /// The offset that comes after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_newtype!(
    /// One life of a topic's log. Offsets of two epochs cannot be compared: a restored backup, a topic
    /// deleted and made again, begin a new one.
    Epoch, "an epoch", "1 to 16 characters of A-Z, a-z, 0-9, _ and -", |t| is_plain_id(t, 16)
);

/// A place in a topic: everything up to and including `offset` has been seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    pub epoch: Epoch,
    pub offset: Offset,
}

impl Position {
    /// Where `online` stands for ever: nothing is published on it.
    pub fn online() -> Self {
        Self { epoch: Epoch("0".into()), offset: Offset::ZERO }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.offset)
    }
}

impl FromStr for Position {
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = InvalidText { what: "a cursor", rule: "a cursor that this server gave out" };
        let (epoch, offset) = text.split_once('.').ok_or_else(|| invalid.clone())?;
        // `u64::from_str` takes a leading `+`; a cursor has one spelling.
        if !offset.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid);
        }
        Ok(Self {
            epoch: epoch.parse().map_err(|_| invalid.clone())?,
            offset: Offset(offset.parse().map_err(|_| invalid)?),
        })
    }
}

/// A position as one string, for URLs and for `Last-Event-ID`. Clients pass it on and do not look inside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(pub Position);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = InvalidText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl TryFrom<String> for Cursor {
    type Error = InvalidText;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

impl From<Position> for Cursor {
    fn from(position: Position) -> Self {
        Self(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_spelling() {
        for good in ["a.0", "k3f9.17", "x_-Z.18446744073709551615"] {
            assert_eq!(good.parse::<Cursor>().unwrap().to_string(), good);
        }
        for bad in
            ["", ".", "a", "a.", ".1", "a.+1", "a.-1", "a.1 ", "a.18446744073709551616", "a.1.2", "ä.1"]
        {
            assert!(bad.parse::<Cursor>().is_err(), "{bad:?} was taken");
        }
    }
}
