//! The memory that packets read: BPF arrays mapped into this process.
//!
//! The traps. A packet may be in the middle of the old bank when the generation flips, so that bank
//! is not touched again before every XDP program that could have seen the old generation has ended:
//! such a program is an RCU reader, and `membarrier(MEMBARRIER_CMD_GLOBAL)` is a
//! `synchronize_rcu()`. And the generation must not become visible before the bank it names: it is
//! stored with release ordering, as one aligned 8-byte store.
#![allow(unsafe_code, reason = "memory shared with the kernel; the only module that touches it")]

use std::{
    ffi::c_void,
    io,
    num::NonZeroUsize,
    os::fd::AsFd as _,
    ptr::NonNull,
    sync::atomic::{AtomicU64, Ordering},
};

use abi::{
    image::{Active, Adjacency, Group, NextHop, Node, Port, PortSlot, Tunnel, Vnet},
    limits,
};
use afxdp::steps::{Step, Steps};
use aya::maps::MapData;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use super::Compiled;

/// A map of the image is not what this build expects, or cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapImageError {
    /// The map's layout differs: the object was built from other sources.
    #[error(
        "map {map} has {found} bytes, this build (ABI version {}) expects {expected}: rebuild the \
         eBPF objects with `make ebpf`",
        abi::VERSION
    )]
    Layout {
        /// Name of the map.
        map: &'static str,
        /// Bytes of the whole map.
        found: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// There is no such array.
    #[error("map {map} cannot be opened: if the eBPF object lacks it, rebuild it with `make ebpf`")]
    Missing {
        /// Name of the map.
        map: &'static str,
        #[source]
        /// What the kernel said.
        source: Box<aya::maps::MapError>,
    },
    /// The kernel does not say what the map is.
    #[error("BPF_OBJ_GET_INFO_BY_FD of map {map} failed")]
    Info {
        /// Name of the map.
        map: &'static str,
        #[source]
        /// What the kernel said.
        source: Box<aya::maps::MapError>,
    },
    /// Without a grace period no bank could ever be used again.
    #[error("membarrier(MEMBARRIER_CMD_GLOBAL) failed: erlab cannot run on a nohz_full kernel")]
    GracePeriod(#[source] io::Error),
    /// `mmap` refused.
    #[error("mmap of map {map} failed")]
    Map {
        /// Name of the map.
        map: &'static str,
        #[source]
        /// What the kernel said.
        source: io::Error,
    },
}

/// An image was not published; the previous one stays in force.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A table of the image is longer than its bank. [`Compiled::new`] checks limits: a defect.
    #[error("a table of {elements} elements does not fit its bank of {capacity}")]
    Capacity {
        /// Elements to write.
        elements: usize,
        /// Elements of one bank.
        capacity: usize,
    },
    /// The image was compiled for another generation than the next one.
    #[error("generation {found} does not follow generation {in_force}")]
    Generation {
        /// Generation of the image.
        found: u64,
        /// Generation in force.
        in_force: u64,
    },
    /// The bank may still have readers: nobody knows since the last image.
    #[error(transparent)]
    GracePeriod(#[from] GracePeriodError),
    /// The last [`Step`] was refused. The store that it stands for cannot fail.
    #[error("the image is written, but was not put in force")]
    Withheld(#[source] io::Error),
}

/// Nobody knows when the packets that the image before is judging are done.
#[derive(Debug, thiserror::Error)]
#[error("membarrier(MEMBARRIER_CMD_GLOBAL) failed after it had worked at start")]
pub struct GracePeriodError(#[source] io::Error);

/// The maps of the image.
#[derive(Debug)]
pub(in crate::fastpath) struct Image {
    active: Table<Active>,
    port_slots: Table<PortSlot>,
    ports: Table<Port>,
    vnets: Table<Vnet>,
    adjacencies: Table<Adjacency>,
    next_hops: Table<NextHop>,
    groups: Table<Group>,
    tunnels: Table<Tunnel>,
    nodes: Table<Node>,
    /// Whether packets may still read the bank that is not in force.
    readers: bool,
    steps: Steps,
}

/// The bank in force, as it is.
pub(super) struct Bank {
    pub(super) generation: u64,
    pub(super) port_slots: Vec<PortSlot>,
    pub(super) ports: Vec<Port>,
    pub(super) vnets: Vec<Vnet>,
    pub(super) adjacencies: Vec<Adjacency>,
    pub(super) next_hops: Vec<NextHop>,
    pub(super) groups: Vec<Group>,
    pub(super) tunnels: Vec<Tunnel>,
    pub(super) nodes: Vec<Node>,
}

impl Image {
    /// Maps the arrays, which `data` opens by name. The first grace period shows that there are any;
    /// and it is the one that nobody knows whether a former process, which may have published an
    /// image the moment before it was killed, waited for: afterwards the other bank has no reader.
    pub(in crate::fastpath) fn new(
        data: impl Fn(&'static str) -> Result<MapData, MapImageError>,
        steps: Steps,
    ) -> Result<Self, MapImageError> {
        let waited = steps.take(Step::WaitForReaders).and_then(|()| wait_for_packets());
        waited.map_err(MapImageError::GracePeriod)?;
        let data = |name| data(name).map(|data| (name, data));
        Ok(Self {
            active: Table::map(data("ACTIVE")?, 1)?,
            port_slots: Table::map(data("PORT_SLOTS")?, limits::BANKS * limits::PORT_BUCKETS)?,
            ports: Table::map(data("PORTS")?, limits::BANKS * limits::PORTS)?,
            vnets: Table::map(data("VNETS")?, limits::BANKS * limits::VNETS)?,
            adjacencies: Table::map(data("ADJACENCIES")?, limits::BANKS * limits::ADJACENCIES)?,
            next_hops: Table::map(data("NEXT_HOPS")?, limits::BANKS * limits::ADJACENCIES)?,
            groups: Table::map(data("GROUPS")?, limits::BANKS * limits::GROUPS)?,
            tunnels: Table::map(data("TUNNELS")?, limits::BANKS * limits::TUNNELS)?,
            nodes: Table::map(data("NODES")?, limits::BANKS * limits::NODES)?,
            readers: false,
            steps,
        })
    }

    /// The generation in force, 0 before the first.
    pub(in crate::fastpath) fn generation(&self) -> u64 {
        self.active_generation().load(Ordering::Relaxed)
    }

    /// Fills the bank nobody reads and puts it in force. [`Image::wait_for_readers`] is to follow.
    pub(in crate::fastpath) fn publish(&mut self, compiled: &Compiled) -> Result<(), PublishError> {
        let in_force = self.generation();
        let found = compiled.generation;
        if found != in_force.wrapping_add(1) {
            return Err(PublishError::Generation { found, in_force });
        }
        self.wait_for_readers()?;
        let bank = (found % u64::from(limits::BANKS)) as usize;
        self.port_slots.fill(bank, &compiled.port_slots)?;
        self.ports.fill(bank, &compiled.ports)?;
        self.vnets.fill(bank, &compiled.vnets)?;
        self.adjacencies.fill(bank, &compiled.adjacencies)?;
        self.next_hops.fill(bank, &compiled.next_hops.entries())?;
        self.groups.fill(bank, &compiled.groups)?;
        self.tunnels.fill(bank, &compiled.tunnels.entries())?;
        self.nodes.fill(bank, compiled.prefixes.nodes())?;
        self.steps.take(Step::Publish).map_err(PublishError::Withheld)?;
        self.readers = true;
        self.active_generation().store(found, Ordering::Release);
        Ok(())
    }

    /// Reads the bank in force.
    pub(super) fn bank(&self) -> Bank {
        let generation = self.generation();
        let bank = (generation % u64::from(limits::BANKS)) as usize;
        Bank {
            generation,
            port_slots: self.port_slots.read(bank),
            ports: self.ports.read(bank),
            vnets: self.vnets.read(bank),
            adjacencies: self.adjacencies.read(bank),
            next_hops: self.next_hops.read(bank),
            groups: self.groups.read(bank),
            tunnels: self.tunnels.read(bank),
            nodes: self.nodes.read(bank),
        }
    }

    /// Returns when nobody reads the bank that is not in force; at once when that is known.
    pub(in crate::fastpath) fn wait_for_readers(&mut self) -> Result<(), GracePeriodError> {
        if self.readers {
            let waited = self.steps.take(Step::WaitForReaders).and_then(|()| wait_for_packets());
            waited.map_err(GracePeriodError)?;
            self.readers = false;
        }
        Ok(())
    }

    fn active_generation(&self) -> &AtomicU64 {
        // SAFETY: a) the mapping is at least 8 bytes, page aligned, and lives as long as `self`;
        // b) userspace reaches this memory only through this reference; c) the programs read it
        // with one aligned load.
        unsafe { AtomicU64::from_ptr(self.active.address.cast::<u64>().as_ptr()) }
    }
}

/// Returns when every XDP program that runs now has ended.
fn wait_for_packets() -> io::Result<()> {
    const GLOBAL: libc::c_long = 1;
    let (flags, cpu): (libc::c_long, libc::c_long) = (0, 0);
    // SAFETY: the call takes integers only.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, flags, cpu) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A mapped array of `T`, which is `#[repr(C)]` without padding (`abi::image` asserts it).
#[derive(Debug)]
struct Table<T> {
    address: NonNull<T>,
    elements: usize,
}

// SAFETY: the mapping is owned, and may be used and unmapped by any thread.
unsafe impl<T> Send for Table<T> {}

impl<T: Copy> Table<T> {
    fn map((name, data): (&'static str, MapData), elements: u32) -> Result<Self, MapImageError> {
        let info = data.info();
        let info =
            info.map_err(|source| MapImageError::Info { map: name, source: Box::new(source) })?;
        let expected = size_of::<T>() * elements as usize;
        let found = info.value_size() as usize * info.max_entries() as usize;
        let length = NonZeroUsize::new(expected).filter(|_| found == expected);
        let length = length.ok_or(MapImageError::Layout { map: name, found, expected })?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new shared mapping at an address of the kernel's choice aliases nothing of
        // this process.
        let address =
            unsafe { mmap(None, length, protection, MapFlags::MAP_SHARED, data.fd().as_fd(), 0) };
        let address =
            address.map_err(|source| MapImageError::Map { map: name, source: source.into() })?;
        Ok(Self { address: address.cast(), elements: elements as usize })
    }

    /// Copies `values` to the start of a bank.
    fn fill(&mut self, bank: usize, values: &[T]) -> Result<(), PublishError> {
        let capacity = self.elements / limits::BANKS as usize;
        let elements = values.len();
        if elements > capacity || bank >= limits::BANKS as usize {
            return Err(PublishError::Capacity { elements, capacity });
        }
        // SAFETY: a) `bank * capacity + elements` is within the mapping, by the check above;
        // b) `values` is memory of this process, so the two do not overlap; c) no packet reads this
        // bank: its generation is not in force, and the grace period of the previous one is over.
        unsafe {
            let start = self.address.add(bank * capacity);
            start.copy_from_nonoverlapping(NonNull::from(values).cast(), elements);
        }
        Ok(())
    }
}

impl<T: Copy> Table<T> {
    /// A copy of a bank.
    fn read(&self, bank: usize) -> Vec<T> {
        let capacity = self.elements / limits::BANKS as usize;
        let mut values: Vec<T> = Vec::with_capacity(capacity);
        // SAFETY: a) `bank` is under `BANKS`, so the bank is within the mapping; b) any bits are a
        // valid `T`, which is made of integers; c) nobody writes the mapping meanwhile: programs
        // only read it, one process has it, and that process writes through `&mut self`; d) the
        // elements that become the vector's are those copied.
        unsafe {
            let start = self.address.add(bank % limits::BANKS as usize * capacity);
            values.as_mut_ptr().copy_from_nonoverlapping(start.as_ptr(), capacity);
            values.set_len(capacity);
        }
        values
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        let length = size_of::<T>() * self.elements;
        // SAFETY: `map` made this mapping with this length, and no reference to it is left.
        let result = unsafe { munmap(self.address.cast::<c_void>(), length) };
        debug_assert!(result.is_ok(), "munmap of a whole mapping does not fail");
    }
}
