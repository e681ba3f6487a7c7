//! The embedded store: redb, one file.
//!
//! redb commits by writing a new tree and then one pointer, and syncs both: a commit that returned
//! is there after a crash or a power cut, one that did not is not there at all. It also locks the
//! file, which keeps a second `ercontrol` away.

use std::{
    fs::{OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use desired::Revision;
use futures::stream::BoxStream;
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};

use super::{
    Commit, CommitError, Entry, Store, StoreError, Transaction, WatchEvent, history::History,
};

/// Key to (revision, value).
const ENTRIES: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("entries");
/// Singletons; only [`REVISION`] so far.
const SINGLETONS: TableDefinition<'_, &str, u64> = TableDefinition::new("singletons");
const REVISION: &str = "revision";

/// A store in one file.
#[derive(Debug)]
pub struct EmbeddedStore {
    database: Database,
    history: Arc<History>,
    /// Orders the history as the commits: redb alone would let two commits be told in either order.
    committing: Mutex<()>,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be made or read.
    #[error("cannot open the store {path}: check that its directory exists and is writable")]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process holds it.
    #[error(
        "another ercontrol is running on the store {path}: stop that one, or give this one \
         another --store"
    )]
    Locked {
        /// Its path.
        path: PathBuf,
    },
    /// It is no store, or it is damaged.
    #[error("{path} is not a usable store: restore a copy of it, or move it away to start empty")]
    Database {
        /// Its path.
        path: PathBuf,
        /// What redb said.
        #[source]
        source: Box<redb::Error>,
    },
}

impl EmbeddedStore {
    /// Opens the store at `path` or makes a new one, readable by its owner alone (mode 0600): it
    /// holds authorization keys.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = |source| OpenError::File { path: path.to_owned(), source };
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
            .map_err(file)?;
        let database = Database::create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::Locked { path: path.to_owned() },
            other => OpenError::Database { path: path.to_owned(), source: Box::new(other.into()) },
        })?;
        let revision = prepare(&database).map_err(|error| OpenError::Database {
            path: path.to_owned(),
            source: Box::new(error),
        })?;
        Ok(Self {
            database,
            history: Arc::new(History::new(revision)),
            committing: Mutex::default(),
        })
    }
}

/// Makes the tables if they are missing and returns the store's revision.
fn prepare(database: &Database) -> Result<Revision, redb::Error> {
    let write = database.begin_write()?;
    write.open_table(ENTRIES)?;
    let revision = current(&write)?;
    write.commit()?;
    Ok(revision)
}

fn current(write: &WriteTransaction) -> Result<Revision, redb::Error> {
    let singletons = write.open_table(SINGLETONS)?;
    let revision = singletons.get(REVISION)?.map_or(0, |revision| revision.value());
    Ok(Revision(revision))
}

fn read_failed(source: impl Into<redb::Error>) -> StoreError {
    StoreError { operation: "read", source: Box::new(source.into()) }
}

fn commit_failed(source: impl Into<redb::Error>) -> StoreError {
    StoreError { operation: "commit", source: Box::new(source.into()) }
}

impl Store for EmbeddedStore {
    fn revision(&self) -> Result<Revision, StoreError> {
        let read = self.database.begin_read().map_err(read_failed)?;
        let singletons = read.open_table(SINGLETONS).map_err(read_failed)?;
        let revision = singletons.get(REVISION).map_err(read_failed)?;
        Ok(Revision(revision.map_or(0, |revision| revision.value())))
    }

    fn get(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let read = self.database.begin_read().map_err(read_failed)?;
        let entries = read.open_table(ENTRIES).map_err(read_failed)?;
        let found = entries.get(key).map_err(read_failed)?;
        Ok(found.map(|found| entry(key, found.value())))
    }

    fn list(&self, prefix: &str) -> Result<(Revision, Vec<Entry>), StoreError> {
        // One read transaction: the revision and the entries are of the same moment.
        let read = self.database.begin_read().map_err(read_failed)?;
        let singletons = read.open_table(SINGLETONS).map_err(read_failed)?;
        let revision = singletons.get(REVISION).map_err(read_failed)?;
        let revision = Revision(revision.map_or(0, |revision| revision.value()));
        let table = read.open_table(ENTRIES).map_err(read_failed)?;
        let mut entries = Vec::new();
        for found in table.range(prefix..).map_err(read_failed)? {
            let (key, value) = found.map_err(read_failed)?;
            if !key.value().starts_with(prefix) {
                break;
            }
            entries.push(entry(key.value(), value.value()));
        }
        Ok((revision, entries))
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, CommitError> {
        let _order = self.committing.lock().unwrap_or_else(PoisonError::into_inner);
        let write = self.database.begin_write().map_err(commit_failed)?;
        if let Some(key) = first_conflict(&write, &transaction).map_err(commit_failed)? {
            return Err(CommitError::Conflict { key });
        }
        let revision = write_all(&write, &transaction).map_err(commit_failed)?;
        write.commit().map_err(commit_failed)?;
        let Transaction { compares: _, puts, deletes } = transaction;
        self.history.push(Commit { revision, puts, deletes });
        Ok(revision)
    }

    fn watch(&self, prefix: &str, from: Revision) -> BoxStream<'static, WatchEvent> {
        Arc::clone(&self.history).watch(prefix.to_owned(), from)
    }
}

fn entry(key: &str, (revision, value): (u64, &[u8])) -> Entry {
    Entry { key: key.to_owned(), value: value.to_vec(), revision: Revision(revision) }
}

fn first_conflict(
    write: &WriteTransaction,
    transaction: &Transaction,
) -> Result<Option<String>, redb::Error> {
    let entries = write.open_table(ENTRIES)?;
    for compare in &transaction.compares {
        let found = entries.get(compare.key.as_str())?.map(|found| Revision(found.value().0));
        if found != compare.revision {
            return Ok(Some(compare.key.clone()));
        }
    }
    Ok(None)
}

fn write_all(write: &WriteTransaction, transaction: &Transaction) -> Result<Revision, redb::Error> {
    let revision = Revision(current(write)?.0 + 1);
    write.open_table(SINGLETONS)?.insert(REVISION, revision.0)?;
    let mut entries = write.open_table(ENTRIES)?;
    for key in &transaction.deletes {
        entries.remove(key.as_str())?;
    }
    for (key, value) in &transaction.puts {
        entries.insert(key.as_str(), (revision.0, value.as_slice()))?;
    }
    Ok(revision)
}
