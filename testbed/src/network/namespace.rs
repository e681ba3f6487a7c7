//! Network namespaces by name, as `ip netns` keeps them: a mount on a file of `/run/netns`.
//!
//! A namespace belongs to a thread, not to a process, and a thread of a runtime's pool that entered
//! one would take unsuspecting work with it: use [`in_namespace`], which has a thread of its own.
//! `/sys` goes on showing the namespace it was mounted in; `/proc/sys/net` follows the thread.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    thread,
};

use miette::Diagnostic;
use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, setns, unshare},
    sys::statfs::{NSFS_MAGIC, statfs},
};

/// Where namespaces have their names.
const DIRECTORY: &str = "/run/netns";

/// Why a namespace could not be used or made.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum NamespaceError {
    /// It cannot be opened.
    #[error("cannot open the network namespace {name}")]
    #[diagnostic(help("is the lab deployed? `erlab inspect --all` lists what runs"))]
    Open {
        /// Its name.
        name: String,
        /// The open(2) error.
        source: io::Error,
    },
    /// It cannot be entered.
    #[error("cannot enter the network namespace {name} (setns)")]
    #[diagnostic(help("entering a network namespace needs CAP_SYS_ADMIN: run as root"))]
    Enter {
        /// Its name.
        name: String,
        /// The setns(2) error.
        source: Errno,
    },
    /// There is a namespace or file of that name.
    #[error("/run/netns/{name} exists and is not ours")]
    #[diagnostic(help("choose another lab name, or remove it with `ip netns delete {name}`"))]
    Taken {
        /// Its name.
        name: String,
    },
    /// It cannot be made.
    #[error("cannot make the network namespace {name} ({call})")]
    #[diagnostic(help("making network namespaces needs CAP_SYS_ADMIN: run as root"))]
    Create {
        /// Its name.
        name: String,
        /// The system call.
        call: &'static str,
        /// Its error.
        source: io::Error,
    },
    /// Its name cannot be removed.
    #[error("cannot remove the network namespace {name} ({call})")]
    Delete {
        /// Its name.
        name: String,
        /// The system call.
        call: &'static str,
        /// Its error.
        source: io::Error,
    },
    /// No thread could be started for it.
    #[error("cannot start a thread in the network namespace {name}")]
    Thread {
        /// Its name.
        name: String,
        /// The clone(2) error.
        source: io::Error,
    },
    /// The work given to its thread panicked.
    #[error("the work in the network namespace {name} panicked")]
    Panicked {
        /// Its name.
        name: String,
    },
}

/// The file of a namespace.
pub fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Moves the calling thread into a namespace.
pub fn enter(name: &str) -> Result<(), NamespaceError> {
    enter_file(name, &open(name)?)
}

/// Runs `work` on a thread of its own inside a namespace and waits for it. A process started by
/// `work` stays in the namespace; with `PR_SET_PDEATHSIG` it would end with the thread.
pub fn in_namespace<T: Send>(
    name: &str,
    work: impl FnOnce() -> T + Send,
) -> Result<T, NamespaceError> {
    on_thread(name, || {
        enter(name)?;
        Ok(work())
    })?
}

/// Runs `work` on a thread of its own and waits for it; `name` is for messages.
pub(super) fn on_thread<T: Send>(
    name: &str,
    work: impl FnOnce() -> T + Send,
) -> Result<T, NamespaceError> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("namespace".to_owned())
            .spawn_scoped(scope, work)
            .map_err(|source| NamespaceError::Thread { name: name.to_owned(), source })?
            .join()
            .map_err(|_| NamespaceError::Panicked { name: name.to_owned() })
    })
}

pub(super) fn open(name: &str) -> Result<File, NamespaceError> {
    File::open(path(name)).map_err(|source| NamespaceError::Open { name: name.to_owned(), source })
}

pub(super) fn enter_file(name: &str, file: &File) -> Result<(), NamespaceError> {
    setns(file.as_fd(), CloneFlags::CLONE_NEWNET)
        .map_err(|source| NamespaceError::Enter { name: name.to_owned(), source })
}

/// Moves the calling thread into a new namespace that has no name yet.
pub(super) fn unshare_thread(name: &str) -> Result<File, NamespaceError> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| create_error(name, "unshare", errno))?;
    let own = "/proc/thread-self/ns/net";
    File::open(own).map_err(|source| create(name, "open /proc/thread-self/ns/net", source))
}

/// The names there are, ours and others'.
pub(super) fn names() -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(DIRECTORY) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a namespace is mounted on the file of that name.
pub(super) fn is_mounted(name: &str) -> bool {
    statfs(&path(name)).is_ok_and(|found| found.filesystem_type() == NSFS_MAGIC)
}

/// The text of a file on which nothing is mounted: our mark when we made it.
pub(super) fn file_text(name: &str) -> Option<String> {
    (!is_mounted(name)).then(|| fs::read_to_string(path(name)).ok()).flatten()
}

/// Makes the file for a name, with our mark in it. A file of ours that a crash left is used again.
pub(super) fn reserve(name: &str, mark: &str) -> Result<(), NamespaceError> {
    share_directory(name)?;
    let file = OpenOptions::new().write(true).create_new(true).open(path(name));
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let ours = file_text(name).is_some_and(|text| text == mark);
            let taken = NamespaceError::Taken { name: name.to_owned() };
            return if ours { Ok(()) } else { Err(taken) };
        }
        file => file.map_err(|source| create(name, "open", source))?,
    };
    file.write_all(mark.as_bytes()).map_err(|source| create(name, "write", source))
}

/// Gives a namespace its name. The file was made by [`reserve`].
pub(super) fn attach(name: &str, namespace: &File) -> Result<(), NamespaceError> {
    use std::os::fd::AsRawFd;
    let source = format!("/proc/self/fd/{}", namespace.as_raw_fd());
    bind(&source, &path(name)).map_err(|errno| create_error(name, "mount", errno))
}

/// Takes a namespace's name away; it ends with its last process, file and thread.
pub(super) fn delete(name: &str) -> Result<(), NamespaceError> {
    let error = |call, source| NamespaceError::Delete { name: name.to_owned(), call, source };
    // Mounts can lie over each other.
    while is_mounted(name) {
        umount2(&path(name), MntFlags::MNT_DETACH)
            .map_err(|errno| error("umount2", io::Error::from(errno)))?;
    }
    match fs::remove_file(path(name)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(error("unlink", source)),
        _ => Ok(()),
    }
}

/// Makes `/run/netns` a shared mount as `ip netns add` does, so that a namespace mounted by one
/// process is seen and can be unmounted in the mount namespaces of others.
fn share_directory(name: &str) -> Result<(), NamespaceError> {
    let directory = Path::new(DIRECTORY);
    fs::create_dir_all(directory).map_err(|source| create(name, "mkdir", source))?;
    let share = || {
        let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
        mount(None::<&str>, directory, None::<&str>, flags, None::<&str>)
    };
    let result = match share() {
        // Not a mount point yet.
        Err(Errno::EINVAL) => bind(DIRECTORY, directory).and_then(|()| share()),
        result => result,
    };
    result.map_err(|errno| create_error(name, "mount --make-shared", errno))
}

fn bind(source: &str, target: &Path) -> nix::Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
}

fn create_error(name: &str, call: &'static str, errno: Errno) -> NamespaceError {
    create(name, call, errno.into())
}

fn create(name: &str, call: &'static str, source: io::Error) -> NamespaceError {
    NamespaceError::Create { name: name.to_owned(), call, source }
}
