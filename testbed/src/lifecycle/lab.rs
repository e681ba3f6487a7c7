//! Labs that exist.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::run_directory::{ROOT, RunDirectory};
use crate::topology::{
    LabNameError, Topology, check_lab_name,
    plan::{Node, Plan},
};

/// What was deployed, as `lab.json` keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LabState {
    /// The file, whole.
    pub topology: Topology,
    /// The plan made from it.
    pub plan: Plan,
}

/// A lab that was deployed.
#[derive(Clone, Debug)]
pub struct Lab {
    directory: RunDirectory,
    state: LabState,
}

/// Why a lab was not found.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum FindError {
    /// No lab can have this name.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Name(#[from] LabNameError),
    /// There is no lab of this name.
    #[error("no lab named `{lab}` is running{}", others(running))]
    #[diagnostic(help("deploy it with `erlab deploy -t FILE`"))]
    Unknown {
        /// The name asked for.
        lab: String,
        /// The labs there are.
        running: Vec<String>,
    },
    /// No name was given and there is no lab.
    #[error("no lab is running")]
    #[diagnostic(help("deploy one with `erlab deploy -t labs/fastpath.er.yml`"))]
    None,
    /// No name was given and there are several labs.
    #[error("{} labs are running: {}", .0.len(), .0.join(", "))]
    #[diagnostic(help("say which one with `--name`"))]
    Several(Vec<String>),
    /// The state file cannot be read: its deployment was killed, or it is of another version.
    #[error("the state of lab `{lab}` cannot be read from {}", path.display())]
    #[diagnostic(help("remove the lab with `erlab destroy --name {lab}` and deploy it again"))]
    State {
        /// The lab.
        lab: String,
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// The labs' directory cannot be read.
    #[error("cannot list the labs in {ROOT}")]
    #[diagnostic(help("labs belong to root: run erlab as root"))]
    List(#[source] io::Error),
}

fn others(running: &[String]) -> String {
    if running.is_empty() { String::new() } else { format!(" (running: {})", running.join(", ")) }
}

impl Lab {
    /// The lab `name`, or the only one when no name is given.
    pub fn find(name: Option<&str>) -> Result<Self, FindError> {
        name.map_or(Ok(()), check_lab_name)?;
        let running = running_labs().map_err(FindError::List)?;
        let name = match (name, running.as_slice()) {
            (Some(name), _) if running.iter().any(|lab| lab == name) => name,
            (Some(name), _) => return Err(FindError::Unknown { lab: name.to_owned(), running }),
            (None, [only]) => only,
            (None, []) => return Err(FindError::None),
            (None, _) => return Err(FindError::Several(running)),
        };
        Self::load(RunDirectory::of(name))
    }

    /// Reads the state file of a lab.
    pub fn load(directory: RunDirectory) -> Result<Self, FindError> {
        let path = directory.state_file();
        let state = fs::read(&path)
            .and_then(|text| serde_json::from_slice(&text).map_err(io::Error::from))
            .map_err(|source| FindError::State { lab: directory.lab().to_owned(), path, source })?;
        Ok(Self { directory, state })
    }

    /// A lab about to be deployed.
    pub(super) fn new(directory: RunDirectory, state: LabState) -> Self {
        Self { directory, state }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.directory.lab()
    }

    /// Its sockets, logs and pins.
    pub fn directory(&self) -> &RunDirectory {
        &self.directory
    }

    /// What was deployed.
    pub fn state(&self) -> &LabState {
        &self.state
    }

    /// The plan it was deployed from.
    pub fn plan(&self) -> &Plan {
        &self.state.plan
    }

    /// The file it was deployed from.
    pub fn topology(&self) -> &Topology {
        &self.state.topology
    }

    /// The node `name`.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.state.plan.nodes.iter().find(|node| node.name == name)
    }

    /// `ercontrol`'s ARM API.
    pub fn control_socket(&self) -> PathBuf {
        self.directory.control_socket()
    }

    /// Admin HTTP of router or gateway `node`.
    pub fn admin_socket(&self, node: &str) -> PathBuf {
        self.directory.admin_socket(node)
    }

    /// Admin HTTP of the agent.
    pub fn agent_socket(&self) -> PathBuf {
        self.directory.agent_socket()
    }
}

/// Names of the labs that were deployed, in order.
pub fn running_labs() -> io::Result<Vec<String>> {
    labs_below(Path::new(ROOT))
}

/// A directory without a state file is a deployment that was killed in its first moments: only
/// `destroy` knows it.
fn labs_below(root: &Path) -> io::Result<Vec<String>> {
    let mut labs = directories(root)?;
    labs.retain(|lab| root.join(lab).join("lab.json").exists());
    Ok(labs)
}

/// Names of all run directories, in order, also of deployments that were killed.
pub(super) fn run_directories() -> io::Result<Vec<String>> {
    let mut labs = directories(Path::new(ROOT))?;
    labs.retain(|name| name != "bpf");
    Ok(labs)
}

/// Names of the directories in `root`, in order; none when `root` does not exist.
pub(super) fn directories(root: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
