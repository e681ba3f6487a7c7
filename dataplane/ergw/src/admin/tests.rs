use super::*;

#[tokio::test]
async fn a_socket_left_by_a_killed_process_is_replaced_and_removed_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ERGW1.sock");
    let (left, listener) = Listener::bind(&path).unwrap();
    std::mem::forget(left);
    drop(listener);
    assert!(path.exists());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    let (socket, _listener) = Listener::bind(&path).unwrap();
    drop(socket);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_socket_that_answers_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ERGW1.sock");
    let (_socket, _listener) = Listener::bind(&path).unwrap();
    let error = Listener::bind(&path).unwrap_err();
    assert!(matches!(error, AdminError::InUse { .. }), "{error}");
    assert!(path.exists());
}
