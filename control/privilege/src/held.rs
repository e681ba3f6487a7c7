//! What the threads of a process hold, as `/proc` shows it: the check that a drop reached all.

use std::{fs, io, path::Path};

use crate::Capabilities;

/// The privileges of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// What the kernel checks.
    pub effective: Capabilities,
    /// What can be made effective.
    pub permitted: Capabilities,
    /// What a program with file capabilities would keep.
    pub inheritable: Capabilities,
    /// What any program keeps.
    pub ambient: Capabilities,
    /// The most a program can get.
    pub bounding: Capabilities,
    /// Whether running a program can give nothing.
    pub no_new_privs: bool,
}

impl Held {
    /// What a thread holds after [`crate::keep`] in a process that had all of `kept`.
    pub fn only(kept: Capabilities) -> Self {
        let none = Capabilities::empty();
        Self {
            effective: kept,
            permitted: kept,
            inheritable: none,
            ambient: none,
            bounding: kept,
            no_new_privs: true,
        }
    }
}

/// The privileges of every thread of process `pid`.
pub fn of_process(pid: u32) -> io::Result<Vec<Held>> {
    let tasks = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("task"))?;
    tasks
        .map(|task| {
            let path = task?.path().join("status");
            parse(&fs::read_to_string(&path)?).ok_or_else(|| {
                let text = format!("{} has not the fields of proc_pid_status(5)", path.display());
                io::Error::new(io::ErrorKind::InvalidData, text)
            })
        })
        .collect()
}

fn parse(status: &str) -> Option<Held> {
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        u64::from_str_radix(value.trim(), 16).ok()
    };
    let set = |name| field(name).map(Capabilities::from_bits_retain);
    Some(Held {
        effective: set("CapEff")?,
        permitted: set("CapPrm")?,
        inheritable: set("CapInh")?,
        ambient: set("CapAmb")?,
        bounding: set("CapBnd")?,
        no_new_privs: field("NoNewPrivs")? == 1,
    })
}

#[cfg(test)]
mod tests;
