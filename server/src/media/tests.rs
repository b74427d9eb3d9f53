//! Whole uploads: real files in, the stored files looked at.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use futures_util::{StreamExt as _, stream};
use image::{DynamicImage, GenericImageView as _, ImageEncoder as _, ImageReader};
use proptest::prelude::*;
use shared::ErrorCode;
use tempfile::TempDir;

use super::*;

const FIXTURES: [&str; 18] = [
    "alpha.png",
    "clip.webm",
    "cmyk.jpg",
    "fragmented.mp4",
    "live.webm",
    "moving.gif",
    "moving.webp",
    "opus.ogg",
    "phone.mov",
    "rotated.mp4",
    "sound.m4a",
    "sound.mp3",
    "still.gif",
    "still.webp",
    "telemetry.mp4",
    "turned.jpg",
    "upright.mp4",
    "vorbis.ogg",
];

/// What only metadata says in the fixtures.
const SECRETS: [&[u8]; 7] = [b"SECRET", b"48.85", b"Exif", b"\xA9xyz", b"ID3", b"TAG", b"GPS"];

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/media").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn store_in(dir: &TempDir, limits: MediaLimits) -> MediaFiles {
    MediaFiles::open(dir.path().to_owned(), limits).unwrap()
}

fn pieces(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let pieces: Vec<_> = bytes.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

/// Every file below a directory, by its path there. What goes while this looks is not there.
fn files_in(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

/// Lets a future go as far as it can at once.
async fn poll_once<F: Future + Unpin>(future: &mut F) {
    tokio::select! {
        biased;
        _ = future => panic!("it was to wait"),
        () = std::future::ready(()) => {}
    }
}

fn assert_nothing_left(dir: &TempDir) {
    assert_eq!(files_in(dir.path()).into_keys().collect::<Vec<_>>(), Vec::<PathBuf>::new());
    assert_eq!(fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
}

/// The bytes behind a URL, found the way the server finds them.
fn stored(files: &MediaFiles, url: &str) -> Vec<u8> {
    let (upload, file) = url.strip_prefix("/media/").unwrap().split_once('/').unwrap();
    fs::read(files.path(&upload.parse().unwrap(), file).unwrap()).unwrap()
}

fn decoded(bytes: &[u8]) -> DynamicImage {
    ImageReader::new(Cursor::new(bytes)).with_guessed_format().unwrap().decode().unwrap()
}

/// The colours of the four corners, rounded to what the fixtures are painted with.
fn corners(image: &DynamicImage) -> [&'static str; 4] {
    let (right, bottom) = (image.width() - 3, image.height() - 3);
    [(2, 2), (right, 2), (2, bottom), (right, bottom)].map(|(x, y)| {
        match image.get_pixel(x, y).0.map(|sample| sample > 127) {
            [true, false, false, _] => "red",
            [false, true, false, _] => "green",
            [false, false, true, _] => "blue",
            [true, true, true, _] => "white",
            _ => "other",
        }
    })
}

async fn refused(bytes: &[u8], limits: MediaLimits) -> IngestError {
    let dir = TempDir::new().unwrap();
    let error = store_in(&dir, limits).ingest(pieces(bytes)).await.unwrap_err();
    assert_nothing_left(&dir);
    error
}

#[tokio::test]
async fn every_type_is_told_by_its_content() {
    for (name, content_type, kind, size, duration_ms) in [
        ("turned.jpg", "image/jpeg", MediaKind::Photo, Some((32, 64)), None),
        ("cmyk.jpg", "image/jpeg", MediaKind::Photo, Some((64, 32)), None),
        ("alpha.png", "image/png", MediaKind::Photo, Some((64, 32)), None),
        ("still.webp", "image/jpeg", MediaKind::Photo, Some((64, 32)), None),
        ("still.gif", "image/jpeg", MediaKind::Photo, Some((64, 32)), None),
        ("moving.gif", "image/gif", MediaKind::Photo, Some((64, 32)), None),
        ("moving.webp", "image/webp", MediaKind::Photo, Some((64, 32)), None),
        ("upright.mp4", "video/mp4", MediaKind::Video, Some((64, 32)), Some(600..=1100)),
        ("rotated.mp4", "video/mp4", MediaKind::Video, Some((32, 64)), Some(600..=1100)),
        ("fragmented.mp4", "video/mp4", MediaKind::Video, Some((32, 64)), None),
        ("telemetry.mp4", "video/mp4", MediaKind::Video, Some((64, 32)), Some(600..=1100)),
        ("phone.mov", "video/mp4", MediaKind::Video, Some((64, 32)), Some(600..=1100)),
        ("clip.webm", "video/webm", MediaKind::Video, Some((64, 32)), Some(600..=1100)),
        ("live.webm", "video/webm", MediaKind::Video, Some((64, 32)), Some(800..=1100)),
        ("sound.mp3", "audio/mpeg", MediaKind::Audio, None, Some(590..=700)),
        ("vorbis.ogg", "audio/ogg", MediaKind::Audio, None, Some(590..=650)),
        ("opus.ogg", "audio/ogg", MediaKind::Audio, None, Some(590..=650)),
        ("sound.m4a", "audio/mp4", MediaKind::Audio, None, Some(590..=700)),
    ] {
        let dir = TempDir::new().unwrap();
        let files = store_in(&dir, MediaLimits::default());
        let Ingested { attachment, kind: found, .. } =
            files.ingest(pieces(&fixture(name))).await.expect(name);
        assert_eq!(attachment.content_type, content_type, "{name}");
        assert_eq!(found, kind, "{name}");
        assert_eq!(attachment.width.zip(attachment.height), size, "{name}");
        assert_eq!(attachment.thumb_hash.is_some(), kind == MediaKind::Photo, "{name}");
        match duration_ms {
            Some(range) => assert!(
                attachment.duration_ms.is_some_and(|ms| range.contains(&ms)),
                "{name}: {attachment:?}"
            ),
            None => assert_eq!(attachment.duration_ms, None, "{name}"),
        }
        let kept = stored(&files, &attachment.url);
        assert_eq!(kept.len() as u64, attachment.bytes, "{name}");
        if kind == MediaKind::Photo {
            let picture = decoded(&kept);
            assert_eq!(Some((picture.width(), picture.height())), size, "{name}");
        }
        assert_eq!(super::content_type(attachment.url.rsplit('/').next().unwrap()), Some(content_type));
    }
}

#[tokio::test]
async fn nothing_that_metadata_says_is_stored() {
    for name in FIXTURES {
        let dir = TempDir::new().unwrap();
        store_in(&dir, MediaLimits::default()).ingest(pieces(&fixture(name))).await.expect(name);
        let stored = files_in(dir.path());
        assert!(!stored.is_empty(), "{name}");
        for (path, bytes) in stored {
            for secret in SECRETS {
                let there = bytes.windows(secret.len()).any(|window| window == secret);
                assert!(!there, "{} has {:?}", path.display(), String::from_utf8_lossy(secret));
            }
        }
    }
    // The fixtures would show it.
    for (name, secret) in [
        ("turned.jpg", "Exif"),
        ("rotated.mp4", "48.85"),
        ("telemetry.mp4", "SECRET"),
        ("moving.webp", "SECRET"),
        ("moving.gif", "GPS"),
        ("clip.webm", "48.85"),
        ("live.webm", "48.85"),
        ("sound.mp3", "SECRET"),
        ("vorbis.ogg", "48.85"),
        ("opus.ogg", "48.85"),
        ("sound.m4a", "SECRET"),
        ("phone.mov", "48.85"),
    ] {
        assert!(fixture(name).windows(secret.len()).any(|window| window == secret.as_bytes()), "{name}");
    }
}

#[tokio::test]
async fn a_photo_taken_sideways_stands_upright() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    let turned = files.ingest(pieces(&fixture("turned.jpg"))).await.unwrap();
    assert_eq!(corners(&decoded(&stored(&files, &turned.attachment.url))), ["blue", "red", "white", "green"]);
    let upright = files.ingest(pieces(&fixture("still.webp"))).await.unwrap();
    assert_eq!(
        corners(&decoded(&stored(&files, &upright.attachment.url))),
        ["red", "green", "blue", "white"]
    );
    let inks = files.ingest(pieces(&fixture("cmyk.jpg"))).await.unwrap();
    assert_eq!(corners(&decoded(&stored(&files, &inks.attachment.url))), ["red", "green", "blue", "white"]);
}

#[tokio::test]
async fn colours_of_a_wide_profile_become_srgb() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    let mut png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.set_icc_profile(moxcms::ColorProfile::new_display_p3().encode().unwrap()).unwrap();
    encoder.write_image(&[200, 80, 60].repeat(256), 16, 16, image::ExtendedColorType::Rgb8).unwrap();
    let photo = files.ingest(pieces(&png)).await.unwrap();
    let [red, green, blue, _] = decoded(&stored(&files, &photo.attachment.url)).get_pixel(8, 8).0;
    // What is (200, 80, 60) in Display P3 is (215, 69, 48) in sRGB; JPEG may be off by a little.
    for (found, asked) in [(red, 215), (green, 69), (blue, 48)] {
        assert!(found.abs_diff(asked) <= 5, "({red}, {green}, {blue})");
    }
}

#[tokio::test]
async fn renditions_are_those_narrower_than_the_picture() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    for (width, height, original, widths) in [
        (3000, 1500, (2560, 1280), &[320, 640, 1280][..]),
        (640, 400, (640, 400), &[320]),
        (320, 10, (320, 10), &[]),
        (2, 4000, (1, 2560), &[]),
    ] {
        let mut png = Cursor::new(Vec::new());
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 0]));
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let Ingested { attachment, .. } = files.ingest(pieces(png.get_ref())).await.unwrap();
        assert_eq!((attachment.width, attachment.height), (Some(original.0), Some(original.1)));
        assert_eq!(attachment.content_type, "image/jpeg");
        assert_eq!(attachment.renditions.iter().map(|rendition| rendition.width).collect::<Vec<_>>(), widths);
        for rendition in &attachment.renditions {
            let picture = decoded(&stored(&files, &rendition.url));
            assert_eq!((picture.width(), picture.height()), (rendition.width, rendition.height));
            assert_eq!(rendition.height, height * rendition.width / width);
        }
    }
}

