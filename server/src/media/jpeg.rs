//! Whether a JPEG (ITU-T T.81) is all there. Decoders are kind to a file that breaks off and paint the
//! rest grey; on a timeline a photo that came half is worse than a clear refusal.

use super::error::IngestError;

/// Goes from marker to marker until the end of the image. What follows that (a phone's motion clip, a
/// second picture) does not matter: only pixels are kept.
pub(super) fn check_whole(bytes: &[u8]) -> Result<(), IngestError> {
    const END_OF_IMAGE: u8 = 0xD9;
    let mut at = 2;
    while let Some(marker) = next_marker(bytes, &mut at) {
        match marker {
            END_OF_IMAGE => return Ok(()),
            // Restart markers and the like stand alone.
            0x01 | 0xD0..=0xD8 => {}
            // A segment. After the header of a scan come its data, which the search for the next marker
            // passes over.
            _ => {
                let length =
                    bytes.get(at..at + 2).map_or(0, |size| usize::from(size[0]) << 8 | usize::from(size[1]));
                if length < 2 {
                    break;
                }
                at += length;
            }
        }
    }
    Err(IngestError::damaged("the picture ends too early"))
}

/// Moves `at` behind the next marker and returns it. A zero after 0xFF means that it was data.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        *at += bytes.get(*at..)?.iter().position(|byte| *byte == 0xFF)? + 1;
        while bytes.get(*at) == Some(&0xFF) {
            *at += 1;
        }
        let marker = *bytes.get(*at)?;
        *at += 1;
        if marker != 0 {
            return Some(marker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_marker_counts_only_where_a_marker_can_stand() {
        // An APP1 segment that holds an end marker, a scan with a stuffed 0xFF and a restart.
        let whole = b"\xFF\xD8\xFF\xE1\0\x05\xFF\xD9\0\xFF\xDA\0\x03\x01data\xFF\0data\xFF\xD0data\xFF\xD9";
        assert!(check_whole(whole).is_ok());
        assert!(check_whole(&[&whole[..], b"a motion clip"].concat()).is_ok());
        for end in 0..whole.len() {
            assert!(check_whole(&whole[..end]).is_err(), "cut at {end}");
        }
        assert!(check_whole(b"\xFF\xD8\xFF\xE1\0\x01\xFF\xD9").is_err(), "a segment shorter than its length");
    }
}
