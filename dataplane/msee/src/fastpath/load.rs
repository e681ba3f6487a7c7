//! Loading a fast path: anew, or by adopting what a former process left pinned.
//!
//! | pinned | what a start does |
//! |---|---|
//! | nothing | builds a directory of its own; the first state puts it in force |
//! | our ABI version, our programs | adopts maps, programs and links as they are |
//! | our ABI version, other programs | adopts maps and links, and puts its programs in the place of the others |
//! | another ABI version | refuses, or with [`Loader::replace`] builds its own beside it |
//!
//! Adopted tables forward before, during and after: nothing is flushed, and the first state is the
//! next generation in them. Tables that cannot be adopted forward by their own programs until the
//! first state is in force in ours; then the program of each link is replaced. Either way a packet is
//! judged by the old programs with the old tables or by the new with the new, and none is lost.
//!
//! Two programs are the same when the kernel gives them the same tag, a hash of their instructions, and
//! they use the same maps.
//! So ours are always loaded, and what the verifier refuses changes nothing.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use afxdp::{
    pins::LayoutError,
    selftest::SelfTestError,
    steps::Steps,
    tally::{Tally, TallyError},
};
use aya::{
    maps::{Map, MapError},
    programs::{ProgramError, Xdp},
};

use super::{
    Compiled, FastPath, LoadObjectError, MapImageError,
    attachments::{AdoptError, Attachments},
    inject::Injector,
    object::{self, Object},
    pins::{Pins, PinsError},
    slots::Slots,
    tables::mapped::Image,
};

