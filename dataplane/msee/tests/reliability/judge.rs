//! Single packets while tables change, each judged by what was in force for it: the traced twin of the
//! program says which generation that was, and the program of the ports is asked around the same time.

use std::path::Path;

use abi::{
    image::Active,
    trace::Record,
    verdict::{self, Verdict},
};
use aya::{
    maps::{Array, Map, MapData},
    programs::Xdp,
};
use aya_obj::programs::XdpAttachType;

use crate::rig;

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Low 32 bits of the generation it was judged by.
    pub generation: u32,
    pub verdict: Verdict,
    /// Last byte of the MAC address it was sent to.
    pub hop: u8,
}

/// The pinned programs and what they read and write. One at a time: there is one trace record.
pub struct Judge {
    port: Xdp,
    inject: Xdp,
    active: Array<MapData, [u8; size_of::<Active>()]>,
    record: Array<MapData, [u8; size_of::<Record>()]>,
    ifindex: u32,
}

impl Judge {
    /// Packets will come in by this interface.
    pub fn new(pins: &Path, ifindex: u32) -> Self {
        let program = |name| Xdp::from_pin(pins.join(name), XdpAttachType::Interface).unwrap();
        let map = |name| {
            let pin = pins.join(format!("abi-{}", abi::VERSION)).join(name);
            Map::from_map_data(MapData::from_pin(pin).unwrap()).unwrap()
        };
        Self {
            port: program("msee_port"),
            inject: program("msee_inject"),
            active: map("ACTIVE").try_into().unwrap(),
            record: map("TRACE").try_into().unwrap(),
            ifindex,
        }
    }

    /// The generation in force.
    pub fn generation(&self) -> u64 {
        u64::from_ne_bytes(self.active.get(&0, 0).unwrap())
    }

    /// What the traced twin makes of a frame. It counts nothing.
    pub fn judge(&self, frame: &[u8]) -> Judged {
        let (_, bytes) = rig::run(&self.inject, Some(self.ifindex), frame);
        let record = self.record.get(&0, 0).unwrap();
        let word = |at: usize| u32::from_ne_bytes(record[at..at + 4].try_into().unwrap());
        let last = 8 * word(0) as usize;
        let verdict = u16::from_ne_bytes(record[last + 2..last + 4].try_into().unwrap());
        let verdict = verdict::Verdict::from_number(verdict).unwrap();
        Judged { generation: word(4), verdict, hop: bytes[5] }
    }

    /// What the program of the ports makes of a frame: the MAC address it leaves for ends in this
    /// byte, if it is forwarded. It is counted.
    pub fn forward(&self, frame: &[u8]) -> Option<u8> {
        let (action, bytes) = rig::run(&self.port, Some(self.ifindex), frame);
        (action == XDP_REDIRECT).then(|| bytes[5])
    }
}

const XDP_REDIRECT: u32 = 4;
