//! eBPF objects of other builds, made from the one under test by changing single instructions.
//!
//! A build with another tag and the same layouts is what an upgrade meets. It is made by replacing a
//! 64-bit move of a constant that is not negative by the 32-bit move, which clears the upper half: the
//! program does the same, and the kernel's hash of it is another one.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

/// An instruction: operation, registers, offset, constant.
const INSTRUCTION: usize = 8;
/// `lddw`, which is two instructions long.
const LOAD_CONSTANT: u8 = 0x18;
const MOVE_64: u8 = 0xb7;
const MOVE_32: u8 = 0xb4;
/// A move between registers; the registers: to r0, from r9.
const MOVE_REGISTER: u8 = 0xbf;
const FROM_R9_TO_R0: u8 = 0x90;

/// A directory with an object, for a loader.
pub fn directory(object: &[u8]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("msee.bpf.o"), object).unwrap();
    directory
}

/// The object under test.
pub fn current() -> Vec<u8> {
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
    let directory = std::env::var_os(afxdp::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
    fs::read(directory.join("msee.bpf.o")).unwrap()
}

/// The object of another build, which does the same. Two numbers give two builds, and in another process
/// other ones: what the kernel holds is found by the builds, and these tests may run twice at a time.
pub fn build(number: u32) -> Vec<u8> {
    // Fibonacci hashing, so that neighbouring processes differ in the high bits.
    let number = number ^ std::process::id().wrapping_mul(0x9e37_79b1);
    let mut object = current();
    let functions = functions(&object);
    assert_eq!(functions.len(), 2, "msee_port and msee_inject");
    for (offset, length) in functions {
        let mut moves = 0;
        let mut at = offset;
        while at < offset + length {
            let constant = i32::from_le_bytes(object[at + 4..at + 8].try_into().unwrap());
            if object[at] == MOVE_64 && constant >= 0 && moves < u32::BITS {
                if number >> moves & 1 == 1 {
                    object[at] = MOVE_32;
                }
                moves += 1;
            }
            at += if object[at] == LOAD_CONSTANT { 2 } else { 1 } * INSTRUCTION;
        }
        assert_eq!(moves, u32::BITS, "a program has enough moves of constants");
    }
    object
}

/// An object whose programs the verifier refuses: they read a register that nobody wrote.
pub fn refused() -> Vec<u8> {
    let mut object = current();
    for (offset, _) in functions(&object) {
        let first = [MOVE_REGISTER, FROM_R9_TO_R0, 0, 0, 0, 0, 0, 0];
        object[offset..offset + INSTRUCTION].copy_from_slice(&first);
    }
    object
}

/// An object that says it has another ABI version.
pub fn of_version(version: u32) -> Vec<u8> {
    // Where a map's definition holds its number of entries.
    const ENTRIES: usize = 12;
    let mut object = current();
    let symbols = symbols(&object);
    let map = symbols.iter().find(|symbol| symbol.name == abi::VERSION_MAP).unwrap();
    let at = map.offset + ENTRIES;
    assert_eq!(object[at..at + 4], abi::VERSION.to_le_bytes());
    object[at..at + 4].copy_from_slice(&version.to_le_bytes());
    object
}

/// Where in the file the programs are, and how long.
fn functions(object: &[u8]) -> Vec<(usize, usize)> {
    let symbols = symbols(object).into_iter();
    let programs = symbols.filter(|symbol| symbol.name.starts_with("msee_"));
    programs.map(|symbol| (symbol.offset, symbol.length)).collect()
}

struct Symbol {
    name: String,
    /// In the file.
    offset: usize,
    length: usize,
}

/// The symbols of an ELF file that lie in a section of it.
fn symbols(object: &[u8]) -> Vec<Symbol> {
    let number = |at: usize, length: usize| {
        let bytes = &object[at..at + length];
        bytes.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let text = |at: usize| {
        let bytes = object[at..].split(|byte| *byte == 0).next().unwrap();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let (sections, size, count) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    let section = |index: usize| sections + index * size;
    let offset_of = |index: usize| number(section(index) + 0x18, 8);
    let table = (0..count).map(section).find(|at| number(at + 4, 4) == 2).unwrap();
    let (start, length) = (number(table + 0x18, 8), number(table + 0x20, 8));
    let names = offset_of(number(table + 0x28, 4));
    let entries = (start..start + length).step_by(24);
    let defined = entries.filter(|at| (1..count).contains(&number(at + 6, 2)));
    let symbol = |at: usize| Symbol {
        name: text(names + number(at, 4)),
        offset: offset_of(number(at + 6, 2)) + number(at + 8, 8),
        length: number(at + 16, 8),
    };
    defined.map(symbol).collect()
}
