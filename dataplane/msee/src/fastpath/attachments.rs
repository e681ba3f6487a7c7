//! XDP links: which interface runs our program.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    thread::sleep,
    time::{Duration, Instant},
};

use afxdp::steps::{Step, Steps};
use aya::{
    programs::{
        ProgramError, Xdp, XdpMode,
        links::{FdLink, LinkError},
        xdp::XdpLink,
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
        "cannot attach native XDP to `{interface}` (is another program attached: ip link show; is \
         its MTU above 3,520?)"
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

/// The links of this process, and those it is to take over.
#[derive(Debug)]
pub(super) struct Attachments {
    /// Ours, pinned, by interface name.
    attached: BTreeMap<String, Attachment>,
    /// What a former process left whose maps are not ours, still running its program.
    former: BTreeMap<String, FdLink>,
    steps: Steps,
}

#[derive(Debug)]
struct Attachment {
    ifindex: u32,
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
    pub(super) fn new(former: BTreeMap<String, FdLink>, steps: Steps) -> Self {
        Self { attached: BTreeMap::new(), former, steps }
    }

    /// Goes on with the links that are pinned in place. An interface that runs another program than
    /// `program`, whose id is `id`, is given it: both read the same maps.
    pub(super) fn adopt(
        program: &mut Xdp,
        id: u32,
        pins: &Pins,
        steps: Steps,
    ) -> Result<Self, AttachError> {
        let mut adopted = Self::new(BTreeMap::new(), steps);
        for (interface, former) in pins.described_links()? {
            let FormerLink { link, ifindex, program: runs } = former;
            let link = if runs == id || ifindex == 0 {
                Ok(link)
            } else {
                adopted.update(program, &interface, link)
            };
            match link {
                Ok(link) if ifindex != 0 => {
                    adopted.attached.insert(interface, Attachment { ifindex, _link: link });
                }
                Err(error) if pins.is_attached(&interface) => return Err(error),
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
            let attached = self.attach(program, port);
            match attached.and_then(|link| self.hold(pins, port, link)) {
                Ok(()) => fresh.0.push(port.interface.clone()),
                Err(error) => {
                    self.withdraw(pins, fresh);
                    return Err(error);
                }
            }
        }
        Ok(fresh)
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
        Ok(())
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
            Err(_) => self.attach(program, port)?,
        };
        self.hold(pins, port, link)
    }

    fn hold(&mut self, pins: &Pins, port: &BoundPort, link: FdLink) -> Result<(), AttachError> {
        pins.unpin_link(&port.interface)?;
        let link = pins.pin_link(&port.interface, link)?;
        let attachment = Attachment { ifindex: port.ifindex, _link: link };
        self.attached.insert(port.interface.clone(), attachment);
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

    fn attach(&self, program: &mut Xdp, port: &BoundPort) -> Result<FdLink, AttachError> {
        let failed = |source| AttachError::Attach { interface: port.interface.clone(), source };
        self.take(Step::Attach, "bpf_link_create").map_err(failed)?;
        let started = Instant::now();
        let id = loop {
            match program.attach_to_if_index(port.ifindex, XdpMode::Driver) {
                Err(error) if is_busy(&error) && started.elapsed() < BUSY_DEADLINE => {
                    sleep(BUSY_PAUSE);
                }
                attached => break attached.map_err(failed)?,
            }
        };
        owned(program.take_link(id).map_err(failed)?, &port.interface)
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
