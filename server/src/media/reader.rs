//! Bounded reading and in-place wiping of a file on disk, for the container formats: every read names
//! its place, none leaves the file, and no length found in a file is believed before it was compared
//! with the file's own.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom, Write},
};

use super::error::IngestError;

/// A file that is read, and patched, by position.
#[derive(Debug)]
pub(super) struct Reader<'f> {
    inner: BufReader<&'f File>,
    /// Where `inner` stands.
    at: u64,
    /// Bytes of the whole file.
    length: u64,
}

impl<'f> Reader<'f> {
    pub(super) fn new(file: &'f File) -> Result<Self, IngestError> {
        let length = file.metadata()?.len();
        let mut inner = BufReader::with_capacity(32 * 1024, file);
        inner.seek(SeekFrom::Start(0))?;
        Ok(Self { inner, at: 0, length })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    fn go_to(&mut self, at: u64) -> Result<(), IngestError> {
        if at > self.length {
            return Err(IngestError::damaged("it ends too early"));
        }
        // Both fit: `at` and `self.at` are at most the length of a file.
        self.inner.seek_relative(at as i64 - self.at as i64)?;
        self.at = at;
        Ok(())
    }

    /// `N` bytes from `at`.
    pub(super) fn array<const N: usize>(&mut self, at: u64) -> Result<[u8; N], IngestError> {
        let mut bytes = [0; N];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    /// All of `start..end`, which may be at most `limit` bytes.
    pub(super) fn bytes(&mut self, start: u64, end: u64, limit: u64) -> Result<Vec<u8>, IngestError> {
        let length = end.checked_sub(start).filter(|length| *length <= limit && end <= self.length);
        let length = length.ok_or_else(|| IngestError::damaged("a part of it has an impossible length"))?;
        let mut bytes = vec![0; length as usize];
        self.fill(start, &mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), IngestError> {
        self.go_to(at)?;
        self.inner.read_exact(bytes).map_err(IngestError::reading)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Overwrites what stands from `at` on.
    pub(super) fn overwrite(&mut self, at: u64, bytes: &[u8]) -> Result<(), IngestError> {
        let mut file: &File = self.inner.get_ref();
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        // Forgets what was buffered, which may be what was overwritten.
        self.inner.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    /// Overwrites `start..end` with zeros.
    pub(super) fn wipe(&mut self, start: u64, end: u64) -> Result<(), IngestError> {
        const ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
        let mut file: &File = self.inner.get_ref();
        file.seek(SeekFrom::Start(start))?;
        let mut left = end.min(self.length).saturating_sub(start);
        while left > 0 {
            let step = left.min(ZEROS.len() as u64);
            file.write_all(&ZEROS[..step as usize])?;
            left -= step;
        }
        self.inner.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }
}

/// What a container says about its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) format: super::format::Format,
    /// Pixels as shown, after rotation.
    pub(super) size: Option<(u32, u32)>,
    pub(super) duration_ms: Option<u64>,
}

/// `units / per_second` in milliseconds.
pub(super) fn to_ms(units: u64, per_second: u64) -> Option<u64> {
    let ms = u128::from(units).checked_mul(1000)?.checked_div(u128::from(per_second))?;
    u64::try_from(ms).ok()
}
