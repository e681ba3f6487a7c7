//! XDP links: which interface runs our program, and how.
//!
//! The driver runs it (native), or, if one interface cannot do what that takes, the kernel's stack on all
//! of them (generic): a driver that runs no program takes no redirected frames either, so every port
//! that sends there would lose them. What shows it is that native attachment is refused, or that a frame
//! redirected to the interface does not leave it ([`verify`]).
//!
//! How an interface is attached cannot be changed in place: when a later state brings the first port
//! that cannot be native, the others are detached and attached again, and what arrives between the two
//! finds no router. It stays generic until the MSEE is started without what is pinned.

mod verify;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    thread::sleep,
    time::{Duration, Instant},
};

use afxdp::{
    Mode, Socket, mode,
    selftest::{SelfTest, SelfTestError},
    steps::{Step, Steps},
};
use aya::{
    programs::{
        ProgramError, Xdp, XdpMode,
        links::{FdLink, LinkError},
        xdp::{XdpLink, XdpLinkId},
    },
    sys::SyscallError,
};

use super::{
    BoundPort,
    pins::{FormerLink, Pins, PinsError},
};

/// How long attaching is retried while an interface is busy: the link of a process that was killed
/// before it could pin it is detached some time after that.
const BUSY_DEADLINE: Duration = Duration::from_millis(200);
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// An interface cannot be given our program.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The kernel refuses the attachment.
    #[error(
        "cannot attach XDP to `{interface}`, by its driver or by the kernel's stack (is another \
         program attached: ip link show)"
    )]
    Attach {
        /// Interface name.
        interface: String,
        #[source]
        /// What the kernel said.
        source: ProgramError,
    },
    /// The attachment is no bpf_link, so it would not outlive this process.
    #[error("the attachment to `{interface}` is no bpf_link (kernel before 5.9?)")]
    NoLink {
        /// Interface name.
        interface: String,
        #[source]
        /// What aya said.
        source: LinkError,
    },
    /// The link cannot be pinned or unpinned.
    #[error(transparent)]
    Pin(#[from] PinsError),
}

/// What is pinned cannot be adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// An interface.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// Nothing could be verified.
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
    /// The pins.
    #[error(transparent)]
    Pins(#[from] PinsError),
}

/// The links of this process, and those it is to take over.
#[derive(Debug)]
pub(super) struct Attachments {
    /// Ours, pinned, by interface name.
    attached: BTreeMap<String, Attachment>,
    /// What a former process left whose maps are not ours, still running its program.
    former: BTreeMap<String, FdLink>,
    /// How interfaces are attached from now on.
    mode: Mode,
    /// Why not natively.
    because: Option<String>,
    self_test: SelfTest,
    steps: Steps,
}

#[derive(Debug)]
struct Attachment {
    ifindex: u32,
    mode: Mode,
    /// Keeps the interface attached should somebody remove the pin while we run.
    _link: FdLink,
}

/// Interfaces that were attached for an image that is not in force yet.
#[derive(Debug)]
#[must_use = "kept when the image is in force, else withdrawn"]
pub(super) struct Fresh(Vec<String>);

impl Attachments {
    /// Starts with nothing attached. What a former process left stays with its program until
    /// [`Attachments::take_over`].
    pub(super) fn new(
        former: BTreeMap<String, FormerLink>,
        steps: Steps,
    ) -> Result<Self, SelfTestError> {
        let mut attachments = Self {
            attached: BTreeMap::new(),
            former: BTreeMap::new(),
            mode: Mode::Native,
            because: None,
            self_test: SelfTest::load()?,
            steps,
        };
        for (interface, former) in former {
            attachments.learn(&interface, former.ifindex);
            attachments.former.insert(interface, former.link);
        }
        Ok(attachments)
    }

    /// How the interfaces are attached.
    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Why not natively.
    pub(super) fn because(&self) -> Option<&str> {
        self.because.as_deref()
    }

    /// Whether `socket` gets what comes in by an interface and is redirected to it.
    pub(super) fn is_heard(
        &mut self,
        ifindex: u32,
        socket: &mut Socket,
    ) -> Result<bool, SelfTestError> {
        self.self_test.is_heard(ifindex, 0, socket)
    }

    /// Goes on as a former process did: how an interface is attached, which is returned.
    fn learn(&mut self, interface: &str, ifindex: u32) -> Mode {
        let mode = mode::attached(ifindex).ok().flatten().unwrap_or(Mode::Native);
        if mode == Mode::Generic && self.mode == Mode::Native {
            self.fall_back(format!("a former msee attached `{interface}` that way"));
        }
        mode
    }

    fn fall_back(&mut self, because: String) {
        tracing::warn!(event = "generic_mode", because, "slower: the kernel's stack runs XDP");
        (self.mode, self.because) = (Mode::Generic, Some(because));
    }

