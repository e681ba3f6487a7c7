use super::*;

/// The test's own thread is not the first of its process.
#[test]
fn a_process_of_many_threads_is_refused_and_loses_nothing() {
    let before = capabilities(None).unwrap();
    let error = keep(Capabilities::empty()).unwrap_err();
    assert!(matches!(error, KeepError::Threads { threads: 2.. }), "{error}");
    assert_eq!(capabilities(None).unwrap(), before);
}
