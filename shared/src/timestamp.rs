//! Times on the wire.

use crate::text::text_newtype;

text_newtype!(
    /// RFC 3339, UTC, milliseconds: always the 24 characters `2026-11-21T20:14:05.123Z`, so that text
    /// order is time order. Arithmetic is left to who has a clock (the browser's `Date`, the server).
    Timestamp, "a timestamp", "RFC 3339 in UTC with milliseconds, like 2026-11-21T20:14:05.123Z", is_timestamp
);

fn is_timestamp(text: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:dd.dddZ";
    let bytes = text.as_bytes();
    if bytes.len() != shape.len() {
        return false;
    }
    let shaped = bytes.iter().zip(shape).all(|(b, s)| match s {
        b'd' => b.is_ascii_digit(),
        _ => b == s,
    });
    if !shaped {
        return false;
    }
    let number = |at: usize| u32::from(bytes[at] - b'0') * 10 + u32::from(bytes[at + 1] - b'0');
    (1..=12).contains(&number(5))
        && (1..=31).contains(&number(8))
        && number(11) < 24
        && number(14) < 60
        && number(17) < 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_form_is_taken() {
        assert!("2026-11-21T20:14:05.123Z".parse::<Timestamp>().is_ok());
        for bad in [
            "2026-11-21T20:14:05Z",
            "2026-11-21T20:14:05.123+00:00",
            "2026-13-21T20:14:05.123Z",
            "2026-11-32T20:14:05.123Z",
            "2026-11-21T24:14:05.123Z",
            "2026-11-21 20:14:05.123Z",
            "",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad:?} was taken");
        }
    }
}