    /// Goes on with the links that are pinned in place. An interface that runs another program than
    /// `program`, whose id is `id`, is given it: both read the same maps.
    pub(super) fn adopt(
        program: &mut Xdp,
        id: u32,
        pins: &Pins,
        steps: Steps,
    ) -> Result<Self, AdoptError> {
        let mut adopted = Self::new(BTreeMap::new(), steps)?;
        for (interface, former) in pins.described_links()? {
            let FormerLink { link, ifindex, program: runs } = former;
            let link = if runs == id || ifindex == 0 {
                Ok(link)
            } else {
                adopted.update(program, &interface, link)
            };
            match link {
                Ok(link) if ifindex != 0 => {
                    let mode = adopted.learn(&interface, ifindex);
                    adopted.attached.insert(interface, Attachment { ifindex, mode, _link: link });
                }
                Err(error) if pins.is_attached(&interface) => return Err(error.into()),
                // Its interface was deleted, now or before.
                _ => pins.unpin_link(&interface)?,
            }
        }
        Ok(adopted)
    }

    /// Attaches and pins ports that forward nothing yet. Ports that a former process serves wait for
    /// [`Attachments::take_over`]: until our image is published its program must stay.
    pub(super) fn prepare(
        &mut self,
        program: &mut Xdp,
        pins: &Pins,
        ports: &[BoundPort],
    ) -> Result<Fresh, AttachError> {
        let mut fresh = Fresh(Vec::new());
        for port in interfaces(ports) {
            let is_ours = self.attached.get(&port.interface).is_some_and(|attachment| {
                // A recreated interface has another index, and its old link is defunct.
                attachment.ifindex == port.ifindex
            });
            if is_ours || self.former.contains_key(&port.interface) {
                continue;
            }
            let attached = self.attach(program, &port.interface, port.ifindex);
            let held =
                attached.and_then(|link| self.hold(pins, &port.interface, port.ifindex, link));
            if let Err(error) = held {
                self.withdraw(pins, fresh);
                return Err(error);
            }
            fresh.0.push(port.interface.clone());
            self.verify(port);
        }
        if let Err(error) = self.align(program, pins) {
            self.withdraw(pins, fresh);
            return Err(error);
        }
        Ok(fresh)
    }

    /// Has a frame of ours show that what is redirected to an interface leaves it.
    fn verify(&mut self, port: &BoundPort) {
        if self.mode == Mode::Generic {
            return;
        }
        match verify::leaves(&mut self.self_test, port) {
            Ok(Some(true)) => {
                tracing::info!(event = "native_verified", interface = port.interface);
            }
            Ok(Some(false)) => self.fall_back(format!(
                "a frame redirected to `{}` did not leave it (a veth's other end wants `gro on` or \
                 an XDP program)",
                port.interface
            )),
            Ok(None) => {
                tracing::info!(
                    event = "native_unverified",
                    interface = port.interface,
                    "no carrier"
                );
            }
            Err(error) => {
                let (interface, error) = (&port.interface, crate::daemon::chain(&error));
                tracing::warn!(event = "native_unverified", interface, error);
            }
        }
    }

    /// Attaches again what the driver runs and the kernel's stack should.
    fn align(&mut self, program: &mut Xdp, pins: &Pins) -> Result<(), AttachError> {
        if self.mode == Mode::Native {
            return Ok(());
        }
        let native = self.attached.iter().filter(|(_, it)| it.mode == Mode::Native);
        let native: Vec<_> = native.map(|(name, it)| (name.clone(), it.ifindex)).collect();
        for (interface, ifindex) in native {
            pins.detach(&interface)?;
            self.attached.remove(&interface);
            let link = self.attach(program, &interface, ifindex)?;
            self.hold(pins, &interface, ifindex, link)?;
        }
        Ok(())
    }

    /// Undoes [`Attachments::prepare`], as far as the kernel lets it.
    pub(super) fn withdraw(&mut self, pins: &Pins, fresh: Fresh) {
        for interface in fresh.0 {
            if pins.detach(&interface).is_ok() || !pins.is_attached(&interface) {
                self.attached.remove(&interface);
            }
        }
    }

    /// After the image is in force: puts our program in the place of a former process's, without a
    /// gap, and detaches what no port has any more.
    pub(super) fn take_over(
        &mut self,
        program: &mut Xdp,
        pins: &Pins,
        ports: &[BoundPort],
    ) -> Result<(), AttachError> {
        for port in interfaces(ports) {
            let Some(link) = self.former.remove(&port.interface) else { continue };
            if let Err(error) = self.replace(program, pins, port, link) {
                // The former pin still holds it: the next try goes on here.
                self.former.extend(pins.former_links()?.remove_entry(&port.interface));
                return Err(error);
            }
        }
        while let Some((interface, _)) = self.former.first_key_value() {
            pins.detach_former(interface)?;
            self.former.pop_first();
        }
        self.align(program, pins)
    }

