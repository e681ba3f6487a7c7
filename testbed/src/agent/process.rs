//! Processes that cannot be mistaken for another.
//!
//! A process number alone is not enough: by the time a signal is sent it may belong to somebody
//! else. A process is named by its number *and* its start time, and once opened it is held by a
//! pidfd (pidfd_open(2)), which never refers to another process.

mod wait;

use std::{
    fs, io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

/// Environment variable that every process of a lab carries; its value is the lab's name.
pub const LAB_MARK: &str = "ERLAB_LAB";

/// Environment variable that a supervised daemon carries besides; its value is the daemon's name.
pub(super) const DAEMON_MARK: &str = "ERLAB_DAEMON";

/// One process of this boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Process number.
    pub pid: i32,
    /// Start time in clock ticks since boot: field 22 of `/proc/PID/stat`, proc_pid_stat(5).
    pub start_time: u64,
}

/// What `/proc/PID/stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    start_time: u64,
}

/// A live process, held by its pidfd.
#[derive(Debug)]
pub struct Process {
    identity: Identity,
    pidfd: OwnedFd,
}

impl Process {
    /// Opens process `pid`; `None` when there is none.
    pub fn open(pid: i32) -> io::Result<Option<Self>> {
        let Some(number) = Pid::from_raw(pid) else { return Ok(None) };
        let pidfd = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            // EINVAL: the number of a thread, not of a process.
            Err(rustix::io::Errno::SRCH | rustix::io::Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Read after the open: if the process died in between, the stat is a newer process's and
        // the pidfd says that ours is gone.
        let Some(stat) = stat(pid) else { return Ok(None) };
        let process = Self { identity: Identity { pid, start_time: stat.start_time }, pidfd };
        Ok(if process.has_exited()? { None } else { Some(process) })
    }

    /// Opens exactly the process that was recorded as `identity`; `None` when it is gone, even if
    /// its number is in use again.
    pub fn reopen(identity: Identity) -> io::Result<Option<Self>> {
        Ok(Self::open(identity.pid)?.filter(|process| process.identity == identity))
    }

    /// Its number and start time.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Sends `signal`; a process that has ended meanwhile is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, signal) {
            Err(error) if error != rustix::io::Errno::SRCH => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Whether it has ended (a zombie has).
    pub fn has_exited(&self) -> io::Result<bool> {
        let mut set = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        Ok(poll(&mut set, PollTimeout::ZERO)? > 0)
    }

    /// Waits until it has ended. Cancel safe.
    pub async fn exited(&self) -> io::Result<()> {
        wait::readable(&self.pidfd).await
    }
}

/// Live processes that carry `LAB_MARK=<lab>`, but not this one and not its ancestors: `destroy`
/// may have been typed in a shell inside the lab.
pub fn marked_with_lab(lab: &str) -> io::Result<Vec<Process>> {
    let spared = ancestors();
    let entry = format!("{LAB_MARK}={lab}");
    let mut found = Vec::new();
    for pid in pids()? {
        if !spared.contains(&pid)
            && carries(pid, &entry)
            && let Some(process) = Process::open(pid)?
        {
            found.push(process);
        }
    }
    Ok(found)
}

/// The child of `parent` that was started as daemon `name` of `lab`, if there is one.
pub(super) fn daemon_of(parent: i32, lab: &str, name: &str) -> io::Result<Option<Process>> {
    let (lab, daemon) = (format!("{LAB_MARK}={lab}"), format!("{DAEMON_MARK}={name}"));
    for process in children(parent)? {
        let pid = process.identity.pid;
        if carries(pid, &lab) && carries(pid, &daemon) {
            return Ok(Some(process));
        }
    }
    Ok(None)
}

/// Live children of `parent`.
pub(super) fn children(parent: i32) -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for pid in pids()? {
        if stat(pid).is_some_and(|stat| stat.parent == parent)
            && let Some(process) = Process::open(pid)?
        {
            found.push(process);
        }
    }
    Ok(found)
}

/// Names of the labs that some live process is marked with.
pub fn marked_labs() -> io::Result<Vec<String>> {
    let prefix = format!("{LAB_MARK}=");
    let mut labs = Vec::new();
    for pid in pids()? {
        let environment = environment(pid);
        let marks = environment.split(|byte| *byte == 0);
        labs.extend(marks.filter_map(|entry| {
            Some(str::from_utf8(entry.strip_prefix(prefix.as_bytes())?).ok()?.to_owned())
        }));
    }
    labs.sort();
    labs.dedup();
    Ok(labs)
}

fn carries(pid: i32, entry: &str) -> bool {
    environment(pid).split(|byte| *byte == 0).any(|found| found == entry.as_bytes())
}

/// The environment a process was started with; empty when it has ended or is a kernel thread.
fn environment(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

fn pids() -> io::Result<Vec<i32>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        pids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    Ok(pids)
}

/// This process and its ancestors.
fn ancestors() -> Vec<i32> {
    let mut line = vec![std::process::id().cast_signed()];
    while let Some(parent) = line.last().and_then(|pid| stat(*pid)).map(|stat| stat.parent)
        && parent > 0
    {
        line.push(parent);
    }
    line
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    parse_stat(&text)
}

/// The second field is the program's name in parentheses and may itself hold spaces and
/// parentheses, so fields are counted from the last closing one.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let start_time = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, start_time })
}

#[cfg(test)]
mod tests;
