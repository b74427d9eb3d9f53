//! Mentions: `@name` in what somebody wrote. Whoever tells of them and whoever shows them finds the same.

use std::ops::Range;

use crate::limits::{ACCOUNT_NAME_CHARS_MAX, ACCOUNT_NAME_CHARS_MIN};

/// Where the next mention stands in a text at or after the byte `from`, with its `@`.
pub fn next_mention(text: &str, from: usize) -> Option<Range<usize>> {
    let mut from = from;
    loop {
        let start = from + text.get(from..)?.find('@')?;
        from = start + 1;
        // `ada@example.org` is an address and mentions nobody.
        let before = text[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')) {
            continue;
        }
        let is_of_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        let bytes = &text.as_bytes()[from..];
        let mut chars = bytes.iter().take_while(|b| is_of_name(b)).count();
        // A dash at the end is the sentence's.
        while chars > 0 && bytes[chars - 1] == b'-' {
            chars -= 1;
        }
        if (ACCOUNT_NAME_CHARS_MIN..=ACCOUNT_NAME_CHARS_MAX).contains(&chars) {
            return Some(start..from + chars);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p3_mentions_are_names_after_an_at() {
        let found = |text: &str| {
            let (mut all, mut from) = (Vec::new(), 0);
            while let Some(range) = next_mention(text, from) {
                from = range.end;
                all.push(text[range].to_owned());
            }
            all
        };
        assert_eq!(found("@Ada, see @bob_2 and @ada!"), ["@Ada", "@bob_2", "@ada"]);
        assert_eq!(found("mail ada@example.org or @@eve"), Vec::<String>::new());
        assert_eq!(found("(@x) @ @- @yo-"), ["@yo"]);
        assert_eq!(found("Grüße @zoé"), ["@zo"], "names are plain; what follows is text");
        assert!(found(&format!("@{}", "a".repeat(31))).is_empty(), "longer than any name");
    }
}
