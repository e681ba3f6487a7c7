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

/// The object of another build, which does the same. Two numbers give two builds.
pub fn build(number: u32) -> Vec<u8> {
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

/// Where in the file the programs are, and how long: the functions of the section `xdp`.
fn functions(object: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize, length: usize| {
        let bytes = &object[at..at + length];
        bytes.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let (table, size, count) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    let section = |index: usize| table + index * size;
    let offset_of = |index: usize| number(section(index) + 0x18, 8);
    let names = offset_of(number(0x3e, 2));
    let is_named = |index: usize, name: &[u8]| {
        let at = names + number(section(index), 4);
        object[at..].starts_with(name) && object[at + name.len()] == 0
    };
    let find = |name: &[u8]| (0..count).find(|index| is_named(*index, name)).unwrap();
    let (programs, symbols) = (find(b"xdp"), find(b".symtab"));
    let (start, length) = (offset_of(symbols), number(section(symbols) + 0x20, 8));
    let symbols = (start..start + length).step_by(24);
    let functions = symbols.filter(|at| {
        const FUNCTION: usize = 2;
        number(at + 4, 1) & 0xf == FUNCTION && number(at + 6, 2) == programs
    });
    functions.map(|at| (offset_of(programs) + number(at + 8, 8), number(at + 16, 8))).collect()
}