#[tokio::test]
async fn a_video_gets_the_pictures_of_its_poster() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    let video = files.receive(pieces(&fixture("upright.mp4"))).await.unwrap();
    let poster = files.receive(pieces(&fixture("still.webp"))).await.unwrap();
    let Ingested { attachment, sha256, .. } = files.store(video, Some(poster)).await.unwrap();
    let came: [u8; 32] = Sha256::digest(fixture("upright.mp4")).into();
    assert_eq!(sha256, came, "of what came, not of what is kept");
    assert!(attachment.thumb_hash.is_some());
    let [rendition] = &attachment.renditions[..] else { panic!("{attachment:?}") };
    assert_eq!((rendition.width, rendition.height), (64, 32));
    assert_eq!(corners(&decoded(&stored(&files, &rendition.url))), ["red", "green", "blue", "white"]);
    assert_eq!(files_in(dir.path()).len(), 2, "the video and its rendition");

    // A poster of a sound is not kept, one that is no picture is refused with the whole.
    let sound = files.receive(pieces(&fixture("sound.mp3"))).await.unwrap();
    let poster = files.receive(pieces(&fixture("still.webp"))).await.unwrap();
    assert_eq!(files.store(sound, Some(poster)).await.unwrap().attachment.renditions, []);
    let video = files.receive(pieces(&fixture("upright.mp4"))).await.unwrap();
    let poster = files.receive(pieces(&fixture("sound.mp3"))).await.unwrap();
    assert_eq!(files.store(video, Some(poster)).await.unwrap_err().code(), ErrorCode::UnsupportedMedia);
    assert_eq!(files_in(dir.path()).len(), 3);
}

