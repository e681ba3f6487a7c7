use super::*;
use crate::{
    lab::{id, lab},
    store::EmbeddedStore,
};

const GATEWAY: &str = "Microsoft.Network/virtualNetworkGateways/ERGW1";

fn store(directory: &tempfile::TempDir) -> Arc<EmbeddedStore> {
    Arc::new(EmbeddedStore::open(&directory.path().join("store.redb")).unwrap())
}

/// A transaction that writes one of the lab's resources.
fn put(path: &str) -> Transaction {
    let resource = lab().into_iter().find(|resource| resource.id == id(path)).unwrap();
    let record = resource.to_record().unwrap();
    Transaction { puts: vec![(resource.id.key().to_owned(), record)], ..Transaction::default() }
}

#[tokio::test]
async fn nothing_is_committed_once_the_store_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    let control = Control::start(store.clone()).unwrap();
    let key = format!("{PREFIX}unreadable");
    let unreadable = Transaction { puts: vec![(key, Vec::new())], ..Transaction::default() };
    let last = store.commit(unreadable).unwrap();
    while control.snapshots.has_changed().is_ok() {
        tokio::task::yield_now().await;
    }
    let refused = control
        .change(|_| -> Result<_, ChangeError> { panic!("decided on resources of the past") })
        .await;
    assert!(matches!(refused, Err(ChangeError::Ending)), "{refused:?}");
    assert_eq!(store.revision().unwrap(), last);
}

#[tokio::test]
async fn commits_that_the_list_after_a_gap_has_already_are_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory);
    let Transaction { puts, .. } = put(GATEWAY);
    let deletes = vec![id(GATEWAY).key().to_owned()];
    store.commit(put(GATEWAY)).unwrap();
    store.commit(Transaction { deletes: deletes.clone(), ..Transaction::default() }).unwrap();
    let events = [
        WatchEvent::Gap,
        WatchEvent::Commit(Commit { revision: Revision(1), puts: puts.clone(), deletes: vec![] }),
        WatchEvent::Commit(Commit { revision: Revision(2), puts: vec![], deletes }),
        WatchEvent::Commit(Commit { revision: Revision(3), puts, deletes: vec![] }),
    ];
    let (sender, mut snapshots) = watch::channel(Snapshot::default());
    let mut seen = Vec::new();
    let (fed, watch) = futures::channel::mpsc::unbounded();
    tokio::spawn(follow(store, watch.boxed(), sender));
    for event in events {
        fed.unbounded_send(event).unwrap();
        // On one thread the follower runs until it waits for the next event.
        tokio::task::yield_now().await;
        let snapshot = snapshots.borrow_and_update();
        seen.push((snapshot.revision.0, snapshot.resources.get(&id(GATEWAY)).is_some()));
    }
    assert_eq!(seen, [(2, false), (2, false), (2, false), (3, true)]);
}
