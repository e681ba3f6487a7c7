//! XDP links: which interface runs our program.

use std::collections::{BTreeMap, BTreeSet};

use aya::{
    Ebpf,
    programs::{
        ProgramError, XdpMode,
        links::{FdLink, LinkError},
        xdp::XdpLink,
    },
};

use super::{
    BoundPort, object,
    pins::{Pins, PinsError},
};

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

/// The links of this process, and those it found.
#[derive(Debug)]
pub(super) struct Attachments {
    /// Ours, pinned: the interface index by name.
    attached: BTreeMap<String, Attachment>,
    /// What a former process left, still running its program.
    former: BTreeMap<String, FdLink>,
}

#[derive(Debug)]
struct Attachment {
    ifindex: u32,
    /// Keeps the interface attached should somebody remove the pin while we run.
    _link: FdLink,
}

/// Links made for new ports, not pinned yet: dropped, they detach.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    links: Vec<(BoundPort, FdLink)>,
}

impl Attachments {
    /// Starts from the links a former process left.
    pub(super) fn new(former: BTreeMap<String, FdLink>) -> Self {
        Self { attached: BTreeMap::new(), former }
    }

    /// Attaches ports that forward nothing yet. Ports that a former process serves wait for
    /// [`Attachments::complete`]: until our image is published its program must stay.
    pub(super) fn prepare(
        &self,
        ebpf: &mut Ebpf,
        ports: &[BoundPort],
    ) -> Result<Fresh, AttachError> {
        let mut fresh = Fresh::default();
        for port in interfaces(ports) {
            let is_ours = self.attached.get(&port.interface).is_some_and(|attachment| {
                // A recreated interface has another index, and its old link is defunct.
                attachment.ifindex == port.ifindex
            });
            if !is_ours && !self.former.contains_key(&port.interface) {
                fresh.links.push((port.clone(), attach(ebpf, port)?));
            }
        }
        Ok(fresh)
    }

    /// After the image is in force: takes over what a former process serves, without a gap, and
    /// pins every link.
    pub(super) fn complete(
        &mut self,
        ebpf: &mut Ebpf,
        pins: &Pins,
        ports: &[BoundPort],
        fresh: Fresh,
    ) -> Result<(), AttachError> {
        for (port, link) in fresh.links {
            self.hold(pins, port, link)?;
        }
        for port in interfaces(ports) {
            let Some(link) = self.former.remove(&port.interface) else { continue };
            let link = match replace(ebpf, port, link) {
                Ok(link) => link,
                // The link is defunct: its interface was deleted, and this one has its name.
                Err(AttachError::Attach { .. }) => attach(ebpf, port)?,
                Err(error) => return Err(error),
            };
            self.hold(pins, port.clone(), link)?;
        }
        // What is left belongs to no port.
        while let Some((interface, _)) = self.former.pop_first() {
            pins.detach_former(&interface)?;
        }
        Ok(())
    }

    fn hold(&mut self, pins: &Pins, port: BoundPort, link: FdLink) -> Result<(), AttachError> {
        pins.unpin_link(&port.interface)?;
        let link = pins.pin_link(&port.interface, link)?;
        let attachment = Attachment { ifindex: port.ifindex, _link: link };
        self.attached.insert(port.interface, attachment);
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
}

/// One port of each interface: what is attached is attached once, however many links share it.
fn interfaces(ports: &[BoundPort]) -> impl Iterator<Item = &BoundPort> {
    let mut seen = BTreeSet::new();
    ports.iter().filter(move |port| seen.insert(port.ifindex))
}

fn attach(ebpf: &mut Ebpf, port: &BoundPort) -> Result<FdLink, AttachError> {
    let failed = |source| AttachError::Attach { interface: port.interface.clone(), source };
    let program = object::program(ebpf, object::PORT).map_err(failed)?;
    let id = program.attach_to_if_index(port.ifindex, XdpMode::Driver).map_err(failed)?;
    owned(program.take_link(id).map_err(failed)?, port)
}

fn replace(ebpf: &mut Ebpf, port: &BoundPort, link: FdLink) -> Result<FdLink, AttachError> {
    let failed = |source| AttachError::Attach { interface: port.interface.clone(), source };
    let link = XdpLink::try_from(link)
        .map_err(|source| AttachError::NoLink { interface: port.interface.clone(), source })?;
    let program = object::program(ebpf, object::PORT).map_err(failed)?;
    let id = program.attach_to_link(link).map_err(failed)?;
    owned(program.take_link(id).map_err(failed)?, port)
}

fn owned(link: XdpLink, port: &BoundPort) -> Result<FdLink, AttachError> {
    link.try_into()
        .map_err(|source| AttachError::NoLink { interface: port.interface.clone(), source })
}
