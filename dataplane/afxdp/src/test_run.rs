//! What `BPF_PROG_TEST_RUN` of an XDP program is told about a frame beside its bytes.

/// A `struct xdp_md` for a frame of `length` bytes that comes in by queue 0 of interface `ifindex`.
pub fn context(length: usize, ifindex: u32) -> Vec<u8> {
    context_of_queue(length, ifindex, 0)
}

/// The same of any queue: `data`, `data_end`, `data_meta`, `ingress_ifindex`, `rx_queue_index`,
/// `egress_ifindex`.
pub(crate) fn context_of_queue(length: usize, ifindex: u32, queue: u32) -> Vec<u8> {
    [0, length as u32, 0, ifindex, queue, 0].iter().flat_map(|word| word.to_ne_bytes()).collect()
}
