//! `daemons.json`: which processes the daemons are, so that a new worker adopts them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    daemon::Daemon,
    process::{self, Identity, Process},
};
use crate::lifecycle::write_json;

/// What is recorded of one daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Program file name.
    pub program: String,
    /// The process.
    #[serde(flatten)]
    pub identity: Identity,
    /// How often it was restarted since the lab was deployed.
    pub restarts: u32,
}

/// The records of all daemons that run, by name.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    daemons: BTreeMap<String, Record>,
}

impl Records {
    /// Reads the file; one that is absent or unreadable holds no records, and the processes are
    /// then found by their marks.
    pub(super) fn read(path: &Path) -> Self {
        let daemons = fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { path: path.to_owned(), daemons: daemons.unwrap_or_default() }
    }

    /// Records the process of a daemon.
    pub(super) fn put(
        &mut self,
        daemon: &Daemon,
        identity: Identity,
        restarts: u32,
    ) -> io::Result<()> {
        let record = Record { program: daemon.program.to_owned(), identity, restarts };
        self.daemons.insert(daemon.name.clone(), record);
        write_json(&self.path, &self.daemons)
    }

    /// The recorded process of a daemon.
    pub(super) fn find(&self, daemon: &Daemon) -> Option<&Record> {
        self.daemons.get(&daemon.name)
    }

    /// The running process of `daemon` and its restarts: the recorded one if it is alive, else a
    /// child of `guardian` that carries the daemon's mark, which a worker killed between starting
    /// it and recording it has left.
    pub(super) fn running(
        &self,
        daemon: &Daemon,
        lab: &str,
        guardian: i32,
    ) -> io::Result<Option<(Process, u32)>> {
        let restarts = self.find(daemon).map_or(0, |record| record.restarts);
        if let Some(record) = self.find(daemon)
            && record.program == daemon.program
            && let Some(process) = Process::reopen(record.identity)?
        {
            return Ok(Some((process, restarts)));
        }
        let orphan = process::daemon_of(guardian, lab, &daemon.name)?;
        Ok(orphan.map(|process| (process, restarts)))
    }
}

#[cfg(test)]
mod tests;
