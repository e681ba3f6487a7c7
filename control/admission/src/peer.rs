//! Who is at the other end of a socket, and whether they may be.

use std::{fs, io, os::fd::AsFd as _, os::unix::fs::MetadataExt as _, path::Path};

use nix::unistd::geteuid;
use tokio::net::UnixStream;

use crate::groups;

/// The process at the other end, as it was when it connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its number, in our process namespace; `None` when it has none there.
    pub process: Option<i32>,
    /// Its effective user.
    pub user: u32,
    /// Its effective group and its supplementary ones.
    pub groups: Vec<u32>,
}

impl Peer {
    /// The peer of a connected socket.
    pub fn of(stream: &UnixStream) -> io::Result<Self> {
        let credentials = stream.peer_cred()?;
        let mut groups = groups::of_peer(stream.as_fd())?;
        groups.push(credentials.gid());
        Ok(Self { process: credentials.pid(), user: credentials.uid(), groups })
    }
}

/// Who may use a socket: root, its owner, and its group if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The owner.
    pub owner: u32,
    /// The group.
    pub group: Option<u32>,
}

impl Rule {
    /// The rule that the owner and group of a socket's file make. Without a file, whoever still gets
    /// here must be the user this process runs as.
    pub fn of(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(file) => Self { owner: file.uid(), group: Some(file.gid()) },
            Err(_) => Self { owner: geteuid().as_raw(), group: None },
        }
    }

    /// Whether `peer` may use the socket.
    pub fn admits(&self, peer: &Peer) -> bool {
        let root = 0;
        peer.user == root
            || peer.user == self.owner
            || self.group.is_some_and(|group| peer.groups.contains(&group))
    }
}

#[cfg(test)]
mod tests;
