//! What becomes of a received file: the work between `receive` and its place. Blocking; called by
//! [`super::MediaFiles::store`] on a thread for that.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
};

use shared::{
    UploadId,
    model::media::{Attachment, MediaKind, Rendition},
};

use super::{
    Ingested, MediaLimits, Received,
    error::IngestError,
    format::Format,
    mp3, mp4, ogg,
    picture::{Encoded, Picture},
    reader::Facts,
    staging::Staged,
    webm,
};

/// Widths that a page asks for, in pixels: a card on a phone, the same at twice the density, a desk.
const RENDITION_PX: [u32; 3] = [320, 640, 1280];

/// Works on `file` and moves what is to be kept to its place. The directory that is returned is removed
/// when dropped, unless kept.
pub(super) fn store(
    file: Received,
    poster: Option<Received>,
    limits: &MediaLimits,
) -> Result<(Staged, Ingested), IngestError> {
    let Received { mut staged, format, sha256, .. } = file;
    let (kind, mut attachment) = match format.kind() {
        MediaKind::Photo | MediaKind::Text => (MediaKind::Photo, photo(&staged, format, limits)?),
        MediaKind::Video | MediaKind::Audio => recording(&staged, format, limits)?,
    };
    if kind == MediaKind::Video
        && let Some(poster) = poster
    {
        let picture = Picture::read(&poster.staged.received(), poster.format, limits)?;
        attach_poster(&staged, &mut attachment, &picture)?;
    }
    staged.publish()?;
    Ok((staged, Ingested { attachment, kind, sha256 }))
}

fn photo(staged: &Staged, format: Format, limits: &MediaLimits) -> Result<Attachment, IngestError> {
    let picture = Picture::read(&staged.received(), format, limits)?;
    let Encoded { format, bytes, width, height } = picture.original()?;
    let name = original(format);
    staged.write(&name, &bytes)?;
    Ok(Attachment {
        upload_id: staged.id().clone(),
        content_type: format.content_type().into(),
        url: url(staged.id(), &name),
        bytes: bytes.len() as u64,
        width: Some(width),
        height: Some(height),
        duration_ms: None,
        thumb_hash: Some(picture.thumb_hash()?),
        renditions: renditions(staged, &picture, RENDITION_PX.into_iter().filter(|px| *px < width))?,
    })
}

fn recording(
    staged: &Staged,
    format: Format,
    limits: &MediaLimits,
) -> Result<(MediaKind, Attachment), IngestError> {
    // Sounds are copied, the rest is changed where it is: a video is too large to be written twice.
    let Facts { format, size, duration_ms } = match format {
        Format::Mp3 => rewritten(staged, |file, out| mp3::copy_frames(file, out))?,
        Format::Ogg => rewritten(staged, |file, out| ogg::copy_without_comments(file, out))?,
        Format::Webm => webm::scrub(&staged.open_received()?)?,
        _ => mp4::scrub(&staged.open_received()?)?,
    };
    if size.is_some_and(|(width, height)| u64::from(width) * u64::from(height) > limits.pixels) {
        return Err(IngestError::TooManyPixels { limit: limits.pixels });
    }
    let name = original(format);
    let bytes = staged.keep_received(&name)?;
    let attachment = Attachment {
        upload_id: staged.id().clone(),
        content_type: format.content_type().into(),
        url: url(staged.id(), &name),
        bytes,
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        duration_ms,
        thumb_hash: None,
        renditions: Vec::new(),
    };
    Ok((format.kind(), attachment))
}

/// Replaces the received file by what `rewrite` copies of it.
fn rewritten(
    staged: &Staged,
    rewrite: impl FnOnce(&File, &mut BufWriter<File>) -> Result<Facts, IngestError>,
) -> Result<Facts, IngestError> {
    let received = staged.open_received()?;
    let mut out = BufWriter::with_capacity(64 * 1024, staged.create_rewritten()?);
    let facts = rewrite(&received, &mut out)?;
    out.flush()?;
    staged.replace_received()?;
    Ok(facts)
}

/// Gives a video the renditions and the placeholder of a picture, and its size if it told none.
fn attach_poster(staged: &Staged, video: &mut Attachment, poster: &Picture) -> Result<(), IngestError> {
    let (width, height) = poster.size();
    // The largest is the poster itself, unless that is larger than any page shows it.
    let largest = width.min(RENDITION_PX[RENDITION_PX.len() - 1]);
    let widths = RENDITION_PX.into_iter().filter(|px| *px < largest).chain([largest]);
    video.renditions = renditions(staged, poster, widths)?;
    video.thumb_hash = Some(poster.thumb_hash()?);
    video.width = video.width.or(Some(width));
    video.height = video.height.or(Some(height));
    Ok(())
}

fn renditions(
    staged: &Staged,
    picture: &Picture,
    widths: impl Iterator<Item = u32>,
) -> Result<Vec<Rendition>, IngestError> {
    widths
        .map(|px| {
            let Encoded { format, bytes, width, height } = picture.rendition(px)?;
            let name = format!("{px}.{}", format.extension());
            staged.write(&name, &bytes)?;
            Ok(Rendition { width, height, url: url(staged.id(), &name) })
        })
        .collect()
}

fn original(format: Format) -> String {
    format!("original.{}", format.extension())
}

fn url(id: &UploadId, name: &str) -> String {
    format!("/media/{id}/{name}")
}