#[tokio::test]
async fn what_breaks_off_or_is_cut_short_is_truncated() {
    for name in FIXTURES.into_iter().filter(|name| !name.contains("live")) {
        let whole = fixture(name);
        for keep in [whole.len() * 2 / 3, whole.len() / 2] {
            let error = refused(&whole[..keep], MediaLimits::default()).await;
            assert_eq!(error.code(), ErrorCode::Truncated, "{name} at {keep}: {error}");
        }
    }
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    let half = stream::iter([Ok(Bytes::from(fixture("turned.jpg"))), Err("connection reset")]);
    let error = files.ingest(half).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Truncated);
    assert_nothing_left(&dir);
    assert_eq!(refused(b"", MediaLimits::default()).await.code(), ErrorCode::Truncated);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_falls_silent_is_given_up() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    let silent = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"GIF89a"))]).chain(stream::pending());
    assert_eq!(files.ingest(silent).await.unwrap_err().code(), ErrorCode::Truncated);
    assert_nothing_left(&dir);
}

#[tokio::test]
async fn bombs_and_giants_are_too_large() {
    let limits = MediaLimits { upload_bytes: 2000, ..MediaLimits::default() };
    assert!(matches!(
        refused(&fixture("moving.gif"), limits).await,
        IngestError::TooManyBytes { limit: 2000 }
    ));
    let limits = MediaLimits { picture_bytes: 800, ..MediaLimits::default() };
    assert!(matches!(
        refused(&fixture("turned.jpg"), limits).await,
        IngestError::TooManyBytes { limit: 800 }
    ));
    let limits = MediaLimits { animation_frames: 2, ..MediaLimits::default() };
    assert_eq!(refused(&fixture("moving.gif"), limits).await.code(), ErrorCode::TooLarge);
    for name in
        ["turned.jpg", "alpha.png", "still.gif", "still.webp", "moving.webp", "upright.mp4", "clip.webm"]
    {
        let limits = MediaLimits { pixels: 64 * 32 - 1, ..MediaLimits::default() };
        let error = refused(&fixture(name), limits).await;
        assert!(matches!(error, IngestError::TooManyPixels { limit: 2047 }), "{name}: {error}");
    }
    // A few bytes that say they are ten thousand million pixels.
    let mut bomb = fixture("alpha.png");
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    let sum = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(refused(&bomb, MediaLimits::default()).await.code(), ErrorCode::TooLarge);
}

