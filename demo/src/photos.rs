//! The photographs; who took them and under which licence says `photos/LICENCES.md`.

use crate::story::Photo;

macro_rules! photo {
    ($file:literal) => {
        Photo { file: $file, bytes: include_bytes!(concat!("../photos/", $file)) }
    };
}

pub(crate) const ASTRONAUT: Photo = photo!("astronaut.png");
pub(crate) const CHELSEA: Photo = photo!("chelsea.png");
pub(crate) const COFFEE: Photo = photo!("coffee.png");
pub(crate) const DEEP_FIELD: Photo = photo!("hubble_deep_field.jpg");
pub(crate) const MOON: Photo = photo!("moon.png");
pub(crate) const ROCKET: Photo = photo!("rocket.jpg");
