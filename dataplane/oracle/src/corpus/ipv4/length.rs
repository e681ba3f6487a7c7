//! Total length against header and frame; padding; frames that end early.

use abi::verdict::Verdict::{
    CheckHeaderLength, CheckTotalLength, ForwardedDirect as Direct, PortTruncated,
};

use super::{Case, circuit, good};
use crate::compose::{Ipv4, cut, padded, summed, with_number};

pub(super) fn cases() -> Vec<Case> {
    let total = circuit(
        "ipv4 total length",
        &[
            ("0", || says(0), CheckTotalLength),
            ("1", || says(1), CheckTotalLength),
            ("19", || says(19), CheckTotalLength),
            ("20, the rest being padding", || says(20), Direct),
            ("21", || says(21), Direct),
            ("1 less than the frame has", || says(83), Direct),
            ("as the frame has", || says(84), Direct),
            ("1 more than the frame has", || says(85), CheckTotalLength),
            ("256 more", || says(84 + 256), CheckTotalLength),
            ("in the wrong byte order", || says(84 << 8), CheckTotalLength),
            ("65,535", || says(65_535), CheckTotalLength),
            ("20 and a header of 24", || with_options(20), CheckTotalLength),
            ("23 and a header of 24", || with_options(23), CheckTotalLength),
            ("24 and a header of 24", || with_options(24), Direct),
            ("59 and a header of 60", || longest_header(59), CheckTotalLength),
            ("60 and a header of 60", || longest_header(60), Direct),
        ],
    );
    let padding = circuit(
        "ipv4 padding",
        &[
            ("none", || good().bytes(), Direct),
            ("1 byte", || padded(good().bytes(), 1), Direct),
            ("to the shortest frame", || padded(good().of_length(28).bytes(), 18), Direct),
            (
                "behind a packet without payload",
                || padded(good().of_length(20).bytes(), 26),
                Direct,
            ),
            ("1,000 bytes", || padded(good().bytes(), 1_000), Direct),
            ("that makes the frame too long for the next port", padded_to_1410, Direct),
        ],
    );
    let truncated = circuit(
        "ipv4 truncated",
        &[
            ("nothing behind the EtherType", Vec::new, PortTruncated),
            ("1 byte", || cut(good().bytes(), 1), PortTruncated),
            ("1 byte of another version", || vec![0x60], PortTruncated),
            ("19 bytes", || cut(good().bytes(), 19), PortTruncated),
            ("20 bytes", || cut(good().bytes(), 20), CheckTotalLength),
            ("1 byte missing", || cut(good().bytes(), 83), CheckTotalLength),
            ("in the options", || cut(with_options(84), 22), CheckHeaderLength),
            ("behind the options", || cut(with_options(84), 24), CheckTotalLength),
        ],
    );
    [total, padding, truncated].concat()
}

fn says(length: u16) -> Vec<u8> {
    summed(with_number(good().bytes(), 2, length))
}

/// Four bytes of options.
fn with_options(length: u16) -> Vec<u8> {
    summed(with_number(Ipv4 { options: vec![1; 4], ..good() }.bytes(), 2, length))
}

fn longest_header(length: u16) -> Vec<u8> {
    summed(with_number(Ipv4 { options: vec![1; 40], ..good() }.bytes(), 2, length))
}

/// The port to the VM carries 1,400.
fn padded_to_1410() -> Vec<u8> {
    let packet = Ipv4 { fragmentation: Ipv4::DONT_FRAGMENT, ..good() }.of_length(1_400);
    padded(packet.bytes(), 10)
}
