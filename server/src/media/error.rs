//! Why an upload was not taken.

use std::io;

use shared::ErrorCode;

/// Every way in which taking a file in can end other than well. Nothing of the file stays behind.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Not a single byte.
    #[error("the file is empty")]
    Empty,
    /// The stream ended with an error, or stopped for too long.
    #[error("the upload broke off: {0}")]
    BrokenOff(String),
    /// The file contradicts itself or ends before it is complete.
    #[error("the file is damaged or incomplete: {0}")]
    Damaged(String),
    /// Over the limit of bytes for its kind.
    #[error("the file is larger than {limit} bytes")]
    TooManyBytes { limit: u64 },
    /// Over the limit of width times height.
    #[error("the picture has more than {limit} pixels")]
    TooManyPixels { limit: u64 },
    /// A picture that moves for longer than a page should have to play.
    #[error("the animation has more than {limit} frames")]
    TooManyFrames { limit: u32 },
    /// None of the types that are taken.
    #[error("{0}; taken are JPEG, PNG, WebP, GIF, MP4, WebM, MP3, Ogg and M4A")]
    Unsupported(&'static str),
    /// A decoder gave up in a way it should not have: the file is at fault, and so is the decoder.
    #[error("the file could not be read")]
    DecoderFailed,
    /// Too many uploads are being received or worked on.
    #[error("too many uploads at the moment")]
    Busy,
    /// The directory of uploads could not be written or read.
    #[error("uploads cannot be stored: {0}")]
    Storage(#[from] io::Error),
}

impl IngestError {
    /// The wire's code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Empty | Self::BrokenOff(_) | Self::Damaged(_) | Self::DecoderFailed => ErrorCode::Truncated,
            Self::TooManyBytes { .. } | Self::TooManyPixels { .. } | Self::TooManyFrames { .. } => {
                ErrorCode::TooLarge
            }
            Self::Unsupported(_) => ErrorCode::UnsupportedMedia,
            Self::Busy => ErrorCode::RateLimited,
            Self::Storage(error) => match error.kind() {
                io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::ReadOnlyFilesystem => ErrorCode::StorageUnavailable,
                _ => ErrorCode::Internal,
            },
        }
    }

    pub(super) fn damaged(why: impl std::fmt::Display) -> Self {
        Self::Damaged(why.to_string())
    }

    /// For reads of a file that is complete on disk: a read past its end is the file's fault, anything
    /// else the disk's.
    pub(super) fn reading(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::damaged("it ends too early")
        } else {
            Self::Storage(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_the_storage_and_not_the_file() {
        for kind in
            [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::ReadOnlyFilesystem]
        {
            assert_eq!(IngestError::Storage(kind.into()).code(), ErrorCode::StorageUnavailable);
        }
        assert_eq!(IngestError::Storage(io::ErrorKind::PermissionDenied.into()).code(), ErrorCode::Internal);
        assert_eq!(IngestError::Busy.code(), ErrorCode::RateLimited);
    }
}
