//! Files that people send: photos, videos, sounds. Taken in as a stream, told by their content, freed of
//! everything but what is seen and heard, and kept in a directory as files that never change.
//!
//! An upload passes three steps. [`MediaFiles::receive`] streams it to disk and looks at its first bytes;
//! [`MediaFiles::store`] works on it away from the async threads, a few at a time, and moves the result
//! to its place in one step, synced; from then on [`MediaFiles::path`] finds it. Whatever goes wrong, and
//! wherever a future is dropped, nothing stays behind.
//!
//! Layout: `<dir>/<last two characters of the id>/<id>/{original.<ext>, 320.jpg, 640.jpg, 1280.jpg}`.
//! Of a photo `original` is encoded anew; a moving picture, a video or a sound is what came, without its
//! metadata (EXIF, XMP, GPS, tags, cover pictures, dates).
//!
//! Never knows who sends and what for, nor the database: which uploads are in use is known there. Called
//! by the handlers of uploads and files.

mod animation;
mod error;
mod format;
mod ingest;
mod jpeg;
mod mp3;
mod mp4;
mod ogg;
mod picture;
mod reader;
mod staging;
#[cfg(test)]
mod tests;
mod webm;

use std::{fmt::Display, io, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use shared::{
    UploadId,
    model::media::{Attachment, MediaKind},
};
use tokio::{
    io::AsyncWriteExt as _,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

pub use self::{error::IngestError, format::Format};
use self::{format::SNIFF_BYTES, staging::Staged};

/// What an upload may be, and how many there may be at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaLimits {
    /// Bytes of a file of any kind.
    pub upload_bytes: u64,
    /// Bytes of a picture, which is decoded in memory.
    pub picture_bytes: u64,
    /// Width times height of a picture, as its header says. Decoding takes up to eight bytes for each.
    pub pixels: u64,
    /// Frames of a picture that moves.
    pub animation_frames: u32,
    /// Uploads that are being received or waiting to be worked on.
    pub uploads_at_once: usize,
    /// Uploads that are being decoded and encoded.
    pub working_at_once: usize,
    /// Longest silence of a client in the middle of an upload.
    pub stall: Duration,
    /// Longest that a received upload waits for its turn.
    pub wait: Duration,
}

impl Default for MediaLimits {
    fn default() -> Self {
        Self {
            upload_bytes: 100 * 1024 * 1024,
            picture_bytes: 40 * 1024 * 1024,
            pixels: 50_000_000,
            animation_frames: 2_000,
            uploads_at_once: 64,
            working_at_once: 2,
            stall: Duration::from_mins(1),
            wait: Duration::from_mins(1),
        }
    }
}

/// The directory of uploads. Cheap to clone; all clones share its limits.
#[derive(Debug, Clone)]
pub struct MediaFiles {
    dir: Arc<PathBuf>,
    limits: Arc<MediaLimits>,
    receiving: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

/// A file on disk that was told by its first bytes and not looked at any further. Removed when dropped.
#[derive(Debug)]
pub struct Received {
    staged: Staged,
    format: Format,
    /// Of the bytes as they came.
    sha256: [u8; 32],
    /// Counts it among `uploads_at_once`.
    _place: OwnedSemaphorePermit,
}

/// A file in its place. It stays until [`MediaFiles::remove`].
#[derive(Debug, Clone, PartialEq)]
pub struct Ingested {
    pub attachment: Attachment,
    pub kind: MediaKind,
    /// SHA-256 of the bytes as they came: tells a repeated upload from another one.
    pub sha256: [u8; 32],
}

impl MediaFiles {
    /// Opens the directory, makes it if need be, and removes what was unfinished when the last server
    /// ended. One server at a time may have it open.
    pub fn open(dir: PathBuf, limits: MediaLimits) -> io::Result<Self> {
        staging::prepare(&dir)?;
        Ok(Self {
            dir: Arc::new(dir),
            receiving: Arc::new(Semaphore::new(limits.uploads_at_once)),
            working: Arc::new(Semaphore::new(limits.working_at_once)),
            limits: Arc::new(limits),
        })
    }

    pub fn limits(&self) -> &MediaLimits {
        &self.limits
    }

    /// Takes one file in: [`Self::receive`], then [`Self::store`].
    pub async fn ingest<S, E>(&self, stream: S) -> Result<Ingested, IngestError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Display,
    {
        let file = self.receive(stream).await?;
        self.store(file, None).await
    }

    /// Streams a file to disk. A type that is not taken ends it after the first bytes, a limit at once.
    pub async fn receive<S, E>(&self, stream: S) -> Result<Received, IngestError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Display,
    {
        let place = Arc::clone(&self.receiving).try_acquire_owned().map_err(|_| IngestError::Busy)?;
        let staged = Staged::create(&self.dir, crate::ids::new_id())?;
        let mut file = tokio::fs::File::create_new(staged.received()).await?;
        let mut stream = std::pin::pin!(stream);
        let mut head = Vec::with_capacity(SNIFF_BYTES);
        let mut hash = Sha256::new();
        let mut bytes = 0_u64;
        while let Some(chunk) = timeout(self.limits.stall, stream.next())
            .await
            .map_err(|_| IngestError::BrokenOff("nothing came for too long".into()))?
        {
            let chunk = chunk.map_err(|error| IngestError::BrokenOff(error.to_string()))?;
            bytes += chunk.len() as u64;
            if bytes > self.limits.upload_bytes {
                return Err(IngestError::TooManyBytes { limit: self.limits.upload_bytes });
            }
            if head.len() < SNIFF_BYTES {
                head.extend(chunk.iter().take(SNIFF_BYTES - head.len()));
                if head.len() == SNIFF_BYTES {
                    sniff(&head)?;
                }
            }
            hash.update(&chunk);
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        if bytes == 0 {
            return Err(IngestError::Empty);
        }
        let format = sniff(&head)?;
        let sha256 = hash.finalize().into();
        Ok(Received { staged, format, sha256, _place: place })
    }

    /// Works on a received file and puts the result in its place. `poster` is a picture to show for a
    /// video before it plays; with any other kind of file it is dropped.
    pub async fn store(&self, file: Received, poster: Option<Received>) -> Result<Ingested, IngestError> {
        let turn = timeout(self.limits.wait, Arc::clone(&self.working).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(IngestError::Busy)?;
        let limits = Arc::clone(&self.limits);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            ingest::store(file, poster, &limits)
        });
        // When this future is dropped here, the outcome of the work is dropped with it, and the files.
        let (staged, ingested) = match work.await {
            Ok(outcome) => outcome?,
            Err(error) => {
                tracing::warn!(%error, "a decoder failed on an upload");
                return Err(IngestError::DecoderFailed);
            }
        };
        staged.keep();
        Ok(ingested)
    }

    /// Makes another upload of the same files; they share their bytes on the disk. It stays until
    /// [`Self::remove`].
    pub async fn copy(&self, upload: &UploadId) -> io::Result<UploadId> {
        let (dir, from) = (Arc::clone(&self.dir), upload.clone());
        tokio::task::spawn_blocking(move || staging::copy(&dir, &from, crate::ids::new_id()))
            .await
            .map_err(io::Error::other)?
    }

    /// Where a file of an upload is, if its name is one that uploads have. It need not exist.
    pub fn path(&self, upload: &UploadId, file: &str) -> Option<PathBuf> {
        content_type(file).map(|_| staging::place(&self.dir, upload).join(file))
    }

    /// Removes an upload with all of its files, if it is there. A failure is logged: [`Self::older_than`]
    /// finds what stayed.
    pub async fn remove(&self, upload: &UploadId) {
        let (dir, id) = (Arc::clone(&self.dir), upload.clone());
        let removed = tokio::task::spawn_blocking(move || staging::remove(&dir, &id)).await;
        if let Err(error) = removed.map_err(io::Error::other).flatten() {
            tracing::error!(%upload, %error, "an upload could not be removed");
        }
    }

    /// Every upload that has been in its place for longer than `age`. What the database does not know of
    /// these (a crash came between the two) may be removed.
    pub async fn older_than(&self, age: Duration) -> io::Result<Vec<UploadId>> {
        let dir = Arc::clone(&self.dir);
        tokio::task::spawn_blocking(move || staging::older_than(&dir, age)).await.map_err(io::Error::other)?
    }
}

/// The type that a stored file is served as; `None` for names that no upload has.
pub fn content_type(file: &str) -> Option<&'static str> {
    Format::of_stored_file(file).map(Format::content_type)
}

fn sniff(head: &[u8]) -> Result<Format, IngestError> {
    Format::sniff(head).ok_or(IngestError::Unsupported("this is none of the types that are taken"))
}