/// The fast path cannot be loaded. Whatever forwarded before still does.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The pin directory.
    #[error(transparent)]
    Pins(#[from] PinsError),
    /// What is pinned was made by a build with other layouts.
    #[error(
        "{path} holds the running fast path of ABI version {pinned}, and this msee has version \
         {ours}: let an msee of version {pinned} end in order (SIGTERM), or take over from it with \
         --replace",
        ours = abi::VERSION
    )]
    Version {
        /// The directory of pins.
        path: PathBuf,
        /// The version of what is pinned; 0 when it says none.
        pinned: u32,
    },
    /// What is pinned says it has our layouts, and has not.
    #[error("{path} cannot be adopted: take over from it with --replace")]
    Layout {
        /// The directory of pins.
        path: PathBuf,
        #[source]
        /// What is wrong.
        source: LayoutError,
    },
    /// The object.
    #[error(transparent)]
    Object(#[from] LoadObjectError),
    /// A program does not tell its tag.
    #[error("BPF_OBJ_GET_INFO_BY_FD of the program {program} failed")]
    Tag {
        /// Name of the program.
        program: &'static str,
        #[source]
        /// What the kernel said.
        source: ProgramError,
    },
    /// An adopted interface cannot be given our program.
    #[error(transparent)]
    Attach(#[from] AdoptError),
    /// The self-test of interfaces.
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
    /// The maps of the image.
    #[error(transparent)]
    Image(#[from] MapImageError),
    /// The map of what this process counts.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// Another map.
    #[error("the eBPF object has no usable map {map}: rebuild it with `make ebpf`")]
    Map {
        /// Name of the map.
        map: &'static str,
        #[source]
        /// What aya said.
        source: MapError,
    },
}

/// How a fast path is loaded.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    objects: Option<PathBuf>,
    replace: bool,
    steps: Steps,
}

impl Loader {
    /// Takes the eBPF object from this directory. Without one, from the directory that
    /// `ERLAB_BPF_DIR` names, or the embedded one.
    #[must_use]
    pub fn objects(self, directory: &Path) -> Self {
        Self { objects: Some(directory.to_owned()), ..self }
    }

    /// Whether to take over from a former process whose tables cannot be adopted, by tables beside
    /// them. Otherwise that is refused.
    #[must_use]
    pub fn replace(self, replace: bool) -> Self {
        Self { replace, ..self }
    }

    /// Tells `steps` of every step, while loading and later.
    #[must_use]
    pub fn steps(self, steps: Steps) -> Self {
        Self { steps, ..self }
    }

    /// Loads programs and maps over what a former process left in `pins`, which becomes a directory
    /// on bpffs.
    pub fn load(&self, pins: &Path) -> Result<FastPath, LoadError> {
        let path = pins.to_owned();
        let mut pins = Pins::claim(pins, self.steps.clone())?;
        let object = Object::read(self.objects.as_deref())?;
        let unadoptable = match pins.former_version()? {
            None => None,
            Some(abi::VERSION) => match pins.check_layouts(&object.maps) {
                Ok(()) => return self.adopt(pins, &object),
                Err(source) => Some(LoadError::Layout { path, source }),
            },
            Some(pinned) => Some(LoadError::Version { path, pinned }),
        };
        match unadoptable {
            Some(error) if !self.replace => Err(error),
            _ => {
                pins.build()?;
                self.build(pins, &object)
            }
        }
    }

    /// With maps and programs of its own. Of a former process's maps only those of counters are
    /// shared, so that a takeover does not lose losses, and only when their layout is ours.
    fn build(&self, pins: Pins, object: &Object) -> Result<FastPath, LoadError> {
        let pinned = |name: &str| {
            let layout = object.maps.get(name).filter(|_| KEPT.contains(&name))?;
            pins.former_map(name, *layout)
        };
        let mut ebpf = object.load(pinned, &self.steps)?;
        pins.pin_objects(&mut ebpf, &object::PROGRAMS)?;
        drop(ebpf);
        let attachments = Attachments::new(pins.described_links()?, self.steps.clone())?;
        let program = pins.program(object::PORT)?;
        self.assemble(pins, program, attachments)
    }

    /// With what is pinned.
    fn adopt(&self, mut pins: Pins, object: &Object) -> Result<FastPath, LoadError> {
        pins.adopt(&object::PROGRAMS)?;
        let mut ebpf = object.load(|name| Some(pins.map_path(name)), &self.steps)?;
        for name in object::PROGRAMS {
            let pinned = pins.is_pinned(&mut ebpf, name);
            if !pinned.map_err(|source| LoadError::Tag { program: name, source })? {
                pins.replace_program(&mut ebpf, name)?;
                tracing::info!(event = "program_replaced", program = name);
            }
        }
        drop(ebpf);
        let mut program = pins.program(object::PORT)?;
        let info = program.info();
        let id = info.map_err(|source| LoadError::Tag { program: object::PORT, source })?.id();
        let attachments = Attachments::adopt(&mut program, id, &pins, self.steps.clone())?;
        let fast_path = self.assemble(pins, program, attachments)?;
        tracing::info!(event = "adopted", generation = fast_path.compiled.generation());
        Ok(fast_path)
    }

    /// All that is needed is pinned; whether adopted or new makes no difference any more.
    fn assemble(
        &self,
        pins: Pins,
        program: Xdp,
        attachments: Attachments,
    ) -> Result<FastPath, LoadError> {
        let open = |map| pins.map(map).map_err(|source| LoadError::Map { map, source });
        let unusable = |map| move |source| LoadError::Map { map, source };
        let image = Image::new(
            |map| {
                let opened = pins.map(map);
                opened.map_err(|source| MapImageError::Missing { map, source: Box::new(source) })
            },
            self.steps.clone(),
        )?;
        let injector = Injector::new(pins.program(object::INJECT)?, open("TRACE")?);
        let slots = Slots::new(open("EGRESS")?, open("PUNT")?, self.steps.clone());
        let counters = Map::from_map_data(open(COUNTERS)?).and_then(Map::try_into);
        Ok(FastPath {
            compiled: Arc::new(Compiled::recover(&image)),
            slots: slots.map_err(unusable("EGRESS"))?,
            counters: counters.map_err(unusable(COUNTERS))?,
            tally: Arc::new(Tally::in_map(&open(abi::DAEMON_COUNTERS)?)?),
            injector: injector.map_err(unusable("TRACE"))?,
            image,
            program,
            attachments,
            pins,
        })
    }
}

const COUNTERS: &str = "COUNTERS";
/// What is counted by the program and by the process.
const KEPT: [&str; 2] = [COUNTERS, abi::DAEMON_COUNTERS];
