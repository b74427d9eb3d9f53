//! A directory of its own for each upload, out of everybody's sight until it is complete, then moved to
//! its place in one step. Whoever drops it before that (an error, a client that went away) removes it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use shared::UploadId;

/// Where uploads are while they come in, below the directory of all uploads. Longer than two characters
/// and thus never a shard.
const INCOMING: &str = "incoming";
/// The file as it came.
const RECEIVED: &str = "received";
/// What is to take its place.
const REWRITTEN: &str = "rewritten";

/// Creates the directories and removes what a crash left half done.
pub(super) fn prepare(root: &Path) -> io::Result<()> {
    let incoming = root.join(INCOMING);
    match fs::remove_dir_all(&incoming) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::create_dir_all(&incoming)
}

/// Where the files of an upload are: a directory below one of its last two characters, which are random,
/// so that no directory holds too many.
pub(super) fn place(root: &Path, id: &UploadId) -> PathBuf {
    let text = id.as_str();
    let shard = &text[text.len().saturating_sub(2)..];
    root.join(shard).join(text)
}

/// Removes an upload: out of sight in one step, then for good. `false` if there was none.
pub(super) fn remove(root: &Path, id: &UploadId) -> io::Result<bool> {
    let grave = root.join(INCOMING).join(format!("removed-{id}"));
    match fs::rename(place(root, id), &grave) {
        Ok(()) => fs::remove_dir_all(&grave).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Links the files of an upload into another one, in its place and durable when this returns.
pub(super) fn copy(root: &Path, from: &UploadId, to: UploadId) -> io::Result<UploadId> {
    let mut staged = Staged::create(root, to.clone())?;
    for file in fs::read_dir(place(root, from))? {
        let file = file?;
        fs::hard_link(file.path(), staged.dir.join(file.file_name()))?;
    }
    staged.publish()?;
    staged.keep();
    Ok(to)
}

/// The uploads whose directory was last changed, which is when it got its place, longer than `age` ago.
pub(super) fn older_than(root: &Path, age: Duration) -> io::Result<Vec<UploadId>> {
    let mut found = Vec::new();
    for shard in fs::read_dir(root)? {
        let shard = shard?;
        if shard.file_name() == INCOMING || !shard.file_type()?.is_dir() {
            continue;
        }
        for upload in fs::read_dir(shard.path())? {
            let upload = upload?;
            let id = upload.file_name().to_str().and_then(|name| name.parse().ok());
            let is_old = upload.metadata()?.modified()?.elapsed().is_ok_and(|elapsed| elapsed > age);
            found.extend(id.filter(|_| is_old));
        }
    }
    Ok(found)
}

/// An upload's directory, removed on drop unless it was kept.
#[derive(Debug)]
pub(super) struct Staged {
    id: UploadId,
    /// Below `incoming` until [`Staged::publish`], then its place.
    dir: PathBuf,
    root: PathBuf,
    kept: bool,
}

impl Staged {
    pub(super) fn create(root: &Path, id: UploadId) -> io::Result<Self> {
        let dir = root.join(INCOMING).join(id.as_str());
        fs::create_dir(&dir)?;
        Ok(Self { id, dir, root: root.to_owned(), kept: false })
    }

    pub(super) fn id(&self) -> &UploadId {
        &self.id
    }

    /// The file as it came.
    pub(super) fn received(&self) -> PathBuf {
        self.dir.join(RECEIVED)
    }

    /// The file as it came, and as it is to be worked on in place.
    pub(super) fn open_received(&self) -> io::Result<File> {
        File::options().read(true).write(true).open(self.received())
    }

    /// A file to write to that is to take the place of the received one.
    pub(super) fn create_rewritten(&self) -> io::Result<File> {
        File::create_new(self.dir.join(REWRITTEN))
    }

    pub(super) fn replace_received(&self) -> io::Result<()> {
        fs::rename(self.dir.join(REWRITTEN), self.received())
    }

    /// Writes a file of the upload, through to the disk.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create_new(self.dir.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Makes the file as it came, by now without metadata, a file of the upload. Returns its bytes.
    pub(super) fn keep_received(&self, name: &str) -> io::Result<u64> {
        let file = self.open_received()?;
        file.sync_all()?;
        fs::rename(self.received(), self.dir.join(name))?;
        Ok(file.metadata()?.len())
    }

    /// Moves the directory to its place. Durable when it returns; still removed on drop unless kept.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        match fs::remove_file(self.received()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        sync_directory(&self.dir)?;
        let place = place(&self.root, &self.id);
        if let Some(shard) = place.parent() {
            fs::create_dir_all(shard)?;
            fs::rename(&self.dir, &place)?;
            self.dir.clone_from(&place);
            sync_directory(shard)?;
        }
        sync_directory(&self.root)
    }

    /// From here on the upload stays.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(upload = %self.id, %error, "an unfinished upload could not be removed");
        }
    }
}

/// Names of files are durable only once their directory is.
fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