/// CRC-32 as PNG has it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}

#[tokio::test]
async fn what_is_none_of_the_types_is_refused_whatever_its_name() {
    for bytes in [
        &b"<!doctype html><html><body><script>alert(document.cookie)</script></body></html>"[..],
        b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
        b"%PDF-1.7 and so on",
        b"\x7FELF\x02\x01\x01 and so on, for more than what is looked at: sixty-four bytes or so",
        b"ID3\x04\0\0\0\0\0\0 and then no sound at all",
        b"hello",
    ] {
        let error = refused(bytes, MediaLimits::default()).await;
        assert_eq!(error.code(), ErrorCode::UnsupportedMedia, "{error}");
    }
}

#[tokio::test]
async fn a_refused_type_ends_the_upload_after_its_first_bytes() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    // Would wait for ever for the rest.
    let page = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![b'<'; 100]))]).chain(stream::pending());
    assert_eq!(files.ingest(page).await.unwrap_err().code(), ErrorCode::UnsupportedMedia);
    assert_nothing_left(&dir);
}

#[tokio::test]
async fn a_dropped_upload_leaves_nothing() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    {
        let endless =
            stream::iter([Ok::<_, Infallible>(Bytes::from(fixture("moving.gif")))]).chain(stream::pending());
        let mut upload = Box::pin(files.ingest(endless));
        // Far enough to have the first bytes on disk.
        while files_in(dir.path()).is_empty() {
            poll_once(&mut upload).await;
            tokio::task::yield_now().await;
        }
    }
    assert_nothing_left(&dir);

    // Gone while the file is being worked on: the work ends by itself, and what it made goes with it.
    let received = files.receive(pieces(&fixture("turned.jpg"))).await.unwrap();
    let mut storing = Box::pin(files.store(received, None));
    poll_once(&mut storing).await;
    drop(storing);
    let all = files.limits().working_at_once as u32;
    let idle = files.working.acquire_many(all).await.unwrap();
    drop(idle);
    // The turn is given back just before the files go.
    while !files_in(dir.path()).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_nothing_left(&dir);
}

