//! An event that is over and one that is to come, so that the list of events shows every state.

use std::time::Duration;

use shared::model::event::{EventStatus, NewEvent};

use crate::{
    photos,
    story::{Item, Story},
};

/// The eXtreme Deep Field becomes public.
pub(crate) fn over() -> Story {
    let author = "Hubble desk";
    Story {
        slug: "deep-field-a".to_owned(),
        event: NewEvent {
            visibility: None,
            title: "The deepest picture of the sky".to_owned(),
            description: "Hubble's eXtreme Deep Field is shown to the public for the first time.".to_owned(),
            place: "Baltimore, Maryland".to_owned(),
            status: Some(EventStatus::Live),
            starts_at: "2012-09-25T14:00:00.000Z".parse().ok(),
        },
        items: vec![
            Item::text(
                author,
                "Ten years of pictures of one small patch in the constellation Fornax, laid on top of each other: about 2,000 exposures, two million seconds of light.",
            ),
            Item::photo(
                author,
                photos::DEEP_FIELD,
                "Here it is. Nearly every speck is a galaxy, some 5,500 of them. The patch is a small fraction of the width of the full Moon.",
            ),
            Item::text(
                author,
                "The faintest are a ten-billionth as bright as what a human eye can see. Their light set out when the universe was less than a twentieth of its age.",
            ),
            Item::text(author, "That was all for today. Thank you for looking up."),
        ],
        backlog: usize::MAX,
        pause: Duration::ZERO,
        ending: Some(EventStatus::Completed),
    }
}

/// A day that is known to the second.
pub(crate) fn coming() -> Story {
    Story {
        slug: "eclipse-2027-a".to_owned(),
        event: NewEvent {
            visibility: None,
            title: "Total eclipse of the Sun".to_owned(),
            description: "The longest on land for decades: more than six minutes of totality near Luxor."
                .to_owned(),
            place: "Luxor, Egypt".to_owned(),
            status: Some(EventStatus::Scheduled),
            starts_at: "2027-08-02T10:00:00.000Z".parse().ok(),
        },
        items: vec![Item::text(
            "Eclipse desk",
            "The shadow comes ashore at Gibraltar and leaves Africa at the Horn. We shall be at the temple, with pinholes and spare batteries.",
        )],
        backlog: usize::MAX,
        pause: Duration::ZERO,
        ending: None,
    }
}
