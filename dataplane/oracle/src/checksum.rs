//! The Internet checksum, summed from scratch every time: no incremental update can be wrong here.
//!
//! The trap is its two zeros. In one's complement 0x0000 and 0xffff are the same number, and a
//! receiver takes either in the field (RFC 1071); a sum over bytes that are not all zero never comes
//! to 0x0000, so its complement, which a sender writes, is never 0xffff (RFC 1624, 3).

/// The sum, in one's complement, of 16-bit words; an odd last byte is the high half of one.
pub(crate) fn sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|word| match *word {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(u16::from_be_bytes([high, 0])),
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Whether bytes that include their checksum are as they were sent: they sum to all ones.
pub(crate) fn is_right(bytes: &[u8]) -> bool {
    sum(bytes) == 0xffff
}

/// What goes into the field, for bytes in which the field is zero.
pub(crate) fn of(bytes: &[u8]) -> u16 {
    !sum(bytes)
}

#[cfg(test)]
mod tests;
