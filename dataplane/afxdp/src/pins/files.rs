//! Directories and modes on bpffs.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

use super::PinsError;

/// Mode of directories: the group may look.
const DIRECTORY_MODE: u32 = 0o750;
/// Mode of pinned objects.
const OBJECT_MODE: u32 = 0o640;

/// Makes a directory and what is missing above it; one that is there stays as it is.
pub(super) fn make_directory(path: &Path) -> Result<(), PinsError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        // What the umask took from the group.
        Ok(()) => set_mode(path, DIRECTORY_MODE),
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(PinsError::Files { action: "make", path: path.to_owned(), source }),
    }
}

/// Pins start with mode 0600.
pub(super) fn restrict(path: &Path) -> Result<(), PinsError> {
    set_mode(path, OBJECT_MODE)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), PinsError> {
    let set = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set.map_err(|source| PinsError::Files {
        action: "set the mode of",
        path: path.to_owned(),
        source,
    })
}

/// Removes a file or a directory with all in it; nothing there is fine.
pub(super) fn remove(path: &Path) -> Result<(), PinsError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(PinsError::Files { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The names in a directory; none when it is not there.
pub(super) fn names(path: &Path) -> Result<Vec<String>, PinsError> {
    let failed = |source| PinsError::Files { action: "list", path: path.to_owned(), source };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}