#[tokio::test]
async fn more_uploads_than_are_taken_at_once_are_told_to_come_back() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits { uploads_at_once: 1, ..MediaLimits::default() });
    let first = files.receive(pieces(&fixture("sound.mp3"))).await.unwrap();
    let second = files.receive(pieces(&fixture("sound.mp3"))).await.unwrap_err();
    assert_eq!(second.code(), ErrorCode::RateLimited);
    files.store(first, None).await.unwrap();
    files.ingest(pieces(&fixture("sound.mp3"))).await.unwrap();
}

#[tokio::test]
async fn opening_removes_what_a_crash_left_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let kept = store_in(&dir, MediaLimits::default()).ingest(pieces(&fixture("sound.mp3"))).await.unwrap();
    fs::create_dir_all(dir.path().join("incoming/half")).unwrap();
    fs::write(dir.path().join("incoming/half/received"), "half").unwrap();
    let files = store_in(&dir, MediaLimits::default());
    assert_eq!(files_in(dir.path()).len(), 1);
    assert_eq!(stored(&files, &kept.attachment.url).len() as u64, kept.attachment.bytes);
    assert_eq!(
        files.older_than(Duration::ZERO).await.unwrap(),
        std::slice::from_ref(&kept.attachment.upload_id)
    );
    assert_eq!(files.older_than(Duration::from_hours(1)).await.unwrap(), []);
    for _ in 0..2 {
        files.remove(&kept.attachment.upload_id).await;
        assert_nothing_left(&dir);
    }
    assert_eq!(files.older_than(Duration::ZERO).await.unwrap(), []);
}

#[tokio::test]
async fn a_path_never_leaves_the_directory() {
    let dir = TempDir::new().unwrap();
    let files = store_in(&dir, MediaLimits::default());
    let upload: UploadId = "x".parse().unwrap();
    assert_eq!(files.path(&upload, "320.jpg"), Some(dir.path().join("x/x/320.jpg")));
    for file in ["../original.jpg", "..", "received", "original.html", "/etc/passwd", "original.jpg/.."] {
        assert_eq!(files.path(&upload, file), None, "{file}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a file has become on its way, it is stored whole or refused with the file's fault, and
    /// no decoder panics.
    #[test]
    fn damaged_files_are_stored_or_refused(
        name in prop::sample::select(&FIXTURES[..]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = fixture(name);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dir = TempDir::new().unwrap();
        let files = store_in(&dir, MediaLimits { pixels: 1_000_000, ..MediaLimits::default() });
        match runtime.block_on(files.ingest(pieces(&bytes))) {
            Ok(Ingested { attachment, .. }) => {
                prop_assert_eq!(stored(&files, &attachment.url).len() as u64, attachment.bytes);
                prop_assert_eq!(files_in(dir.path()).len(), 1 + attachment.renditions.len());
            }
            Err(error) => {
                let at_fault = [ErrorCode::Truncated, ErrorCode::UnsupportedMedia, ErrorCode::TooLarge];
                prop_assert!(at_fault.contains(&error.code()), "{error}");
                prop_assert!(!matches!(error, IngestError::DecoderFailed), "{name}");
                assert_nothing_left(&dir);
            }
        }
    }
}
