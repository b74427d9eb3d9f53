//! The launch of DSCOVR on 11 February 2015, as those might have told it who stood around.
//!
//! The facts are those of the day; the people are invented.

use std::time::Duration;

use shared::model::event::{EventStatus, NewEvent};

use crate::{
    photos,
    story::{Item, Story},
};

const RANGE: &str = "Range desk";
const MAYA: &str = "Maya, Jetty Park";
const PRIYA: &str = "Priya, space weather";
const TOMAS: &str = "Tomás, photographer";
const JOE: &str = "Grandpa Joe";

pub(crate) fn story() -> Story {
    let mut items = before();
    let backlog = items.len();
    items.extend(countdown());
    items.extend(flight());
    items.extend(afterwards());
    Story {
        slug: "dscovr-a".to_owned(),
        event: NewEvent {
            visibility: None,
            title: "DSCOVR lifts off".to_owned(),
            description:
                "A weather station for the Sun sets out for a place four times as far away as the Moon. \
                          Third try, at sunset."
                    .to_owned(),
            place: "Cape Canaveral SLC-40".to_owned(),
            status: Some(EventStatus::Live),
            starts_at: "2015-02-11T23:03:42.000Z".parse().ok(),
        },
        items,
        backlog,
        pause: Duration::from_secs(6),
        // It stays live: there is always something to open on.
        ending: None,
    }
}

/// There when a newcomer opens the page.
fn before() -> Vec<Item> {
    vec![
        Item::text(
            RANGE,
            "Good afternoon from Cape Canaveral. This is the third try: on Sunday a tracking radar failed minutes before launch, and yesterday the wind high up was too strong. Today there is one moment that works, 6:03 in the evening.",
        ),
        Item::photo(
            TOMAS,
            photos::ROCKET,
            "There it stands, at Space Launch Complex 40: a Falcon 9 with DSCOVR under the fairing. I have been on this spot since four and would not swap it.",
        ),
        Item::text(
            PRIYA,
            "What it carries: the Deep Space Climate Observatory, 570 kg. It will sit 1.5 million kilometres from here, where the pulls of Sun and Earth balance, and feel the solar wind 15 to 60 minutes before we do.",
        ),
        Item::text(
            PRIYA,
            "That is time enough to warn those who run power grids, aircraft and satellites. Until now that watch is kept by ACE, launched in 1997 and long past the years it was built for.",
        ),
        Item::text(
            JOE,
            "This bird has waited longer than I have. They built it around the year 2000 under the name Triana, and then it stood in a clean box in Maryland for most of a decade.",
        ),
        Item::photo(
            RANGE,
            photos::COFFEE,
            "Nine hours on console. The most carefully monitored vessel in this room.",
        ),
        Item::text(
            MAYA,
            "Jetty Park is full: folding chairs, radios, three generations of us. My daughter counts down from a hundred. For practice, she says.",
        ),
    ]
}

fn countdown() -> Vec<Item> {
    vec![
        Item::text(
            RANGE,
            "Wind at altitude: green. Tracking radar: green. Those were the two that stopped us.",
        ),
        Item::photo(
            MAYA,
            photos::ASTRONAUT,
            "We brought her picture along. Eileen Collins: first woman to pilot a space shuttle, twenty years ago this month, and the first to command one, in 1999.",
        ),
        Item::text(
            RANGE,
            "Kerosene and liquid oxygen are going in. The white plume at the rocket's side is oxygen boiling off. It is meant to do that.",
        ),
        Item::text(
            RANGE,
            "The landing on the ship at sea is called off. The waves out there are three storeys high and one of the ship's four engines is out. The first stage will come down on the water where the ship would have been, for practice.",
        ),
        Item::photo(
            TOMAS,
            photos::MOON,
            "While we wait: the Moon, from close by. DSCOVR goes almost four times as far.",
        ),
        Item::text(
            JOE,
            "In July of '69 I stood on this beach with my father. Same sand. He cried, and I pretended not to see it.",
        ),
        Item::photo(
            MAYA,
            photos::CHELSEA,
            "Chelsea is watching from home. She gives it until the tin opener.",
        ),
        Item::text(RANGE, "T minus 13 minutes. Everybody is asked one last time. Everybody says go."),
        Item::text(MAYA, "The sun is touching the trees. Nobody talks any more."),
        Item::text(RANGE, "T minus one minute. The rocket's own computers have it now."),
        Item::text(RANGE, "Ten. Nine. Eight. Seven."),
    ]
}

