//! What one tab says to the others of the same build, as text: a name, then what belongs to it, with spaces
//! between. No JSON, because reading it would be a tenth of the program that a phone downloads. Called by the
//! driver.

use std::{fmt::Write as _, rc::Rc, time::Duration};

use shared::{
    ClientFrame,
    frame::{Ping, Subscribe, TopicName, Typing},
};

use super::{Port, Tab, Term};
use crate::{Instant, Status, Transport};

/// A word, to whom it may concern.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// "Try now" was pressed.
    TryNow,
    /// Somebody has signed in or out: whoever has a connection makes it anew.
    Reconnect,
    /// The tab that says so leads from now on.
    Leads(Term),
    /// A virtual socket to whoever leads.
    Open { tab: Tab, port: Port, visible: bool },
    /// From a virtual socket to whoever leads.
    Frame { port: Port, frame: ClientFrame },
    /// The virtual socket is closed.
    Close { port: Port },
    /// Whether a follower can be seen.
    Sees { tab: Tab, visible: bool },
    /// A server's frame, from the leader to these virtual sockets.
    Text { by: Term, ports: Vec<Port>, text: Rc<str> },
    /// How the leader is connected.
    Status { by: Term, status: Status, transport: Transport },
}

impl Word {
    /// The text of the word. `None` where there is none for it: tokens are no matter of tabs, which share their
    /// cookies, and drafts are none: the outbox is one for all of them. Every tab counts its own time: said are spans, counted from `now`.
    pub fn write(&self, now: Instant) -> Option<String> {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let written = match self {
            Self::TryNow => write!(out, "now"),
            Self::Reconnect => write!(out, "reconnect"),
            Self::Leads(term) => write!(out, "leads {} {}", term.number, term.tab.0),
            Self::Open { tab, port, visible } => write!(out, "open {port} {} {}", tab.0, flag(*visible)),
            Self::Close { port } => write!(out, "close {port}"),
            Self::Sees { tab, visible } => write!(out, "sees {} {}", tab.0, flag(*visible)),
            Self::Frame { port, frame } => match frame {
                ClientFrame::Subscribe(Subscribe { name, since: Some(since), presence, reference }) => {
                    let (topic, reference) = (name.topic(), reference.unwrap_or_default());
                    write!(out, "subscribe {port} {topic} {since} {} {reference}", flag(*presence))
                }
                ClientFrame::Unsubscribe(name) => write!(out, "unsubscribe {port} {}", name.topic()),
                ClientFrame::Typing(Typing { name, on }) => {
                    write!(out, "typing {port} {} {}", name.topic(), flag(*on))
                }
                ClientFrame::Ping(_) => write!(out, "ping {port}"),
                ClientFrame::Subscribe(_) | ClientFrame::Auth(_) | ClientFrame::Publish(_) => return None,
            },
            Self::Text { by, ports, text } => {
                let ports: Vec<_> = ports.iter().map(Port::as_str).collect();
                write!(out, "text {} {} {} {text}", by.number, by.tab.0, ports.join(","))
            }
            Self::Status { by, status, transport } => {
                let (name, numbers) = match status {
                    Status::Connecting => ("connecting", [0, 0]),
                    Status::Live => ("live", [0, 0]),
                    Status::Polling => ("polling", [0, 0]),
                    Status::Reconnecting { since, next_try } => {
                        ("reconnecting", [millis(now.since(*since)), millis(next_try.since(now))])
                    }
                    Status::Offline { since } => ("offline", [millis(now.since(*since)), 0]),
                    Status::Refused { code } => ("refused", [u64::from(*code), 0]),
                };
                let way = match transport {
                    Transport::WebSocket => "webSocket",
                    Transport::LongPoll => "longPoll",
                    Transport::IntervalPoll => "intervalPoll",
                };
                write!(out, "status {} {} {way} {name} {} {}", by.number, by.tab.0, numbers[0], numbers[1])
            }
        };
        written.is_ok().then_some(out)
    }

