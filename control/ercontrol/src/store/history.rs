//! The last commits, for watchers.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use desired::Revision;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::watch;

use super::{Commit, WatchEvent};

/// Commits kept. Watchers live in this process and read within milliseconds; one that is this far
/// behind lists again, which costs it less than reading so many.
const KEPT: usize = 1024;

#[derive(Debug)]
pub(super) struct History {
    commits: Mutex<VecDeque<Arc<Commit>>>,
    newest: watch::Sender<Revision>,
}

enum Step {
    Commit(Arc<Commit>),
    Gap(Revision),
    Wait,
}

impl History {
    /// A history that begins after `revision`.
    pub(super) fn new(revision: Revision) -> Self {
        Self { commits: Mutex::default(), newest: watch::Sender::new(revision) }
    }

    pub(super) fn push(&self, commit: Commit) {
        let revision = commit.revision;
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if commits.len() == KEPT {
            commits.pop_front();
        }
        commits.push_back(Arc::new(commit));
        drop(commits);
        self.newest.send_replace(revision);
    }

    pub(super) fn watch(
        self: Arc<Self>,
        prefix: String,
        from: Revision,
    ) -> BoxStream<'static, WatchEvent> {
        let newest = self.newest.subscribe();
        let state = (self, prefix, from, newest);
        stream::unfold(state, |(history, prefix, mut from, mut newest)| async move {
            loop {
                let last = *newest.borrow_and_update();
                match history.step(from, last) {
                    Step::Commit(commit) => {
                        from = commit.revision;
                        if let Some(commit) = restrict(&commit, &prefix) {
                            let event = WatchEvent::Commit(commit);
                            return Some((event, (history, prefix, from, newest)));
                        }
                    }
                    Step::Gap(revision) => {
                        return Some((WatchEvent::Gap, (history, prefix, revision, newest)));
                    }
                    Step::Wait => newest.changed().await.ok()?,
                }
            }
        })
        .boxed()
    }

    fn step(&self, from: Revision, newest: Revision) -> Step {
        let commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        match commits.iter().find(|commit| commit.revision > from) {
            Some(commit) if commit.revision.0 == from.0 + 1 => Step::Commit(Arc::clone(commit)),
            Some(_) => Step::Gap(newest),
            None if newest > from => Step::Gap(newest),
            None => Step::Wait,
        }
    }
}

fn restrict(commit: &Commit, prefix: &str) -> Option<Commit> {
    let puts: Vec<_> =
        commit.puts.iter().filter(|(key, _)| key.starts_with(prefix)).cloned().collect();
    let deletes: Vec<_> =
        commit.deletes.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
    let touched = !(puts.is_empty() && deletes.is_empty());
    touched.then_some(Commit { revision: commit.revision, puts, deletes })
}
