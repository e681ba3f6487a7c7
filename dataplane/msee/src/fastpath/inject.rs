//! Runs one frame through the traced twin of the program (`BPF_PROG_TEST_RUN`). It is judged by the
//! image in force, counts nothing and sends nothing.

use abi::{
    limits,
    trace::{Record, STEPS, Step},
};
use aya::{
    TestRun as _, TestRunOptions,
    maps::{Array, Map, MapData, MapError},
    programs::{ProgramError, Xdp},
};

/// What became of an injected frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Its steps, first to last.
    pub record: Record,
    /// The XDP action the program returned (`XDP_DROP` 1, `XDP_REDIRECT` 4).
    pub action: u32,
    /// The frame as the program left it. In front of a punted one is its `abi::punt::Metadata`.
    pub bytes: Vec<u8>,
}

/// A frame cannot be injected.
#[derive(Debug, thiserror::Error)]
pub enum InjectError {
    /// The kernel test-runs frames of 14 bytes to the longest that a port forwards.
    #[error("a frame of {length} bytes cannot be injected (14 to {} bytes)", limits::FRAME)]
    Length {
        /// Its length.
        length: usize,
    },
    /// The program did not run.
    #[error("BPF_PROG_TEST_RUN on interface index {ifindex} failed (is it a port in force?)")]
    Run {
        /// Ingress interface index.
        ifindex: u32,
        #[source]
        /// What the kernel said.
        source: ProgramError,
    },
    /// Its record cannot be read.
    #[error("cannot read the TRACE record")]
    Record(#[source] MapError),
}

type RecordBytes = [u8; size_of::<Record>()];

/// The traced twin, and the record of the last injected frame.
pub(super) struct Injector {
    program: Xdp,
    record: Array<MapData, RecordBytes>,
}

impl Injector {
    pub(super) fn new(program: Xdp, record: MapData) -> Result<Self, MapError> {
        Ok(Self { program, record: Map::from_map_data(record)?.try_into()? })
    }

    pub(super) fn inject(&mut self, ifindex: u32, frame: &[u8]) -> Result<Injection, InjectError> {
        let length = frame.len();
        if !(14..=limits::FRAME).contains(&length) {
            return Err(InjectError::Length { length });
        }
        let failed = |source| InjectError::Run { ifindex, source };
        // Metadata or the headers of a tunnel come in front of it.
        let more = size_of::<abi::punt::Metadata>().max(abi::tunnel::HEADERS);
        let mut bytes = vec![0; length + more];
        let options = TestRunOptions {
            data_in: Some(frame),
            data_out: Some(&mut bytes),
            ctx_in: Some(&afxdp::test_run::context(length, ifindex)),
            ..TestRunOptions::new()
        };
        let result = self.program.test_run(options).map_err(failed)?;
        bytes.truncate(result.data_size_out as usize);
        let record = self.record.get(&0, 0).map_err(InjectError::Record)?;
        Ok(Injection { record: parse(&record), action: result.return_value, bytes })
    }
}

fn parse(bytes: &RecordBytes) -> Record {
    let (words, _) = bytes.as_chunks::<4>();
    let mut words = words.iter().map(|word| u32::from_ne_bytes(*word));
    let mut word = || words.next().unwrap_or(0);
    let (length, generation) = (word(), word());
    let mut steps = [Step::default(); STEPS];
    for step in &mut steps {
        let ([a, b, c, d], value) = (word().to_ne_bytes(), word());
        let (stage, verdict) = (u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d]));
        *step = Step { stage, verdict, value };
    }
    Record { length, generation, steps }
}
