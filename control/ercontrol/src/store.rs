//! Where resources are kept.
//!
//! The trait has the shape of etcd, so that etcd can stand in for the embedded engine when more
//! than one machine takes part: keys in order, one revision for the whole store, transactions that
//! compare revisions before they write, and watches that start at a revision.

pub mod embedded;
mod history;

use desired::Revision;
use futures::stream::BoxStream;

pub use embedded::{EmbeddedStore, OpenError};

/// One key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// The commit that last wrote it.
    pub revision: Revision,
}

/// Changes that are made all together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// What must hold, or nothing is written.
    pub compares: Vec<Compare>,
    /// Keys to write.
    pub puts: Vec<(String, Vec<u8>)>,
    /// Keys to delete; one that is absent is no error.
    pub deletes: Vec<String>,
}

/// A condition on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The key.
    pub key: String,
    /// The revision it must have, or `None`: it must be absent.
    pub revision: Option<Revision>,
}

/// One commit, as a watcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its revision.
    pub revision: Revision,
    /// Keys written, with their values.
    pub puts: Vec<(String, Vec<u8>)>,
    /// Keys deleted.
    pub deletes: Vec<String>,
}

/// What a watch yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// The next commit that touched the prefix.
    Commit(Commit),
    /// Commits were forgotten before they were read: list again. Commits that the list has
    /// already may follow.
    Gap,
}

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A comparison did not hold: another writer was faster.
    #[error("{key} changed meanwhile: read it again and retry")]
    Conflict {
        /// The key.
        key: String,
    },
    /// The engine failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The engine failed.
#[derive(Debug, thiserror::Error)]
#[error("the store failed to {operation}: check the disk that holds it")]
pub struct StoreError {
    /// What it was doing: "read", "commit".
    pub operation: &'static str,
    /// What the engine said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A key-value store with revisions. Calls may block for the time of a disk write.
pub trait Store: Send + Sync {
    /// The revision of the last commit; 0 for a new store.
    fn revision(&self) -> Result<Revision, StoreError>;

    /// One entry.
    fn get(&self, key: &str) -> Result<Option<Entry>, StoreError>;

    /// All entries whose key starts with `prefix`, in key order, and the store's revision then.
    fn list(&self, prefix: &str) -> Result<(Revision, Vec<Entry>), StoreError>;

    /// Writes the transaction and returns its revision, one higher than the last commit's.
    fn commit(&self, transaction: Transaction) -> Result<Revision, CommitError>;

    /// Every commit after `from` that touches `prefix`, in order, for ever.
    fn watch(&self, prefix: &str, from: Revision) -> BoxStream<'static, WatchEvent>;
}

#[cfg(test)]
mod tests;
