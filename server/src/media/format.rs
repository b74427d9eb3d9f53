//! The file formats that are taken: how each is told from its first bytes, and what it is served as.
//! Nothing here looks at a file's name or at what a client says it is. Called by the rest of `media` and,
//! for the content types, by the handler that serves files.

use shared::model::media::MediaKind;

/// Bytes of a file that [`Format::sniff`] wants to see, or all of it when it is shorter.
pub(super) const SNIFF_BYTES: usize = 64;

/// A container or picture format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Jpeg,
    Png,
    Webp,
    Gif,
    /// ISO base media (ISO/IEC 14496-12) with a picture track; `QuickTime` files as well.
    Mp4,
    /// ISO base media with sound only.
    M4a,
    Webm,
    Mp3,
    Ogg,
}

impl Format {
    pub const ALL: [Self; 9] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Gif,
        Self::Mp4,
        Self::M4a,
        Self::Webm,
        Self::Mp3,
        Self::Ogg,
    ];

    /// Tells the format by its signature. ISO base media is `Mp4` until its tracks have been seen.
    pub(super) fn sniff(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
                let still = [b"heic", b"heix", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"];
                let is_still =
                    still.into_iter().any(|known| brand.starts_with(known)) || brand.starts_with(b"crx ");
                (!is_still).then_some(Self::Mp4)
            }
            [0x1A, 0x45, 0xDF, 0xA3, ..] => Some(Self::Webm),
            [b'O', b'g', b'g', b'S', ..] => Some(Self::Ogg),
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            [first, second, third, fourth, ..]
                if super::mp3::FrameHeader::parse([*first, *second, *third, *fourth]).is_some() =>
            {
                Some(Self::Mp3)
            }
            _ => None,
        }
    }

    /// What an item with such a file is.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Gif => MediaKind::Photo,
            Self::Mp4 | Self::Webm => MediaKind::Video,
            Self::M4a | Self::Mp3 | Self::Ogg => MediaKind::Audio,
        }
    }

    /// The type a browser is told (RFC 6838 name).
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Mp4 => "video/mp4",
            Self::M4a => "audio/mp4",
            Self::Webm => "video/webm",
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
        }
    }

    /// The ending of stored files of this format, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Mp4 => "mp4",
            Self::M4a => "m4a",
            Self::Webm => "webm",
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
        }
    }

    /// The format of a stored file by its name: `original.` or a rendition's width, and a known ending.
    /// Every other name is not one of ours.
    pub(super) fn of_stored_file(name: &str) -> Option<Self> {
        let (stem, extension) = name.split_once('.')?;
        let is_width = (1..=5).contains(&stem.len())
            && stem.bytes().all(|byte| byte.is_ascii_digit())
            && !stem.starts_with('0');
        let format = Self::ALL.into_iter().find(|format| format.extension() == extension)?;
        (stem == "original" || (is_width && matches!(format, Self::Jpeg | Self::Png))).then_some(format)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_could_run_is_no_format() {
        for head in [
            &b"<!doctype html><script>alert(1)</script>"[..],
            b"<svg xmlns=\"http://www.w3.org/2000/svg\">",
            b"<?xml version=\"1.0\"?><svg/>",
            b"%PDF-1.7",
            b"MZ\x90\0",
            b"\x7fELF",
            b"PK\x03\x04",
            b"\0\0\0\x18ftypheic",
            b"\0\0\0\x18ftypavif",
            b"\xFF\xF1\x50\x80",
            b"GIF",
            b"",
        ] {
            assert_eq!(Format::sniff(head), None, "{head:?}");
        }
    }

    #[test]
    fn only_names_that_are_written_are_read() {
        for good in ["original.jpg", "original.m4a", "320.jpg", "1280.png"] {
            assert!(Format::of_stored_file(good).is_some(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "original",
            "original.",
            "original.html",
            "original.jpg.html",
            "../original.jpg",
            "320.mp4",
            "0320.jpg",
            "320000.jpg",
            "-1.jpg",
            "received",
            "320.JPG",
            "a/320.jpg",
            "320.jpg/",
            "320.jpg\0",
        ] {
            assert_eq!(Format::of_stored_file(bad), None, "{bad:?}");
        }
    }
}