    fn replace(
        &mut self,
        program: &mut Xdp,
        pins: &Pins,
        port: &BoundPort,
        link: FdLink,
    ) -> Result<(), AttachError> {
        let link = match self.update(program, &port.interface, link) {
            Ok(link) => link,
            Err(error) if pins.is_former_attached(&port.interface) => return Err(error),
            // The link is defunct: its interface was deleted, and this one has its name.
            Err(_) => self.attach(program, &port.interface, port.ifindex)?,
        };
        self.hold(pins, &port.interface, port.ifindex, link)
    }

    fn hold(
        &mut self,
        pins: &Pins,
        interface: &str,
        ifindex: u32,
        link: FdLink,
    ) -> Result<(), AttachError> {
        pins.unpin_link(interface)?;
        let link = pins.pin_link(interface, link)?;
        let mode = mode::attached(ifindex).ok().flatten().unwrap_or(self.mode);
        self.attached.insert(interface.to_owned(), Attachment { ifindex, mode, _link: link });
        Ok(())
    }

    /// Detaches what is no port any more. When it returns, the interface is free.
    pub(super) fn retire(&mut self, pins: &Pins, ports: &[BoundPort]) -> Result<(), AttachError> {
        let is_port = |name: &String| ports.iter().any(|port| &port.interface == name);
        let gone: Vec<String> =
            self.attached.keys().filter(|name| !is_port(name)).cloned().collect();
        for name in gone {
            pins.detach(&name)?;
            self.attached.remove(&name);
        }
        Ok(())
    }

    /// Detaches everything, what a former process left included.
    pub(super) fn detach_all(mut self, pins: &Pins) -> Result<(), AttachError> {
        self.retire(pins, &[])?;
        while let Some((interface, _)) = self.former.pop_first() {
            pins.detach_former(&interface)?;
        }
        Ok(())
    }

    /// Attaches an interface natively if that works, else in generic mode.
    fn attach(
        &mut self,
        program: &mut Xdp,
        interface: &str,
        ifindex: u32,
    ) -> Result<FdLink, AttachError> {
        let failed = |source| AttachError::Attach { interface: interface.to_owned(), source };
        self.take(Step::Attach, "bpf_link_create").map_err(failed)?;
        let native = match self.mode {
            Mode::Native => Some(attach_as(program, ifindex, XdpMode::Driver)),
            Mode::Generic => None,
        };
        let id = match native {
            Some(Ok(id)) => id,
            Some(Err(error)) if is_busy(&error) => return Err(failed(error)),
            None => attach_as(program, ifindex, XdpMode::Skb).map_err(failed)?,
            Some(Err(error)) => match attach_as(program, ifindex, XdpMode::Skb) {
                Ok(id) => {
                    let why = crate::daemon::chain(&error);
                    self.fall_back(format!("`{interface}` does not take native XDP: {why}"));
                    id
                }
                // What the driver said is what there is to mend.
                Err(_) => return Err(failed(error)),
            },
        };
        owned(program.take_link(id).map_err(failed)?, interface)
    }

    fn update(
        &self,
        program: &mut Xdp,
        interface: &str,
        link: FdLink,
    ) -> Result<FdLink, AttachError> {
        let failed = |source| AttachError::Attach { interface: interface.to_owned(), source };
        let link = XdpLink::try_from(link)
            .map_err(|source| AttachError::NoLink { interface: interface.to_owned(), source })?;
        self.take(Step::UpdateLink, "bpf_link_update").map_err(failed)?;
        let id = program.attach_to_link(link).map_err(failed)?;
        owned(program.take_link(id).map_err(failed)?, interface)
    }

    fn take(&self, step: Step, call: &'static str) -> Result<(), ProgramError> {
        Ok(self.steps.take(step).map_err(|io_error| SyscallError { call, io_error })?)
    }
}

/// Attaches, and waits while the interface is busy.
fn attach_as(program: &mut Xdp, ifindex: u32, mode: XdpMode) -> Result<XdpLinkId, ProgramError> {
    let started = Instant::now();
    loop {
        match program.attach_to_if_index(ifindex, mode) {
            Err(error) if is_busy(&error) && started.elapsed() < BUSY_DEADLINE => sleep(BUSY_PAUSE),
            attached => return attached,
        }
    }
}

/// One port of each interface: what is attached is attached once, however many links share it.
fn interfaces(ports: &[BoundPort]) -> impl Iterator<Item = &BoundPort> {
    let mut seen = BTreeSet::new();
    ports.iter().filter(move |port| seen.insert(port.ifindex))
}

fn owned(link: XdpLink, interface: &str) -> Result<FdLink, AttachError> {
    link.try_into()
        .map_err(|source| AttachError::NoLink { interface: interface.to_owned(), source })
}

fn is_busy(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(SyscallError { io_error, .. }) = error else { return false };
    io_error.kind() == io::ErrorKind::ResourceBusy
}
