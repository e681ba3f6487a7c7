//! What the verifier reports of a program that it accepts. aya asks for its log only when a program is
//! refused, so the programs are given to the kernel from here once more, by BPF_PROG_LOAD itself.
#![allow(unsafe_code, reason = "BPF_PROG_LOAD takes addresses of instructions, licence and log")]

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd},
    path::Path,
    thread::sleep,
    time::Duration,
};

use aya::{EbpfLoader, maps::MapData};
use aya_obj::{Function, Object, Program, ProgramSection};

const BPF_PROG_LOAD: libc::c_long = 5;
const BPF_PROG_TYPE_XDP: u32 = 6;
const BPF_XDP: u32 = 37;
const BPF_F_XDP_HAS_FRAGS: u32 = 1 << 5;
/// Statistics and nothing else.
const BPF_LOG_STATS: u32 = 4;
/// How often an interrupted call is made again.
const ATTEMPTS: u32 = 100;

/// What a program costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Instructions that the verifier processed on all paths.
    pub instructions: u32,
    /// Bytes of stack.
    pub stack: u32,
}

/// The part of `union bpf_attr` that BPF_PROG_LOAD reads here.
#[repr(C)]
#[derive(Default)]
struct Load {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    ifindex: u32,
    expected_attach_type: u32,
}

/// Reports of all programs of an object. Its maps are made, and pinned in the directory `maps`, which
/// becomes one on a bpffs.
pub fn reports(object: &[u8], maps: &Path) -> BTreeMap<String, Report> {
    let mut parsed = Object::parse(object).unwrap();
    let made = EbpfLoader::new().btf(None).load(object).unwrap();
    fs::create_dir(maps).unwrap();
    let mut opened = Vec::new();
    for (name, map) in made.maps() {
        let pin = maps.join(name.replace('.', "_"));
        map.pin(&pin).unwrap();
        opened.push((name.to_owned(), MapData::from_pin(pin).unwrap()));
    }
    let definitions = std::mem::take(&mut parsed.maps);
    let references = opened.iter().map(|(name, data)| {
        (name.as_str(), data.fd().as_fd().as_raw_fd(), definitions.get(name).unwrap())
    });
    let text: HashSet<usize> = parsed.functions.keys().map(|(section, _)| *section).collect();
    parsed.relocate_maps(references, &text).unwrap();
    parsed.relocate_calls(&text).unwrap();
    let programs = parsed.programs.iter();
    programs
        .map(|(name, program)| {
            let function = parsed.functions.get(&program.function_key()).unwrap();
            (name.clone(), report(program, function))
        })
        .collect()
}

fn report(program: &Program, function: &Function) -> Report {
    assert!(matches!(program.section, ProgramSection::Xdp { .. }), "{:?}", program.section);
    let has_frags = matches!(program.section, ProgramSection::Xdp { frags: true, .. });
    let mut log = vec![0_u8; 64 << 10];
    let load = Load {
        program_type: BPF_PROG_TYPE_XDP,
        instruction_count: u32::try_from(function.instructions.len()).unwrap(),
        instructions: function.instructions.as_ptr().expose_provenance() as u64,
        license: program.license.as_ptr().expose_provenance() as u64,
        log_level: BPF_LOG_STATS,
        log_size: u32::try_from(log.len()).unwrap(),
        log: log.as_mut_ptr().expose_provenance() as u64,
        flags: if has_frags { BPF_F_XDP_HAS_FRAGS } else { 0 },
        expected_attach_type: BPF_XDP,
        ..Load::default()
    };
    let mut attempts = 0;
    loop {
        // SAFETY: a) `load` holds the addresses of instructions, licence and log, with the lengths of
        // the first and the last, and all three outlive the call; b) the licence ends in 0; c) the
        // kernel writes to the log only.
        let result = unsafe {
            libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &raw const load, size_of::<Load>())
        };
        if let Ok(descriptor) = i32::try_from(result)
            && descriptor >= 0
        {
            // SAFETY: the call has just made it, and nobody else knows it.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
            return parse(&log);
        }
        // As in `afxdp::load_program`: a signal interrupts the verifier.
        let error = io::Error::last_os_error();
        attempts += 1;
        assert!(error.kind() == io::ErrorKind::WouldBlock && attempts < ATTEMPTS, "{error}");
        sleep(Duration::from_millis(5));
    }
}

fn parse(log: &[u8]) -> Report {
    let log = String::from_utf8_lossy(log.split(|byte| *byte == 0).next().unwrap()).into_owned();
    let number = |before: &str| {
        let (_, rest) = log.split_once(before).expect(&log);
        rest.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    Report { instructions: number("processed "), stack: number("stack depth ") }
}
