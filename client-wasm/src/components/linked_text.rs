//! Text that somebody wrote, with its web addresses made into links and mentions marked. The text is only ever text: there is
//! no way through here for markup.

use std::ops::Range;

use leptos::prelude::*;
use shared::next_mention;

/// A piece of somebody's text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    Words(&'a str),
    /// `http://` or `https://` and what belongs to it.
    Address(&'a str),
    /// `@name`.
    Mention(&'a str),
}

/// Draws the text.
pub(crate) fn linked_text(text: &str) -> AnyView {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned().into_any(),
            Piece::Mention(name) => view! { <b>{name.to_owned()}</b> }.into_any(),
            Piece::Address(address) => {
                let shown = address
                    .split_once("://")
                    .map_or(address, |(_, rest)| rest)
                    .trim_end_matches('/')
                    .to_owned();
                view! { <a href=address.to_owned() target="_blank" rel="noopener nofollow ugc">{shown}</a> }
                    .into_any()
            }
        })
        .collect_view()
        .into_any()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut words = 0;
    while let Some(at) = next_address(&rest[words..]).map(|at| at + words) {
        let end = rest[at..]
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .map_or(rest.len(), |n| at + n);
        let address = trim_punctuation(&rest[at..end]);
        if address
            .split_once("://")
            .is_none_or(|(_, host)| !host.starts_with(|c: char| c.is_alphanumeric() || c == '['))
        {
            words = end;
            continue;
        }
        if at > 0 {
            push_words(&mut pieces, &rest[..at]);
        }
        pieces.push(Piece::Address(address));
        rest = &rest[at + address.len()..];
        words = 0;
    }
    if !rest.is_empty() {
        push_words(&mut pieces, rest);
    }
    pieces
}

/// Words without an address in them, and who is mentioned among them.
fn push_words<'a>(pieces: &mut Vec<Piece<'a>>, words: &'a str) {
    let mut done = 0;
    while let Some(Range { start, end }) = next_mention(words, done) {
        if start > done {
            pieces.push(Piece::Words(&words[done..start]));
        }
        pieces.push(Piece::Mention(&words[start..end]));
        done = end;
    }
    if done < words.len() {
        pieces.push(Piece::Words(&words[done..]));
    }
}

fn next_address(text: &str) -> Option<usize> {
    [text.find("http://"), text.find("https://")].into_iter().flatten().min()
}

/// A sentence's full stop is not the address's; nor is a bracket that was opened before it.
fn trim_punctuation(address: &str) -> &str {
    let mut address = address;
    loop {
        let trimmed = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
        let unbalanced = trimmed.ends_with(')') && !trimmed.contains('(');
        let trimmed = if unbalanced { &trimmed[..trimmed.len() - 1] } else { trimmed };
        if trimmed.len() == address.len() {
            return address;
        }
        address = trimmed;
    }
}