    /// Reads what [`Self::write`] wrote in another tab. `None` for everything else.
    pub fn read(text: &str, now: Instant) -> Option<Self> {
        let mut rest = text.split(' ');
        let mut next = || rest.next();
        Some(match next()? {
            "now" => Self::TryNow,
            "reconnect" => Self::Reconnect,
            "leads" => Self::Leads(term(next()?, next()?)?),
            "open" => {
                let port = next()?.parse().ok()?;
                Self::Open { port, tab: Tab(next()?.to_owned()), visible: next()? == flag(true) }
            }
            "close" => Self::Close { port: next()?.parse().ok()? },
            "sees" => Self::Sees { tab: Tab(next()?.to_owned()), visible: next()? == flag(true) },
            "subscribe" => {
                let port = next()?.parse().ok()?;
                let subscribe = Subscribe {
                    name: topic(next()?)?,
                    since: Some(next()?.parse().ok()?),
                    presence: next()? == flag(true),
                    reference: Some(next()?.parse().ok()?),
                };
                Self::Frame { port, frame: ClientFrame::Subscribe(subscribe) }
            }
            "unsubscribe" => {
                let port = next()?.parse().ok()?;
                Self::Frame { port, frame: ClientFrame::Unsubscribe(topic(next()?)?) }
            }
            "typing" => {
                let port = next()?.parse().ok()?;
                let typing = Typing { name: topic(next()?)?, on: next()? == flag(true) };
                Self::Frame { port, frame: ClientFrame::Typing(typing) }
            }
            "ping" => Self::Frame { port: next()?.parse().ok()?, frame: ClientFrame::Ping(Ping::default()) },
            "text" => {
                let mut parts = text.splitn(5, ' ').skip(1);
                let mut next = || parts.next();
                let by = term(next()?, next()?)?;
                let ports = next()?.split(',').filter_map(|port| port.parse().ok()).collect();
                Self::Text { by, ports, text: next()?.into() }
            }
            "status" => {
                let by = term(next()?, next()?)?;
                let transport = match next()? {
                    "webSocket" => Transport::WebSocket,
                    "longPoll" => Transport::LongPoll,
                    "intervalPoll" => Transport::IntervalPoll,
                    _ => return None,
                };
                let name = next()?;
                let (first, second): (u64, u64) = (next()?.parse().ok()?, next()?.parse().ok()?);
                let since = Instant(now.0.saturating_sub(first));
                let status = match name {
                    "connecting" => Status::Connecting,
                    "live" => Status::Live,
                    "polling" => Status::Polling,
                    "reconnecting" => {
                        Status::Reconnecting { since, next_try: Instant(now.0.saturating_add(second)) }
                    }
                    "offline" => Status::Offline { since },
                    "refused" => Status::Refused { code: u16::try_from(first).ok()? },
                    _ => return None,
                };
                Self::Status { by, status, transport }
            }
            _ => return None,
        })
    }
}

const fn flag(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn term(number: &str, tab: &str) -> Option<Term> {
    Some(Term { number: number.parse().ok()?, tab: Tab(tab.to_owned()) })
}

fn topic(name: &str) -> Option<TopicName> {
    name.parse().ok().map(TopicName::Topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p9_a_word_is_heard_as_it_was_said() {
        let by = Term { number: 7, tab: Tab("tab-1".to_owned()) };
        let port: Port = "p-2".parse().unwrap();
        let name = || topic("event:a").unwrap();
        let frame = |frame| Word::Frame { port: port.clone(), frame };
        let status = |status| Word::Status { by: by.clone(), status, transport: Transport::LongPoll };
        let words = [
            Word::TryNow,
            Word::Reconnect,
            Word::Leads(by.clone()),
            Word::Open { tab: by.tab.clone(), port: port.clone(), visible: true },
            Word::Open { tab: by.tab.clone(), port: port.clone(), visible: false },
            Word::Close { port: port.clone() },
            Word::Sees { tab: by.tab.clone(), visible: true },
            frame(ClientFrame::Subscribe(Subscribe {
                name: name(),
                since: Some("e.5".parse().unwrap()),
                presence: true,
                reference: Some(3),
            })),
            frame(ClientFrame::Unsubscribe(name())),
            frame(ClientFrame::Typing(Typing { name: name(), on: true })),
            frame(ClientFrame::Ping(Ping::default())),
            Word::Text {
                by: by.clone(),
                ports: vec![port.clone(), "p-3".parse().unwrap()],
                text: r#"{"text":"with  spaces, and\nlines"}"#.into(),
            },
            status(Status::Connecting),
            status(Status::Live),
            status(Status::Polling),
            status(Status::Refused { code: 4501 }),
        ];
        for word in words {
            let text = word.write(Instant(50)).unwrap();
            assert_eq!(Word::read(&text, Instant(9_000)), Some(word), "{text}");
        }
        // Spans, by the clock of who hears it.
        let drop = status(Status::Reconnecting { since: Instant(40), next_try: Instant(60) });
        let heard = status(Status::Reconnecting { since: Instant(8_990), next_try: Instant(9_010) });
        assert_eq!(Word::read(&drop.write(Instant(50)).unwrap(), Instant(9_000)), Some(heard));
        let offline = status(Status::Offline { since: Instant(40) });
        let heard = status(Status::Offline { since: Instant(8_990) });
        assert_eq!(Word::read(&offline.write(Instant(50)).unwrap(), Instant(9_000)), Some(heard));
    }

    #[test]
    fn p9_what_is_no_word_is_not_heard() {
        for text in
            ["", "leads", "leads x tab", "status 7 tab webSocket asleep 0 0", "subscribe p event:a e.5"]
        {
            assert_eq!(Word::read(text, Instant(0)), None, "{text}");
        }
    }
}
