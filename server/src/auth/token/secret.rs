//! The secret that this server signs tokens with: configured, or made at the first start and kept in the data
//! directory, for its owner alone to read.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::SetupError;
use crate::config;

/// Where a secret that was made here is kept.
const FILE: &str = "jwt-secret";
/// A secret is as long as the hash that it goes into (RFC 7518 §3.2), in bytes.
const BYTES_MIN: usize = 32;

/// A secret for HS256.
#[derive(Clone)]
pub(super) struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// The configured one, else the data directory's, which is made if it is not there.
    pub(super) fn open(options: &config::Tokens, data_dir: &Path) -> Result<Self, SetupError> {
        if let Some(secret) = &options.jwt_secret {
            return checked(secret.expose().as_bytes(), "the environment");
        }
        match &options.jwt_secret_file {
            Some(path) => read(path),
            None => kept(&data_dir.join(FILE)),
        }
    }

    pub(super) fn encoding_key(&self) -> EncodingKey {
        EncodingKey::from_secret(&self.0)
    }

    pub(super) fn decoding_key(&self) -> DecodingKey {
        DecodingKey::from_secret(&self.0)
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SetupError {
    let path = path.display().to_string();
    move |error| SetupError::Secret { path: path.clone(), reason: error.to_string() }
}

fn read(path: &Path) -> Result<Secret, SetupError> {
    let text = fs::read(path).map_err(failed(path))?;
    let mode = fs::metadata(path).map_err(failed(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others than its owner may read the secret for tokens");
    }
    checked(text.trim_ascii(), &path.display().to_string())
}

fn checked(secret: &[u8], from: &str) -> Result<Secret, SetupError> {
    if secret.len() < BYTES_MIN {
        let reason = format!("it has {} bytes; {BYTES_MIN} or more are needed", secret.len());
        return Err(SetupError::Secret { path: from.to_owned(), reason });
    }
    Ok(Secret(secret.to_vec()))
}

/// Reads the secret at `path`, or makes one. Of several who make it at once the first wins.
fn kept(path: &Path) -> Result<Secret, SetupError> {
    if path.exists() {
        return read(path);
    }
    let made = path.with_extension(format!("new-{}", std::process::id()));
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; BYTES_MIN]>());
    let written = write_new(&made, &secret).and_then(|()| match fs::hard_link(&made, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // Either it has its name now, or it is of no use.
    let removed = fs::remove_file(&made);
    written.and(removed).map_err(failed(path))?;
    read(path)
}

fn write_new(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_a_secret_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let first = kept(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(kept(&path).unwrap().0, first.0, "the next start finds it");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left lying about");
        assert!(first.0.len() >= 43, "256 bits");
    }

    #[test]
    fn s5_a_short_secret_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("short");
        fs::write(&path, "hunter2\n").unwrap();
        let Err(SetupError::Secret { reason, .. }) = read(&path) else { panic!("it was taken") };
        assert!(reason.contains("7 bytes"), "{reason}");
    }
}
