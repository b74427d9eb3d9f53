//! The data directory, and the lock by which a server has it for itself. Used by `main` and the command line.

use std::{fs, path::Path};

use crate::app::StartError;

/// Takes the directory, which is made if it is not there. The lock goes with the process, however it ends.
pub fn lock(data_dir: &Path) -> Result<fs::File, StartError> {
    let path = data_dir.display().to_string();
    let failed = |source| StartError::DataDir { path: path.clone(), source };
    fs::create_dir_all(data_dir).map_err(failed)?;
    let lock = fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data_dir.join("touchline.lock"))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::InUse(path)),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}
