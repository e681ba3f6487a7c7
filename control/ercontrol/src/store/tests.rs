//! What any engine must do; run against the embedded one.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

use futures::{FutureExt, StreamExt};
use proptest::prelude::*;

use super::*;

fn put(key: &str, value: &str) -> Transaction {
    Transaction { puts: vec![(key.to_owned(), value.as_bytes().to_vec())], ..Default::default() }
}

fn delete(key: &str) -> Transaction {
    Transaction { deletes: vec![key.to_owned()], ..Default::default() }
}

fn opened(directory: &tempfile::TempDir) -> EmbeddedStore {
    EmbeddedStore::open(&directory.path().join("store.redb")).unwrap()
}

#[test]
fn every_commit_has_the_next_revision_and_survives_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = opened(&directory);
    assert_eq!(store.revision().unwrap(), Revision(0));
    assert_eq!(store.commit(put("/a", "1")).unwrap(), Revision(1));
    assert_eq!(store.commit(put("/b", "2")).unwrap(), Revision(2));
    assert_eq!(store.commit(delete("/b")).unwrap(), Revision(3));
    drop(store);
    let store = opened(&directory);
    assert_eq!(store.revision().unwrap(), Revision(3));
    let entry = Entry { key: "/a".to_owned(), value: b"1".to_vec(), revision: Revision(1) };
    assert_eq!(store.get("/a").unwrap(), Some(entry.clone()));
    assert_eq!(store.get("/b").unwrap(), None);
    assert_eq!(store.list("/").unwrap(), (Revision(3), vec![entry]));
    assert_eq!(store.commit(put("/c", "3")).unwrap(), Revision(4));
}

#[test]
fn a_failed_comparison_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = opened(&directory);
    store.commit(put("/a", "1")).unwrap();
    for wrong in [None, Some(Revision(7))] {
        let compares = vec![Compare { key: "/a".to_owned(), revision: wrong }];
        let error = store.commit(Transaction { compares, ..put("/b", "2") }).unwrap_err();
        assert!(matches!(error, CommitError::Conflict { key } if key == "/a"));
    }
    assert_eq!(store.revision().unwrap(), Revision(1));
    let compares = vec![
        Compare { key: "/a".to_owned(), revision: Some(Revision(1)) },
        Compare { key: "/b".to_owned(), revision: None },
    ];
    assert_eq!(store.commit(Transaction { compares, ..put("/b", "2") }).unwrap(), Revision(2));
}

#[test]
fn the_file_is_the_owners_alone_and_is_opened_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    let _store = opened(&directory);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let error = EmbeddedStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
}

#[test]
fn a_file_that_is_no_store_is_refused_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.redb");
    std::fs::write(&path, "not a database, but long enough to have a header".repeat(99)).unwrap();
    let error = EmbeddedStore::open(&path).unwrap_err();
    assert!(error.to_string().contains("store.redb is not a usable store"), "{error}");
}

#[tokio::test]
async fn a_watch_tells_each_commit_of_its_prefix_once_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = opened(&directory);
    store.commit(put("/a/1", "1")).unwrap();
    let mut watch = store.watch("/a/", Revision(0));
    store.commit(put("/b/1", "1")).unwrap();
    store.commit(delete("/a/1")).unwrap();
    let mut seen = Vec::new();
    while let Some(Some(WatchEvent::Commit(commit))) = watch.next().now_or_never() {
        seen.push((commit.revision.0, commit.puts.len(), commit.deletes.len()));
    }
    assert_eq!(seen, [(1, 1, 0), (3, 0, 1)]);
}

#[tokio::test]
async fn a_watch_from_before_the_kept_commits_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = opened(&directory);
    store.commit(put("/a", "1")).unwrap();
    store.commit(put("/a", "2")).unwrap();
    drop(store);
    let store = opened(&directory);
    let mut watch = store.watch("/", Revision(1));
    assert_eq!(watch.next().await, Some(WatchEvent::Gap));
    store.commit(put("/a", "3")).unwrap();
    let Some(WatchEvent::Commit(commit)) = watch.next().await else { panic!("no commit") };
    assert_eq!(commit.revision, Revision(3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn it_agrees_with_a_map(steps in prop::collection::vec((0..4_u8, 0..3_u8), 1..20)) {
        let directory = tempfile::tempdir().unwrap();
        let store = opened(&directory);
        let mut model = BTreeMap::new();
        for (index, (key, value)) in steps.iter().enumerate() {
            let (key, revision) = (format!("/{key}"), Revision(index as u64 + 1));
            let transaction = if *value == 0 {
                model.remove(&key);
                delete(&key)
            } else {
                model.insert(key.clone(), (vec![*value], revision));
                Transaction { puts: vec![(key.clone(), vec![*value])], ..Default::default() }
            };
            prop_assert_eq!(store.commit(transaction).unwrap(), revision);
        }
        let expected: Vec<Entry> = model
            .into_iter()
            .map(|(key, (value, revision))| Entry { key, value, revision })
            .collect();
        prop_assert_eq!(store.list("/").unwrap(), (Revision(steps.len() as u64), expected));
    }
}
