//! Having the verifier look at a program, and telling what it said.

use std::{io, thread::sleep, time::Duration};

use aya::{
    Ebpf,
    programs::{ProgramError, Xdp},
};

/// More often than libbpf tries (5): on a busy machine five in a row were interrupted.
const LOAD_ATTEMPTS: u32 = 20;
/// The pause between two tries.
const LOAD_PAUSE: Duration = Duration::from_millis(5);

/// How much of the verifier's log is told: its last lines say what was wrong, and where.
const TAIL: usize = 20;

/// A program cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadProgramError {
    /// The verifier refused it.
    #[error("the kernel refused the program {program}, and its verifier said last:\n{tail}\n")]
    Refused {
        /// Name of the program.
        program: &'static str,
        /// The end of the verifier's log.
        tail: String,
        #[source]
        /// What BPF_PROG_LOAD returned.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot load the program {program}")]
    Load {
        /// Name of the program.
        program: &'static str,
        #[source]
        /// What aya said.
        source: ProgramError,
    },
}

/// Loads the XDP program `name` of an object. A signal that is pending for the thread interrupts the
/// verifier with EAGAIN: it is asked again.
pub fn load_program(ebpf: &mut Ebpf, name: &'static str) -> Result<(), LoadProgramError> {
    let other = |source| LoadProgramError::Load { program: name, source };
    let program = ebpf.program_mut(name).ok_or(other(ProgramError::NotLoaded))?;
    let program: &mut Xdp = program.try_into().map_err(other)?;
    let mut attempt = 1;
    loop {
        match program.load() {
            Ok(()) => return Ok(()),
            Err(ProgramError::LoadError { io_error, .. })
                if io_error.kind() == io::ErrorKind::WouldBlock && attempt < LOAD_ATTEMPTS =>
            {
                attempt += 1;
                sleep(LOAD_PAUSE);
            }
            Err(ProgramError::LoadError { io_error, verifier_log }) => {
                let tail = tail(&verifier_log.to_string());
                return Err(LoadProgramError::Refused { program: name, tail, source: io_error });
            }
            Err(error) => return Err(other(error)),
        }
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let (_, last) = lines.split_at(lines.len().saturating_sub(TAIL));
    last.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_what_is_told() {
        let log: Vec<String> = (1..=100).map(|line: u8| line.to_string()).collect();
        let told = tail(&log.join("\n\n"));
        assert_eq!(told.lines().count(), TAIL);
        assert!(told.starts_with("81\n") && told.ends_with("100"), "{told}");
        assert_eq!(tail("one\n"), "one");
    }
}
