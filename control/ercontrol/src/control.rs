//! The daemon's heart: one writer, one set of resources, one compiler.
//!
//! A change takes three steps. The writer checks it against all resources and commits it. A
//! follower reads the store's watch and keeps the set of resources in memory. A publisher compiles
//! the newest set for the dataplanes, skipping sets that were overtaken. Whoever changed something
//! waits for the second step, so that it reads its own writes, and for the third if it wants to
//! know that packets follow.

use std::{sync::Arc, time::Duration};

use desired::Revision;
use futures::{StreamExt, stream::BoxStream};
use tokio::sync::{Mutex, watch};

use crate::{
    compile::compile,
    dataplanes::{Dataplanes, Status},
    resource::{RecordError, Resource},
    resources::Resources,
    rules::{self, Change, Violation},
    store::{Commit, CommitError, Compare, Store, StoreError, Transaction, WatchEvent},
};

/// Every resource's key starts with this.
const PREFIX: &str = "/subscriptions/";

/// How long a change waits for the dataplanes.
const APPLY_DEADLINE: Duration = Duration::from_secs(10);

/// All resources at one revision.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The store's revision.
    pub revision: Revision,
    /// All resources.
    pub resources: Arc<Resources>,
}

/// The running control plane.
#[derive(Clone)]
pub struct Control {
    store: Arc<dyn Store>,
    writer: Arc<Mutex<()>>,
    snapshots: watch::Receiver<Snapshot>,
    dataplanes: Dataplanes,
}

/// Why the resources could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record in it is not readable.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A rule forbids it.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// The resource could not be written as a record.
    #[error("the resource could not be written as a record")]
    Record(#[source] serde_json::Error),
    /// It was not committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The task that commits, or the one that follows the store, is gone.
    #[error("ercontrol is ending or no longer follows its store: restart it, its log says why")]
    Ending,
}

impl Control {
    /// Loads all resources from the store and starts to follow it.
    ///
    /// # Errors
    /// See [`LoadError`]. Nothing is sent to any dataplane then: an unreadable store must not look
    /// like an empty one.
    pub fn start(store: Arc<dyn Store>) -> Result<Self, LoadError> {
        let first = load(store.as_ref())?;
        let watch = store.watch(PREFIX, first.revision);
        let dataplanes = Dataplanes::default();
        dataplanes.publish(first.revision, compile(&first.resources));
        let (sender, snapshots) = watch::channel(first);
        tokio::spawn(follow(Arc::clone(&store), watch, sender));
        tokio::spawn(publish(snapshots.clone(), dataplanes.clone()));
        Ok(Self { store, writer: Arc::default(), snapshots, dataplanes })
    }

    /// All resources as they are now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshots.borrow().clone()
    }

    /// The dataplanes.
    pub fn dataplanes(&self) -> &Dataplanes {
        &self.dataplanes
    }

    /// Makes the change that `decide` finds right for the resources as they are. `None` changes
    /// nothing. Returns the resources with the change in them.
    ///
    /// Must run to its end once polled: a caller that drops it between commit and read-back lets
    /// the next writer check against resources that lack this change.
    ///
    /// # Errors
    /// What `decide` says, or [`ChangeError`]; nothing is changed then, unless ercontrol ends in
    /// the middle of it.
    pub async fn change<E: From<ChangeError>>(
        &self,
        decide: impl FnOnce(&Resources) -> Result<Option<Change>, E>,
    ) -> Result<Snapshot, E> {
        let _one_at_a_time = self.writer.lock().await;
        // Without its follower the snapshot is of the past, and a commit could not be read back.
        if self.snapshots.has_changed().is_err() {
            return Err(ChangeError::Ending.into());
        }
        let before = self.snapshot();
        let Some(change) = decide(&before.resources)? else { return Ok(before) };
        let revision = self.commit(&change, &before.resources).await?;
        let mut snapshots = self.snapshots.clone();
        let reached = snapshots.wait_for(|snapshot| snapshot.revision >= revision).await;
        let snapshot = reached.map_err(|_| ChangeError::Ending)?.clone();
        Ok(snapshot)
    }

    async fn commit(&self, change: &Change, before: &Resources) -> Result<Revision, ChangeError> {
        let after = change.applied_to(before);
        rules::check(change, before, &after)?;
        let id = change.id();
        let compare = Compare {
            key: id.key().to_owned(),
            revision: before.get(id).map(|resource| resource.revision),
        };
        let mut transaction = Transaction {
            compares: vec![compare],
            puts: Vec::new(),
            deletes: change.deletes(before),
        };
        if let Change::Put(resource) = change {
            let record = resource.to_record().map_err(ChangeError::Record)?;
            transaction.puts.push((id.key().to_owned(), record));
        }
        let store = Arc::clone(&self.store);
        let commit = tokio::task::spawn_blocking(move || store.commit(transaction));
        let revision = commit.await.map_err(|_| ChangeError::Ending)??;
        tracing::info!(event = "committed", %revision, resource = %id);
        Ok(revision)
    }

    /// Waits until the dataplanes have applied `revision`; returns those that have not in time.
    pub async fn wait_applied(&self, revision: Revision) -> Vec<Status> {
        self.dataplanes.wait_applied(revision, APPLY_DEADLINE).await
    }
}

fn load(store: &dyn Store) -> Result<Snapshot, LoadError> {
    let (revision, entries) = store.list(PREFIX)?;
    let resources = entries
        .iter()
        .map(|entry| Resource::from_record(&entry.key, &entry.value, entry.revision))
        .collect::<Result<Resources, RecordError>>()?;
    Ok(Snapshot { revision, resources: Arc::new(resources) })
}

async fn follow(
    store: Arc<dyn Store>,
    mut watch: BoxStream<'static, WatchEvent>,
    snapshots: watch::Sender<Snapshot>,
) {
    while let Some(event) = watch.next().await {
        let next = match event {
            // After a gap the list was newer than the watch: these are in it already.
            WatchEvent::Commit(commit) if commit.revision <= snapshots.borrow().revision => {
                continue;
            }
            WatchEvent::Commit(commit) => apply(&snapshots.borrow(), &commit).map_err(Into::into),
            WatchEvent::Gap => load(store.as_ref()),
        };
        match next {
            Ok(next) => {
                snapshots.send_replace(next);
            }
            // What this process wrote it can read; an engine shared with others may hold more.
            // Changes are refused from here on, as they could not be checked any more.
            Err(error) => {
                tracing::error!(event = "store_unreadable", %error);
                return;
            }
        }
    }
}

fn apply(before: &Snapshot, commit: &Commit) -> Result<Snapshot, RecordError> {
    let mut resources = Resources::clone(&before.resources);
    for key in &commit.deletes {
        resources.remove(key);
    }
    for (key, value) in &commit.puts {
        resources.insert(Arc::new(Resource::from_record(key, value, commit.revision)?));
    }
    Ok(Snapshot { revision: commit.revision, resources: Arc::new(resources) })
}

async fn publish(mut snapshots: watch::Receiver<Snapshot>, dataplanes: Dataplanes) {
    while snapshots.changed().await.is_ok() {
        let Snapshot { revision, resources } = snapshots.borrow_and_update().clone();
        dataplanes.publish(revision, compile(&resources));
    }
}

#[cfg(test)]
mod tests;
