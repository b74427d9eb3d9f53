//! The icons, drawn as strokes on a grid of 24. Always beside a name or under an `aria-label`.

use leptos::prelude::*;

/// A picture that stands for an action or a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Icon {
    ArrowLeft,
    ArrowRight,
    ArrowUp,
    ArrowDown,
    Bell,
    Calendar,
    Camera,
    ChevronDown,
    Close,
    Check,
    Clip,
    Edit,
    Eye,
    Heart,
    Leave,
    Link,
    Lock,
    Moon,
    More,
    Muted,
    Pause,
    BellOff,
    People,
    Place,
    Play,
    Plus,
    Send,
    Sound,
    Story,
    Sun,
    SunMoon,
    Talk,
    Trash,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::ArrowLeft => "M19 12H5m6-6-6 6 6 6",
            Self::ArrowRight => "M5 12h14m-6-6 6 6-6 6",
            Self::ArrowUp => "M12 19V5m-6 6 6-6 6 6",
            Self::ArrowDown => "M12 5v14m-6-6 6 6 6-6",
            Self::Bell => "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500h4",
            Self::Calendar => {
                "M5 5h14a1 1 0 0 1 1 1v13a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM4 10h16M8 3v4m8-4v4"
            }
            Self::Camera => {
                "M4 8h3l2-3h6l2 3h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1zm8 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z"
            }
            Self::ChevronDown => "m6 9 6 6 6-6",
            Self::Close => "M6 6l12 12M18 6 6 18",
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Clip => {
                "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.4a1.7 1.7 0 0 1-2.3-2.3L14.5 7"
            }
            Self::Edit => "M4 20h4L19 9a2 2 0 0 0 0-2.8L17.8 5A2 2 0 0 0 15 5L4 16v4zM13.5 6.5l4 4",
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z"
            }
            Self::Heart => {
                "M12 20C5 15 3 12 3 8.800A4.600 4.600 0 0 1 12 7.300a4.600 4.600 0 0 1 9 1.500C21 12 19 15 12 20z"
            }
            Self::Link => {
                "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 1 0 13 5.3L12 6.5M14 10a4 4 0 0 0-5.7 0l-3 3a4 4 0 1 0 5.7 5.7l1-1.2"
            }
            Self::Leave => "M10 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h4M15 8l4 4-4 4M19 12H10",
            Self::Lock => {
                "M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1zM8 11V8a4 4 0 0 1 8 0v3"
            }
            Self::Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
            Self::More => "M5 12h.01M12 12h.01M19 12h.01",
            Self::Muted => "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500H4zM16 9.500l5 5m0-5-5 5",
            Self::Pause => "M8.500 5.500v13m7-13v13",
            Self::Place => {
                "M12 21s7-6.200 7-11.500a7 7 0 0 0-14 0C5 14.800 12 21 12 21zm0-9a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z"
            }
            Self::Play => "M8 5.500v13L18.500 12 8 5.500z",
            Self::Sound => {
                "M4 9.500v5h3.500L12 18.500v-13L7.500 9.500H4zM15.500 9a4.200 4.200 0 0 1 0 6m2.500-8.500a7.700 7.700 0 0 1 0 11"
            }
            Self::Story => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 5a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
            Self::BellOff => "M6 16V11a6 6 0 0 1 9.500-4.900M18 11v5l1.500 2h-15M4 4l16 16",
            Self::People => {
                "M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM2.500 19.500c0-3 2.800-5 6.500-5s6.500 2 6.500 5M16 5.300a3.300 3.300 0 0 1 0 6.400M18 14.900c2.200.700 3.500 2.400 3.500 4.600"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Send => "M20.500 3.500 10.500 13.500M20.500 3.500 14 20.500l-3.500-7-7-3.500z",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M4.9 4.9l1.4 1.4m11.4 11.4 1.4 1.4M2 12h2m16 0h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4"
            }
            Self::SunMoon => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 0v18m0-14a5 5 0 0 1 0 10",
            Self::Talk => "M4 5h16v11h-9l-4 4v-4H4z",
            Self::Trash => {
                "M4 7h16M9 7V4.5h6V7m3 0-.8 12a1.5 1.5 0 0 1-1.5 1.5H8.3A1.5 1.5 0 0 1 6.800 19L6 7m4.500 4v5.500m3-5.500v5.500"
            }
        }
    }

    /// Draws it.
    pub(crate) fn draw(self) -> AnyView {
        let width = if self == Self::More { "2.6" } else { "1.8" };
        view! {
            <svg
                class="icon"
                viewBox="0 0 24 24"
                fill="none"
                stroke="currentColor"
                stroke-width=width
                stroke-linecap="round"
                stroke-linejoin="round"
                aria-hidden="true"
            >
                <path d=self.path() />
            </svg>
        }
        .into_any()
    }
}

/// The mark of the product: a corner of a pitch, with its flag.
pub(crate) fn mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
            <path
                d="M4 3v18M4 7h10a6 6 0 0 1 0 12H4"
                fill="none"
                stroke="currentColor"
                stroke-width="2.4"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
            <circle cx="14" cy="13" r="2.4" fill="currentColor" />
        </svg>
    }
}
