//! Where the bytes of an eBPF object come from, and whether they are of our build.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    env, io,
    path::{Path, PathBuf},
};

use aya::{Ebpf, maps::Array};
use aya_obj::ParseError;

use crate::pins::Layout;

/// Environment variable that names a directory of eBPF objects to use instead of the embedded ones.
pub const DIRECTORY: &str = "ERLAB_BPF_DIR";

/// An object cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It is not in [`DIRECTORY`].
    #[error("cannot read the eBPF object {path} (unset {DIRECTORY} to use the embedded one)")]
    Read {
        /// The file.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: io::Error,
    },
    /// It is no object.
    #[error("{name} is no eBPF object")]
    Parse {
        /// Name of the object.
        name: &'static str,
        #[source]
        /// What aya said.
        source: ParseError,
    },
    /// It lays out what it shares with this process in another way.
    #[error(
        "{name} has ABI version {found} and this program version {ours}: rebuild both, or unset \
         {DIRECTORY} to use the embedded object",
        ours = abi::VERSION
    )]
    Version {
        /// Name of the object.
        name: &'static str,
        /// Its version; 0 when it says none.
        found: u32,
    },
}

/// The bytes of the eBPF object `name` (`ergw.bpf.o`): the file of that name in the directory that
/// [`DIRECTORY`] names, or `embedded`, which must come from `aya::include_bytes_aligned!`, because
/// ELF is read in place.
pub fn object(name: &str, embedded: &'static [u8]) -> Result<Cow<'static, [u8]>, ObjectError> {
    object_in(None, name, embedded)
}

/// The same, where `directory` goes before the one that [`DIRECTORY`] names.
pub fn object_in(
    directory: Option<&Path>,
    name: &str,
    embedded: &'static [u8],
) -> Result<Cow<'static, [u8]>, ObjectError> {
    let directory = directory.map(Path::to_owned);
    read(directory.or_else(|| env::var_os(DIRECTORY).map(PathBuf::from)), name, embedded)
}

/// The maps that an object asks for. One of another [`abi::VERSION`] is refused: nothing of it was
/// given to the kernel yet.
pub fn layouts(name: &'static str, object: &[u8]) -> Result<BTreeMap<String, Layout>, ObjectError> {
    let object = aya_obj::Object::parse(object);
    let object = object.map_err(|source| ObjectError::Parse { name, source })?;
    let maps = object.maps.iter().map(|(name, map)| (name.clone(), Layout::wanted(map)));
    let maps: BTreeMap<String, Layout> = maps.collect();
    let found = maps.get(abi::VERSION_MAP).map_or(0, |layout| layout.entries());
    if found == abi::VERSION { Ok(maps) } else { Err(ObjectError::Version { name, found }) }
}

/// Refuses an object of another [`abi::VERSION`], once its maps are made and before its programs are
/// loaded.
pub fn check_version(name: &'static str, ebpf: &Ebpf) -> Result<(), ObjectError> {
    let map = ebpf.map(abi::VERSION_MAP);
    let map = map.and_then(|map| Array::<_, u32>::try_from(map).ok());
    let found = map.map_or(0, |map| map.len());
    if found == abi::VERSION { Ok(()) } else { Err(ObjectError::Version { name, found }) }
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
        Err(source) => Err(ObjectError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests;
