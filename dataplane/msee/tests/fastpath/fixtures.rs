//! The form of a fixture: a sentence, what comes in where, the verdict, and what goes out.

use abi::{
    punt::Metadata,
    verdict::{self, Verdict},
};
use msee::fastpath::Injection;

use crate::rig::{Rig, mac};

const XDP_DROP: u32 = 1;
const XDP_REDIRECT: u32 = 4;

/// One packet's story.
pub struct Fixture {
    /// What it shows.
    pub sentence: &'static str,
    /// Interface it comes in by.
    pub port: &'static str,
    /// The frame.
    pub frame: Vec<u8>,
    /// Its verdict.
    pub verdict: Verdict,
    /// What goes out.
    pub output: Output,
}

/// What goes out.
pub enum Output {
    /// Nothing.
    Dropped,
    /// The frame as it came, to another port.
    Unmodified,
    /// The frame as it came, behind its metadata, to userspace.
    Punted,
    /// This frame, to another port.
    Sent(Vec<u8>),
    /// One hop on, IPv4 without tags: MAC addresses of next hop and port, TTL less one, cut to the packet's length.
    Forwarded {
        /// Last byte of the next hop's MAC address.
        to: u8,
        /// Last byte of the port's MAC address.
        from: u8,
    },
}

/// A fixture.
pub fn fixture(
    sentence: &'static str,
    port: &'static str,
    frame: Vec<u8>,
    verdict: Verdict,
    output: Output,
) -> Fixture {
    Fixture { sentence, port, frame, verdict, output }
}

impl Fixture {
    /// Runs the counting program and its traced twin.
    pub fn check(&self, rig: &mut Rig) {
        let sentence = self.sentence;
        let ifindex = rig.port(self.port).ifindex;
        let before = rig.counters();
        let (action, bytes) = rig.run(self.port, &self.frame);
        let counted = rig.counters();
        self.check_counters(&before, &counted);
        let expected = self.expected(rig);
        let drops = matches!(self.output, Output::Dropped);
        assert_eq!(action, if drops { XDP_DROP } else { XDP_REDIRECT }, "action: {sentence}");
        if !drops {
            assert_eq!(without_adjacency(&self.output, &bytes), expected, "bytes: {sentence}");
        }

        let Injection { record, action: injected, bytes: traced } =
            rig.fast_path.inject(ifindex, &self.frame).unwrap();
        assert_eq!((injected, &traced), (action, &bytes), "the traced twin: {sentence}");
        assert_eq!(rig.counters(), counted, "a traced packet is not counted: {sentence}");
        let length = record.length as usize;
        let last = record.steps[..length].last().expect("a packet takes a step");
        assert_eq!(last.verdict, self.verdict.number(), "last step: {sentence}");
        assert_eq!(last.stage, self.verdict.stage() as u16, "last stage: {sentence}");
        assert_eq!(u64::from(record.generation), rig.fast_path.compiled().generation());
    }

    fn check_counters(&self, before: &[u64; verdict::COUNT], after: &[u64; verdict::COUNT]) {
        for verdict in verdict::ALL {
            let index = usize::from(verdict.number());
            let delta = after[index] - before[index];
            let expected = u64::from(verdict == self.verdict);
            assert_eq!(delta, expected, "counter {}: {}", verdict.name(), self.sentence);
        }
    }

    fn expected(&self, rig: &Rig) -> Vec<u8> {
        match self.output {
            Output::Dropped => Vec::new(),
            Output::Unmodified => self.frame.clone(),
            Output::Sent(ref bytes) => bytes.clone(),
            Output::Punted => {
                let compiled = rig.fast_path.compiled();
                let Metadata { generation, verdict, port, .. } = Metadata {
                    generation: u32::try_from(compiled.generation()).unwrap(),
                    verdict: self.verdict.number(),
                    port: u16::try_from(rig.port(self.port).slot).unwrap(),
                    ..Metadata::default()
                };
                let mut bytes = generation.to_ne_bytes().to_vec();
                bytes.extend(verdict.to_ne_bytes());
                bytes.extend(port.to_ne_bytes());
                bytes.extend(&self.frame);
                bytes
            }
            Output::Forwarded { to, from } => {
                let total = usize::from(u16::from_be_bytes([self.frame[16], self.frame[17]]));
                let mut bytes = self.frame[..14 + total].to_vec();
                bytes[..6].copy_from_slice(&mac(to));
                bytes[6..12].copy_from_slice(&mac(from));
                bytes[22] -= 1;
                crate::frames::checksummed(bytes)
            }
        }
    }
}

/// Adjacency and VNet indices of the metadata have tests of their own.
fn without_adjacency(output: &Output, bytes: &[u8]) -> Vec<u8> {
    match output {
        Output::Punted => [&bytes[..8], &bytes[size_of::<Metadata>()..]].concat(),
        _ => bytes.to_vec(),
    }
}
