//! What a probe packet carries.
//!
//! Big-endian words of eight bytes: magic, flow, sequence number, time of sending (`CLOCK_MONOTONIC`
//! in nanoseconds) and a check over these; then filler. UDP's own checksum is no witness: a program
//! that forwards the packet may have computed it anew.

use std::time::Duration;

/// Bytes in the UDP payload of every probe.
pub(super) const LENGTH: usize = 64;
/// "ERLABUDP".
const MAGIC: u64 = 0x4552_4c41_4255_4450;
const WORDS: usize = 5;
const FILLER: u8 = 0x5a;

/// A probe packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    /// The flow it belongs to.
    pub(super) flow: u64,
    /// Its number in the flow, from 0.
    pub(super) sequence: u64,
    /// When it was sent, by `CLOCK_MONOTONIC`.
    pub(super) sent: Duration,
}

impl Probe {
    /// The payload of this probe.
    pub(super) fn encode(&self) -> [u8; LENGTH] {
        let sent = u64::try_from(self.sent.as_nanos()).unwrap_or(u64::MAX);
        let words = [MAGIC, self.flow, self.sequence, sent, check(self.flow, self.sequence, sent)];
        let mut payload = [FILLER; LENGTH];
        for (place, word) in payload.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        payload
    }

    /// The probe in this payload; `None` when it is not one, or not as it was sent.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let payload: &[u8; LENGTH] = payload.try_into().ok()?;
        let (words, _) = payload.as_chunks::<8>();
        let [magic, flow, sequence, sent, checked] =
            words.first_chunk::<WORDS>()?.map(u64::from_be_bytes);
        let filler = payload.iter().skip(8 * WORDS);
        let intact = magic == MAGIC
            && checked == check(flow, sequence, sent)
            && filler.copied().all(|byte| byte == FILLER);
        intact.then_some(Self { flow, sequence, sent: Duration::from_nanos(sent) })
    }
}

/// Every bit of every word changes it. Not for enemies.
fn check(flow: u64, sequence: u64, sent: u64) -> u64 {
    [flow, sequence, sent].into_iter().fold(MAGIC, |check, word| {
        (check.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests;
