//! Packets and frames to judge, put together field by field. Nothing that judges is used here.

mod frame;
mod ipv4;
mod ipv6;
mod transport;
mod vxlan;

pub(crate) use frame::{Tag, ethernet};
pub(crate) use ipv4::{Ipv4, summed};
pub(crate) use ipv6::{Ipv6, extension, fragment_header};
pub(crate) use transport::{echo, echo6, icmp, icmp6, neighbour, tcp, udp};
pub(crate) use vxlan::{Vxlan, with_length};

/// `bytes` with one of them replaced.
pub(crate) fn with(mut bytes: Vec<u8>, at: usize, value: u8) -> Vec<u8> {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = value;
    }
    bytes
}

/// `bytes` with the two at an offset replaced.
pub(crate) fn with_number(bytes: Vec<u8>, at: usize, value: u16) -> Vec<u8> {
    let [high, low] = value.to_be_bytes();
    with(with(bytes, at, high), at + 1, low)
}

/// The first of `bytes`.
pub(crate) fn cut(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    bytes.truncate(length);
    bytes
}

/// `bytes` and behind them padding that is not zero, to be told from nothing.
pub(crate) fn padded(mut bytes: Vec<u8>, more: usize) -> Vec<u8> {
    bytes.resize(bytes.len() + more, 0xa5);
    bytes
}
