//! Removing a lab: its processes, its pins, its network, its files. Exactly its own, whatever state
//! it is in, as often as one likes.

use std::{fmt, fs, io, path::Path, time::Duration};

use nix::mount::{MntFlags, umount2};

use super::{
    RunDirectory, guardian,
    lab::{directories, run_directories},
    run_directory::{self, BPF, ROOT},
};
use crate::{
    agent::{self, marked_labs, marked_with_lab},
    network::{self, RemoveError},
    topology::{LabNameError, check_lab_name},
};

/// How long the guardian may take to end all daemons in their order, its own patience included.
const GUARDIAN_PATIENCE: Duration = Duration::from_secs(20);

/// How long a process that the guardian does not know (a shell in a node, an orphan) may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Rounds of looking for marked processes: one may start another while it is being ended.
const ROUNDS: u32 = 5;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Name of the lab.
    pub lab: String,
    /// Processes that were ended.
    pub processes: usize,
    /// Network namespaces.
    pub namespaces: usize,
    /// Whether routers or gateways had left pins.
    pub pins: bool,
    /// Whether there was a run directory.
    pub directory: bool,
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lab, processes, namespaces, pins, directory } = self;
        write!(f, "lab {lab}: removed {processes} processes, {namespaces} namespaces")?;
        if *pins {
            write!(f, ", BPF pins")?;
        }
        if *directory {
            write!(f, ", {ROOT}/{lab}")?;
        }
        Ok(())
    }
}

/// Why something of a lab is left.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum DestroyError {
    /// No lab can have this name.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Name(#[from] LabNameError),
    /// There is nothing of such a lab.
    #[error("there is no lab named `{lab}`{}", known(labs))]
    #[diagnostic(help("`erlab inspect --all` lists the labs there are"))]
    Unknown {
        /// The name asked for.
        lab: String,
        /// The labs there are.
        labs: Vec<String>,
    },
    /// Processes could not be looked for or signalled.
    #[error("the processes of lab `{lab}` could not be ended")]
    Processes {
        /// The lab.
        lab: String,
        /// The call's error.
        #[source]
        source: io::Error,
    },
    /// A process survives SIGKILL.
    #[error("{count} processes of lab `{lab}` do not end")]
    #[diagnostic(help("they wait inside the kernel: `ps -eo pid,stat,wchan:32,args` shows where"))]
    Immortal {
        /// The lab.
        lab: String,
        /// How many.
        count: usize,
    },
    /// The network could not be removed.
    #[error("the network of lab `{lab}` could not be removed")]
    Network {
        /// The lab.
        lab: String,
        /// What remains and why.
        #[source]
        #[diagnostic_source]
        source: RemoveError,
    },
    /// A file could not be removed.
    #[error("cannot remove {path}")]
    Files {
        /// The file or directory.
        path: String,
        /// The call's error.
        #[source]
        source: io::Error,
    },
    /// The labs cannot be listed.
    #[error("cannot look for labs")]
    #[diagnostic(help("labs belong to root: run erlab as root"))]
    List(#[source] io::Error),
}

fn known(labs: &[String]) -> String {
    if labs.is_empty() { String::new() } else { format!(" (there are: {})", labs.join(", ")) }
}

/// Removes everything of `lab`.
pub async fn destroy(lab: &str) -> Result<Removed, DestroyError> {
    let removed = remove(lab).await?;
    let nothing = Removed { lab: lab.to_owned(), ..Removed::default() };
    if removed == nothing {
        let labs = all_labs().map_err(DestroyError::List)?;
        return Err(DestroyError::Unknown { lab: lab.to_owned(), labs });
    }
    Ok(removed)
}

/// Removes every lab there is anything of. Goes on after a lab that could not be removed, and
/// returns the first failure.
pub async fn destroy_all() -> Result<Vec<Removed>, DestroyError> {
    let mut removed = Vec::new();
    let mut failure = None;
    for lab in all_labs().map_err(DestroyError::List)? {
        match remove(&lab).await {
            Ok(done) => removed.push(done),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(removed), Err)
}

/// Names of all labs that left a run directory, a namespace or a process. Anybody can start a
/// process with a mark, so what cannot be a name is nobody's.
fn all_labs() -> io::Result<Vec<String>> {
    let mut labs = run_directories()?;
    labs.extend(network::labs()?);
    labs.extend(marked_labs()?);
    labs.retain(|lab| check_lab_name(lab).is_ok());
    labs.sort();
    labs.dedup();
    Ok(labs)
}

/// Processes first: they hold namespaces, pins and sockets, and would make them anew.
async fn remove(lab: &str) -> Result<Removed, DestroyError> {
    check_lab_name(lab)?;
    let directory = RunDirectory::of(lab);
    let processes = end_processes(&directory)
        .await
        .map_err(|source| DestroyError::Processes { lab: lab.to_owned(), source })?;
    let alive = marked_with_lab(lab)
        .map_err(|source| DestroyError::Processes { lab: lab.to_owned(), source })?;
    if !alive.is_empty() {
        return Err(DestroyError::Immortal { lab: lab.to_owned(), count: alive.len() });
    }
    let pins = remove_tree(&directory.pins())?;
    let namespaces = network::remove(lab)
        .await
        .map_err(|source| DestroyError::Network { lab: lab.to_owned(), source })?;
    let directory = remove_tree(directory.path())?;
    remove_root_if_unused();
    Ok(Removed { lab: lab.to_owned(), processes, namespaces, pins, directory })
}

/// Ends the guardian, which ends the daemons in their order, then whatever else carries the mark.
async fn end_processes(directory: &RunDirectory) -> io::Result<usize> {
    let mut ended = marked_with_lab(directory.lab())?.len();
    if let Some(guardian) = guardian::find(directory)? {
        agent::end(&[guardian], GUARDIAN_PATIENCE).await?;
    }
    for round in 0..ROUNDS {
        let left = marked_with_lab(directory.lab())?;
        if left.is_empty() {
            break;
        }
        if round > 0 {
            ended += left.len();
        }
        agent::end(&left, PATIENCE).await?;
    }
    Ok(ended)
}

fn remove_tree(path: &Path) -> Result<bool, DestroyError> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(DestroyError::Files { path: path.display().to_string(), source }),
    }
}

/// Unmounts the bpffs and removes the labs' parent directory when no lab is left. Each step fails
/// by itself when something is left: rmdir(2) and umount(2) refuse what is in use, and a lab always
/// makes its run directory before it needs the bpffs. The lock keeps a lab that is being deployed
/// from finding the bpffs mounted just before it goes.
fn remove_root_if_unused() {
    // Without the lock both stay, which the next lab does not mind.
    let Ok(_lock) = run_directory::lock() else { return };
    if run_directories().is_ok_and(|labs| labs.is_empty()) {
        // The kernel puts files of its own into a new bpffs (maps.debug); pins are in directories.
        if directories(Path::new(BPF)).is_ok_and(|pins| pins.is_empty()) {
            while umount2(BPF, MntFlags::UMOUNT_NOFOLLOW).is_ok() {}
            let _ = fs::remove_dir(BPF);
        }
        let _ = fs::remove_dir(ROOT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_a_lab_is_refused_before_anything_is_touched() {
        for name in ["..", "/x", "bpf", ""] {
            let refused = destroy(name).await;
            assert!(matches!(refused, Err(DestroyError::Name(_))), "{name}: {refused:?}");
        }
    }
}
