//! A frame of our own shows whether an interface sends what is redirected to it, and whether a socket gets
//! what is redirected to it. Neither failure has another sign: the kernel drops such frames and says
//! nothing.
//!
//! The frame is for the nearest bridge (IEEE 802.1Q 8.6.3), so no bridge passes it on, with the first
//! EtherType for local experiments (IEEE 802 9.2.4): whoever is at the other end of the link sees one
//! frame that means nothing to them.

use std::{
    os::fd::{AsFd as _, AsRawFd as _},
    time::{Duration, Instant},
};

use aya::{
    Ebpf, EbpfError, EbpfLoader, TestRun as _, TestRunAttrs, TestRunOptions,
    maps::{DevMapHash, MapError, XskMap, xdp::XdpMapError},
    programs::{ProgramError, Xdp},
};

use crate::{LoadProgramError, Socket, load_program, test_run};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../ebpf/prebuilt/selftest.bpf.o"
));

const OUT: &str = "selftest_out";
const IN: &str = "selftest_in";

/// How long a socket may take to have the frame. It is there when the call returns; a machine may be busy.
const DEADLINE: Duration = Duration::from_millis(100);

/// The nearest bridge's group address.
const NEAREST_BRIDGE: [u8; 6] = [0x01, 0x80, 0xc2, 0, 0, 0x0e];
/// Local Experimental EtherType 1.
const EXPERIMENTAL: [u8; 2] = [0x88, 0xb5];

/// The test itself failed, so nothing is known.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// The object.
    #[error("the self-test's eBPF object cannot be loaded")]
    Load(#[from] EbpfError),
    /// A program.
    #[error(transparent)]
    Program(#[from] LoadProgramError),
    /// A map.
    #[error("a map of the self-test cannot be used")]
    Map(#[from] MapError),
    /// An entry of a map.
    #[error("the self-test's map does not take the interface or the socket")]
    Entry(#[from] XdpMapError),
    /// The frame was not sent.
    #[error("BPF_PROG_TEST_RUN with a live frame failed (Linux before 5.18?)")]
    Run(#[from] ProgramError),
}

/// The programs, loaded.
#[derive(Debug)]
pub struct SelfTest {
    ebpf: Ebpf,
}

impl SelfTest {
    /// Loads the programs, which takes the privileges of loading.
    pub fn load() -> Result<Self, SelfTestError> {
        let mut ebpf = EbpfLoader::new().btf(None).load(OBJECT)?;
        load_program(&mut ebpf, OUT)?;
        load_program(&mut ebpf, IN)?;
        Ok(Self { ebpf })
    }

    /// Redirects a frame from `mac` out of an interface, in the driver's way. Whether it left, its
    /// counters tell.
    pub fn send(&mut self, ifindex: u32, mac: [u8; 6]) -> Result<(), SelfTestError> {
        let map = self.ebpf.map_mut("EGRESS").ok_or(ProgramError::NotLoaded)?;
        let mut egress = DevMapHash::try_from(map)?;
        egress.insert(0, ifindex, None, 0)?;
        let run = self.run(OUT, mac, None);
        // Not kept: the entry would hold the interface.
        let map = self.ebpf.map_mut("EGRESS").ok_or(ProgramError::NotLoaded)?;
        // Gone already when the interface is.
        let _ = DevMapHash::try_from(map)?.remove(0);
        run
    }

    /// Whether `socket`, which gets nothing else yet, gets a frame that comes in by `queue` of an
    /// interface: as it does when it is bound to that.
    pub fn is_heard(
        &mut self,
        ifindex: u32,
        queue: u32,
        socket: &mut Socket,
    ) -> Result<bool, SelfTestError> {
        let map = self.ebpf.map_mut("SOCKET").ok_or(ProgramError::NotLoaded)?;
        XskMap::try_from(map)?.set(0, socket.as_fd().as_raw_fd(), 0)?;
        let run = self.run(IN, [0; 6], Some((ifindex, queue)));
        let map = self.ebpf.map_mut("SOCKET").ok_or(ProgramError::NotLoaded)?;
        XskMap::try_from(map)?.unset(0)?;
        run?;
        let expected = frame([0; 6]);
        let started = Instant::now();
        loop {
            for index in 0..socket.receive() {
                if socket.frame(index).is_some_and(|frame| *frame.data == expected) {
                    socket.release();
                    return Ok(true);
                }
            }
            if started.elapsed() > DEADLINE {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn run(
        &self,
        name: &str,
        mac: [u8; 6],
        arrival: Option<(u32, u32)>,
    ) -> Result<(), SelfTestError> {
        let program = self.ebpf.program(name).ok_or(ProgramError::NotLoaded)?;
        let program: &Xdp = program.try_into()?;
        let frame = frame(mac);
        let context =
            arrival.map(|(ifindex, queue)| test_run::context_of_queue(frame.len(), ifindex, queue));
        program.test_run(TestRunOptions {
            data_in: Some(&frame),
            ctx_in: context.as_deref(),
            attrs: TestRunAttrs::new().xdp_live_frames(1),
            ..TestRunOptions::new()
        })?;
        Ok(())
    }
}

fn frame(source: [u8; 6]) -> [u8; 60] {
    let mut frame = [0; 60];
    let head = NEAREST_BRIDGE.iter().chain(&source).chain(&EXPERIMENTAL);
    let text = b"erlab: does this interface send what XDP redirects?";
    frame.iter_mut().zip(head.chain(text)).for_each(|(place, byte)| *place = *byte);
    frame
}
