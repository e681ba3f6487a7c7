//! The maps, as `abi::image` describes them.

use abi::{
    image::{Active, Adjacency, Group, NextHop, Node, Port, PortSlot, Tunnel, Vnet},
    limits, police, trace, verdict,
};
use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    macros::map,
    maps::{Array, DevMap, PerCpuArray, XskMap},
};

/// See [`abi::VERSION_MAP`].
#[map]
pub static ABI_VERSION: Array<u32> = Array::with_max_entries(abi::VERSION, 0);

#[map]
pub static ACTIVE: Array<Active> = Array::with_max_entries(1, BPF_F_MMAPABLE);

#[map]
pub static PORTS: Array<Port> =
    Array::with_max_entries(limits::BANKS * limits::PORTS, BPF_F_MMAPABLE);

#[map]
pub static VNETS: Array<Vnet> =
    Array::with_max_entries(limits::BANKS * limits::VNETS, BPF_F_MMAPABLE);

#[map]
pub static ADJACENCIES: Array<Adjacency> =
    Array::with_max_entries(limits::BANKS * limits::ADJACENCIES, BPF_F_MMAPABLE);

/// Not for packets: see [`NextHop`].
#[map]
pub static NEXT_HOPS: Array<NextHop> =
    Array::with_max_entries(limits::BANKS * limits::ADJACENCIES, BPF_F_MMAPABLE);

#[map]
pub static NODES: Array<Node> =
    Array::with_max_entries(limits::BANKS * limits::NODES, BPF_F_MMAPABLE);

#[map]
pub static PORT_SLOTS: Array<PortSlot> =
    Array::with_max_entries(limits::BANKS * limits::PORT_BUCKETS, BPF_F_MMAPABLE);

#[map]
pub static GROUPS: Array<Group> =
    Array::with_max_entries(limits::BANKS * limits::GROUPS, BPF_F_MMAPABLE);

#[map]
pub static TUNNELS: Array<Tunnel> =
    Array::with_max_entries(limits::BANKS * limits::TUNNELS, BPF_F_MMAPABLE);

#[map]
pub static POLICERS: Array<u64> = Array::with_max_entries(limits::PORTS * police::CLASSES, 0);

#[map]
pub static EGRESS: DevMap = DevMap::with_max_entries(limits::PORTS, 0);

#[map]
pub static PUNT: XskMap = XskMap::with_max_entries(limits::PORTS, 0);

#[map]
pub static COUNTERS: PerCpuArray<[u64; verdict::COUNT]> = PerCpuArray::with_max_entries(1, 0);

/// See [`abi::DAEMON_COUNTERS`].
#[map]
pub static DAEMON_COUNTERS: Array<[u64; verdict::COUNT]> =
    Array::with_max_entries(1, BPF_F_MMAPABLE);

#[map]
pub static TRACE: Array<trace::Record> = Array::with_max_entries(1, 0);
