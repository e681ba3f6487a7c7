//! What a former process left in a directory of pins.

use std::{
    collections::BTreeMap,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    maps::MapInfo,
    programs::{
        ProgramError, Xdp,
        links::{FdLink, PinnedLink},
    },
    sys::SyscallError,
};

use super::{
    LINKS, Pins, PinsError, VERSION_PREFIX, abi_directory,
    bpf::{self, ProgramIdentity},
    files,
    layout::Layout,
};
use crate::steps::Step;

/// A link that a former process left pinned.
#[derive(Debug)]
pub struct FormerLink {
    /// The link.
    pub link: FdLink,
    /// Index of the interface it attaches; 0 when that is gone, and the link attaches nothing.
    pub ifindex: u32,
    /// The kernel's id of the program it attaches.
    pub program: u32,
}

/// Why the maps of a former process cannot be shared.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A map is not pinned, or its pin leads to something else.
    #[error("{path} cannot be opened as a map")]
    Missing {
        /// Where it should be.
        path: PathBuf,
        #[source]
        /// What the kernel said.
        source: Box<aya::maps::MapError>,
    },
    /// A map has another layout than the object asks for.
    #[error("{path} has {found}, and this program's has {wanted}")]
    Differs {
        /// Where it is pinned.
        path: PathBuf,
        /// What the kernel has.
        found: String,
        /// What the object asks for.
        wanted: Layout,
    },
}

impl Pins {
    /// The ABI version of what a former process pinned, 0 when its directory does not say; `None`
    /// when there is no directory.
    pub fn former_version(&self) -> Result<Option<u32>, PinsError> {
        if !self.directory.is_dir() {
            return Ok(None);
        }
        let names = files::names(&self.directory)?;
        let mut versions: Vec<u32> = names
            .iter()
            .filter_map(|name| name.strip_prefix(VERSION_PREFIX)?.parse().ok())
            .collect();
        versions.sort_unstable();
        let ours = versions.iter().copied().find(|version| *version == abi::VERSION);
        Ok(Some(ours.or_else(|| versions.pop()).unwrap_or(0)))
    }

    /// Whether all these maps are pinned by a former process of our ABI version, with these layouts.
    pub fn check_layouts(&self, maps: &BTreeMap<String, Layout>) -> Result<(), LayoutError> {
        for (name, wanted) in maps {
            let path = self.directory.join(abi_directory()).join(name);
            let info = MapInfo::from_pin(&path).map_err(|source| LayoutError::Missing {
                path: path.clone(),
                source: Box::new(source),
            })?;
            let found = Layout::found(&info);
            if found != Some(*wanted) {
                let found = found.map_or_else(|| "a type unknown here".into(), |it| it.to_string());
                return Err(LayoutError::Differs { path, found, wanted: *wanted });
            }
        }
        Ok(())
    }

    /// Goes on with what a former process pinned, in its place, instead of building anew. What
    /// it did not finish replacing among `programs` is removed.
    pub fn adopt(&mut self, programs: &[&str]) -> Result<(), PinsError> {
        files::make_directory(&self.directory.join(LINKS))?;
        for name in programs {
            let rest = self.directory.join(unfinished(name));
            self.take(Step::RemoveRest, "remove", &rest)?;
            files::remove(&rest)?;
        }
        self.in_place = true;
        Ok(())
    }

    /// Where a former process of the same ABI version left the map `name`, if it has this layout: aya
    /// adopts a pinned map without a look at it.
    pub fn former_map(&self, name: &str, wanted: Layout) -> Option<PathBuf> {
        let pin = self.directory.join(abi_directory()).join(name);
        let found = Layout::found(&MapInfo::from_pin(&pin).ok()?);
        (found == Some(wanted)).then_some(pin)
    }

    /// Whether the program of this name that is pinned does what the loaded one of `ebpf` does: has
    /// its tag, and uses the same maps. The tag leaves out which maps those are. Fails when the loaded
    /// one does not tell; a pinned one that does not is another one.
    pub fn is_pinned(&self, ebpf: &mut Ebpf, name: &'static str) -> Result<bool, ProgramError> {
        let identity = |program: &Xdp| -> Result<ProgramIdentity, ProgramError> {
            let identity = bpf::identity(program.fd()?.as_fd());
            let call = "BPF_OBJ_GET_INFO_BY_FD";
            Ok(identity.map_err(|io_error| SyscallError { call, io_error })?)
        };
        let ours = ebpf.program_mut(name).ok_or(ProgramError::NotLoaded)?;
        let ours: &mut Xdp = ours.try_into()?;
        let ours = identity(ours)?;
        let pinned = self.program(name).ok();
        Ok(pinned.and_then(|pinned| identity(&pinned).ok()).is_some_and(|pinned| pinned == ours))
    }

    /// Whether the directory is in its place: adopted, or built and committed.
    pub fn is_in_place(&self) -> bool {
        self.in_place
    }

    /// The links a former process left, by interface. Their interfaces forward right now.
    pub fn former_links(&self) -> Result<BTreeMap<String, FdLink>, PinsError> {
        let links = self.described_links()?.into_iter();
        Ok(links.map(|(interface, former)| (interface, former.link)).collect())
    }

    /// The same, with what each attaches.
    pub fn described_links(&self) -> Result<BTreeMap<String, FormerLink>, PinsError> {
        let path = self.directory.join(LINKS);
        let mut links = BTreeMap::new();
        for interface in files::names(&path)? {
            let pin = path.join(&interface);
            // A link that cannot be opened cannot be taken over either: it goes with the directory.
            let Ok(link) = PinnedLink::from_pin(&pin) else { continue };
            let link = FdLink::from(link);
            let program = link.info().map_or(0, |info| info.program_id());
            let ifindex = bpf::interface(&pin).map_err(|source| PinsError::Files {
                action: "ask the kernel about",
                path: pin,
                source,
            })?;
            links.insert(interface, FormerLink { link, ifindex, program });
        }
        Ok(links)
    }

    /// Whether the pinned link of an interface attaches it still.
    pub fn is_attached(&self, interface: &str) -> bool {
        is_attached(&self.link(interface))
    }

    /// The same of a link that a former process left.
    pub fn is_former_attached(&self, interface: &str) -> bool {
        is_attached(&self.directory.join(LINKS).join(interface))
    }

    /// Detaches an interface that a former process left attached, and removes its pin.
    pub fn detach_former(&self, interface: &str) -> Result<(), PinsError> {
        self.detach_and_remove(&self.directory.join(LINKS).join(interface))
    }
}

fn is_attached(link: &Path) -> bool {
    bpf::interface(link).is_ok_and(|ifindex| ifindex != 0)
}

/// The name a program is pinned by until it replaces a former one.
pub(super) fn unfinished(program: &str) -> String {
    // bpffs refuses names with dots.
    format!("{program}-new")
}
