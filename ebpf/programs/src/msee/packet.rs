//! A packet on its way: the frame, the image it is judged by, and what is known about it.

use abi::punt::Metadata;
use aya_ebpf::programs::XdpContext;
use programs::{frame::Frame, header::ETHERNET};

use crate::{image::Image, trace::Trace};

/// The packet a program was called with.
pub struct Packet<'a, const TRACED: bool> {
    /// Its bytes.
    pub frame: Frame<'a>,
    /// Bytes of the frame when it came in.
    pub length: usize,
    /// Interface it came in by.
    pub ifindex: u32,
    /// Where what it carries begins: behind MAC addresses, tags and EtherType.
    pub network: usize,
    /// EtherType of that, host byte order.
    pub ethertype: u16,
    /// The image in force when it came; the packet keeps it to the end.
    pub image: Image,
    /// What userspace is told if the packet is punted, filled in by the stages.
    pub metadata: Metadata,
    /// Where the stages leave their steps.
    pub trace: Trace<TRACED>,
}

impl<'a, const TRACED: bool> Packet<'a, TRACED> {
    /// Takes the frame, and the image in force.
    #[inline(always)]
    pub fn new(context: &'a XdpContext) -> Self {
        let frame = Frame::new(context);
        let length = frame.length();
        let image = Image::in_force();
        let generation = image.generation();
        Self {
            frame,
            length,
            ifindex: context.ingress_ifindex() as u32,
            network: ETHERNET,
            ethertype: 0,
            image,
            metadata: Metadata { generation, ..Metadata::default() },
            trace: Trace::start(generation),
        }
    }

    /// Bytes behind the link header that the frame came in with.
    #[inline(always)]
    pub fn carried(&self) -> usize {
        self.length.wrapping_sub(self.network)
    }
}
