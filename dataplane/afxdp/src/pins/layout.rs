//! The layout of a map, as an object asks for it and as the kernel has it.
//!
//! The trap: aya opens a pinned map under a name without a look at what it is, and a program that is
//! loaded over a map of another size reads beyond it or is refused by the verifier for no reason
//! that anybody would guess.

use std::fmt;

use aya::maps::MapInfo;

/// Set by the kernel on every map of interfaces, whatever the object says.
const BPF_F_RDONLY_PROG: u32 = 1 << 7;

/// What a program and userspace must agree upon before they share a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    kind: u32,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
}

impl Layout {
    /// Of a map in an object.
    pub fn wanted(map: &aya_obj::Map) -> Self {
        Self {
            kind: map.map_type(),
            key: map.key_size(),
            value: map.value_size(),
            entries: map.max_entries(),
            flags: map.map_flags() & !BPF_F_RDONLY_PROG,
        }
    }

    /// Of a map in the kernel; `None` for a kind that aya does not know.
    pub fn found(info: &MapInfo) -> Option<Self> {
        Some(Self {
            kind: info.map_type().ok()? as u32,
            key: info.key_size(),
            value: info.value_size(),
            entries: info.max_entries(),
            flags: info.map_flags() & !BPF_F_RDONLY_PROG,
        })
    }

    /// Number of entries.
    pub const fn entries(self) -> u32 {
        self.entries
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, key, value, entries, flags } = self;
        write!(f, "{entries} entries of {key} + {value} bytes (type {kind}, flags {flags:#x})")
    }
}
