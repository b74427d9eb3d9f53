//! Times on the wire.

use crate::text::text_newtype;

text_newtype!(
    /// RFC 3339, UTC, milliseconds: always the 24 characters `2026-11-21T20:14:05.123Z`, so that text
    /// order is time order. What time it is, and how it is told to people, is left to who has a clock (the
    /// browser's `Date`, the server).
    Timestamp, "a timestamp", "RFC 3339 in UTC with milliseconds, like 2026-11-21T20:14:05.123Z", is_timestamp
);

impl Timestamp {
    /// Milliseconds since 1970. A day that its month does not have is one of the next month.
    pub fn unix_ms(&self) -> i64 {
        let bytes = self.as_str().as_bytes();
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'))
        };
        // Years begin in March, so that the day that some years have is the last of its year.
        let month = (number(5, 7) + 9) % 12;
        let year = number(0, 4) - i64::from(month > 9);
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days = year * 365 + leap_days + (month * 153 + 2) / 5 + number(8, 10) - 1 - DAYS_TO_1970;
        let seconds = ((days * 24 + number(11, 13)) * 60 + number(14, 16)) * 60 + number(17, 19);
        seconds * 1000 + number(20, 23)
    }
}

/// From the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: i64 = 719_468;

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

    #[test]
    fn times_are_counted_from_1970() {
        for (text, ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T00:00:00.000Z", 951_782_400_000),
            ("2000-03-01T00:00:00.000Z", 951_868_800_000),
            ("2018-07-15T15:00:00.000Z", 1_531_666_800_000),
            ("2026-11-21T20:14:05.123Z", 1_795_292_045_123),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
            ("0000-01-01T00:00:00.000Z", -62_167_219_200_000),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().unix_ms(), ms, "{text}");
        }
    }
}