fn flight() -> Vec<Item> {
    vec![
        Item::text(RANGE, "Lift-off, 23:03:42 UTC. All nine engines."),
        Item::text(
            MAYA,
            "First the light, and no sound at all. Then the sound, and you have it in the chair, in the ribs, in the teeth.",
        ),
        Item::text(
            TOMAS,
            "It rose out of our dusk into sunlight. The trail went from orange to pink to a white that hurt.",
        ),
        Item::text(
            RANGE,
            "Through the speed of sound, and then through the greatest push of the air. From here on it gets thinner and easier.",
        ),
        Item::text(
            RANGE,
            "First stage is done, less than three minutes in. Separation. The one engine of the second stage is burning.",
        ),
        Item::text(
            RANGE,
            "The fairing is off. There is no air left to protect it from: DSCOVR is in the open.",
        ),
        Item::text(
            MAYA,
            "My daughter wants to know where the bottom part went. I say: it is trying to come home.",
        ),
        Item::text(RANGE, "Second stage off, on schedule. Parking orbit. Now it coasts."),
        Item::text(
            TOMAS,
            "The trail is still up there, torn by the winds into a long bright scribble. People photograph one another in front of it.",
        ),
        Item::text(
            RANGE,
            "Word from the sea: the first stage came down softly on the water, upright, within ten metres of its mark. With calmer seas that would have been a ship.",
        ),
        Item::text(
            RANGE,
            "The second stage burns once more, half an hour after launch. This is the one that leaves the Earth.",
        ),
        Item::text(RANGE, "Separation. DSCOVR flies by itself."),
    ]
}

fn afterwards() -> Vec<Item> {
    vec![
        Item::text(
            PRIYA,
            "Solar panels are out and the batteries are charging. There was a sound in this room that I can only call a group sigh.",
        ),
        Item::text(PRIYA, "Now about 110 days of quiet travel. In June it should be at its post."),
        Item::photo(
            TOMAS,
            photos::DEEP_FIELD,
            "For scale, a look past our neighbourhood: Hubble's eXtreme Deep Field. Thousands of galaxies. We have just moved something four Moons away, and it felt enormous.",
        ),
        Item::text(
            PRIYA,
            "It carries a camera as well, that looks back. From the summer on: the whole sunlit Earth in one picture, several times a day. That was the idea it was once built for.",
        ),
        Item::text(JOE, "So they did let it fly. Good."),
        Item::text(
            MAYA,
            "Two hours to get off the cape, bumper to bumper, windows down. Everybody is still talking to everybody.",
        ),
        Item::text(MAYA, "She is asleep in the back with the poster on her knees. Good night from Florida."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_the_servers_limits() {
        let stories =
            [story(), crate::others::over(), crate::others::coming(), crate::final_2018::story(1).unwrap()];
        for story in stories {
            assert!(story.event.title.chars().count() <= shared::limits::EVENT_TITLE_CHARS);
            assert!(story.event.description.chars().count() <= shared::limits::EVENT_DESCRIPTION_CHARS);
            assert!(story.event.starts_at.is_some(), "{} has a date that cannot be read", story.slug);
            for item in story.items {
                assert!(item.text.chars().count() <= shared::limits::MEDIA_TEXT_CHARS, "{}", item.text);
                assert!(item.author.chars().count() <= shared::limits::DISPLAY_NAME_CHARS);
            }
        }
    }

    #[test]
    fn every_photograph_is_shown() {
        let shown: std::collections::BTreeSet<&str> =
            story().items.iter().filter_map(|item| item.photo.map(|photo| photo.file)).collect();
        assert_eq!(shown.len(), 6);
    }
}
