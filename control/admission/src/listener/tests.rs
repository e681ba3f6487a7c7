use std::{io::Read as _, thread};

use nix::unistd::{Gid, chown, geteuid};
use rustix::thread as identity;
use tempfile::TempDir;

use super::*;

/// A user and a group that own nothing.
const NOBODY: u32 = 65_534;
/// The group of the sockets here.
const OPERATORS: u32 = 61_234;

/// A directory that everybody can reach, and a socket in it of root and [`OPERATORS`] that greets
/// whom it admits.
struct Greeter {
    _directory: TempDir,
    file: SocketFile,
}

impl Greeter {
    fn start() -> Self {
        assert!(geteuid().is_root(), "this test becomes other users: run it as root");
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let (file, listener) = bind(&directory.path().join("a.sock")).unwrap();
        chown(&file.path, None, Some(Gid::from_raw(OPERATORS))).unwrap();
        let mut incoming = listener.incoming().unwrap();
        tokio::spawn(async move {
            loop {
                let stream = incoming.next().await;
                stream.writable().await.unwrap();
                stream.try_write(b"hello").unwrap();
            }
        });
        Self { _directory: directory, file }
    }

    fn set_mode(&self, mode: u32) {
        fs::set_permissions(&self.file.path, Permissions::from_mode(mode)).unwrap();
    }

    /// What a user hears who connects: nothing when hung up on, an error when the kernel refuses.
    async fn greets(&self, user: u32, group: u32, groups: &'static [u32]) -> io::Result<String> {
        let path = self.file.path.clone();
        tokio::task::spawn_blocking(move || {
            // Users and groups are a thread's own, and this one ends with them.
            let client = thread::spawn(move || {
                let groups: Vec<_> = groups.iter().map(|group| gid(*group)).collect();
                identity::set_thread_groups(&groups)?;
                identity::set_thread_res_gid(gid(group), gid(group), gid(group))?;
                let user = rustix::process::Uid::from_raw(user);
                identity::set_thread_res_uid(user, user, user)?;
                let mut heard = String::new();
                net::UnixStream::connect(path)?.read_to_string(&mut heard)?;
                Ok(heard)
            });
            client.join().unwrap()
        })
        .await
        .unwrap()
    }
}

fn gid(group: u32) -> rustix::process::Gid {
    rustix::process::Gid::from_raw(group)
}

#[tokio::test]
async fn root_and_the_group_are_let_in() {
    let greeter = Greeter::start();
    assert_eq!(greeter.greets(0, 0, &[]).await.unwrap(), "hello");
    assert_eq!(greeter.greets(NOBODY, OPERATORS, &[]).await.unwrap(), "hello");
    assert_eq!(greeter.greets(NOBODY, NOBODY, &[7, OPERATORS]).await.unwrap(), "hello");
}

#[tokio::test]
async fn the_mode_keeps_others_out() {
    let greeter = Greeter::start();
    let mode = fs::metadata(&greeter.file.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "{mode:o}");
    let error = greeter.greets(NOBODY, NOBODY, &[7]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn where_the_mode_does_not_the_credentials_do() {
    let greeter = Greeter::start();
    greeter.set_mode(0o666);
    assert_eq!(greeter.greets(NOBODY, NOBODY, &[7]).await.unwrap(), "");
    assert_eq!(greeter.greets(NOBODY, 0, &[]).await.unwrap(), "", "root's group is no rule");
    assert_eq!(greeter.greets(NOBODY, NOBODY, &[OPERATORS]).await.unwrap(), "hello");
}

#[tokio::test]
async fn another_group_of_the_file_is_obeyed_at_once() {
    let greeter = Greeter::start();
    chown(&greeter.file.path, None, Some(Gid::from_raw(OPERATORS + 1))).unwrap();
    greeter.set_mode(0o666);
    assert_eq!(greeter.greets(NOBODY, OPERATORS, &[]).await.unwrap(), "");
    assert_eq!(greeter.greets(NOBODY, OPERATORS + 1, &[]).await.unwrap(), "hello");
}

#[test]
fn a_socket_left_by_a_killed_process_is_replaced_and_removed_in_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sock");
    let (left, listener) = bind(&path).unwrap();
    std::mem::forget(left);
    drop(listener);
    assert!(path.exists());
    let (file, _listener) = bind(&path).unwrap();
    drop(file);
    assert!(!path.exists());
}

#[test]
fn a_socket_that_is_listened_on_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sock");
    let (_file, _listener) = bind(&path).unwrap();
    let error = bind(&path).unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }), "{error}");
    assert!(path.exists());
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.sock");
    fs::write(&path, "precious").unwrap();
    let error = bind(&path).unwrap_err();
    assert!(matches!(error, BindError::NotASocket { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    let error = bind(&directory.path().join("none/a.sock")).unwrap_err();
    assert!(matches!(error, BindError::Listen { .. }), "{error}");
}

#[test]
fn refusals_are_logged_once_a_second_at_most() {
    let mut refusals = Refusals::default();
    let peer = Peer { process: None, user: NOBODY, groups: vec![] };
    let start = Instant::now();
    for milliseconds in [0, 1, 999] {
        refusals.log(Path::new("a"), &peer, start + Duration::from_millis(milliseconds));
        assert_eq!(refusals.logged, Some(start));
    }
    let later = start + Duration::from_secs(1);
    refusals.log(Path::new("a"), &peer, later);
    assert_eq!((refusals.count, refusals.logged), (4, Some(later)));
}
