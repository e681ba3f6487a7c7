//! Where the bytes of an eBPF object come from.

use std::{borrow::Cow, env, io, path::PathBuf};

/// Environment variable that names a directory of eBPF objects to use instead of the embedded ones.
pub const DIRECTORY: &str = "ERLAB_BPF_DIR";

/// An object of [`DIRECTORY`] could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the eBPF object {path} (unset {DIRECTORY} to use the embedded one)")]
pub struct ObjectError {
    /// The file.
    pub path: PathBuf,
    #[source]
    source: io::Error,
}

/// The bytes of the eBPF object `name` (`ergw.bpf.o`): the file of that name in the directory that
/// [`DIRECTORY`] names, or `embedded`, which must come from `aya::include_bytes_aligned!`, because
/// ELF is read in place.
pub fn object(name: &str, embedded: &'static [u8]) -> Result<Cow<'static, [u8]>, ObjectError> {
    read(env::var_os(DIRECTORY).map(PathBuf::from), name, embedded)
}

fn read(
    directory: Option<PathBuf>,
    name: &str,
    embedded: &'static [u8],
) -> Result<Cow<'static, [u8]>, ObjectError> {
    let Some(directory) = directory else { return Ok(Cow::Borrowed(embedded)) };
    let path = directory.join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Cow::Owned(bytes)),
        Err(source) => Err(ObjectError { path, source }),
    }
}

#[cfg(test)]
mod tests;
