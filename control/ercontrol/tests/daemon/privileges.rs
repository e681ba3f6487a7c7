//! What the daemon may do, who may talk to it, and what clients that take their time cost.

use std::{
    fs::{self, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::{fs::PermissionsExt, net},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use privilege::{Capabilities, held};
use rustix::{
    process::{Gid, Uid},
    thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid},
};
use serde_json::json;
use southbound::DataplaneKind;
use tokio::io::AsyncWriteExt;

use crate::support::{Daemon, NETWORK};

#[tokio::test]
async fn no_thread_has_any_capability_and_all_works_without() {
    let mut daemon = Daemon::start_with_lab().await;
    let _msee = daemon.dataplane(DataplaneKind::Msee, "msee-a").await;
    daemon.authorize("a1").await;
    let threads = held::of_process(daemon.process()).unwrap();
    assert!(threads.len() > 1, "{threads:?}");
    let nothing = held::Held::only(Capabilities::empty());
    assert_eq!(threads, vec![nothing; threads.len()]);
    daemon.kill_and_restart().await;
    assert_eq!(daemon.terminate(), Some(0));
    assert!(!daemon.path("control.sock").exists());
}

/// What a user hears on a socket who owns nothing and is in no group that does.
fn stranger(socket: PathBuf, says: &'static str) -> io::Result<String> {
    // Users are a thread's own, and this one ends with it.
    let client = thread::spawn(move || {
        set_thread_groups(&[])?;
        let (nobody, nogroup) = (Uid::from_raw(65_534), Gid::from_raw(65_534));
        set_thread_res_gid(nogroup, nogroup, nogroup)?;
        set_thread_res_uid(nobody, nobody, nobody)?;
        let mut stream = net::UnixStream::connect(socket)?;
        // It may be hung up on already.
        let _ = stream.write_all(says.as_bytes());
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        Ok(String::from_utf8(heard).unwrap())
    });
    client.join().unwrap()
}

#[tokio::test]
async fn strangers_are_kept_out_by_the_mode_and_hung_up_on_without_it() {
    let daemon = Daemon::start_with_lab().await;
    let get = "GET /erlab/status HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n";
    let hello = "{\"message\":\"hello\",\"protocol\":1,\"kind\":\"msee\",\"name\":\"msee-a\"}\n";
    fs::set_permissions(daemon.directory(), Permissions::from_mode(0o755)).unwrap();
    for (socket, says) in [("control.sock", get), ("dataplane.sock", hello)] {
        let error = stranger(daemon.path(socket), says).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{socket}");
        fs::set_permissions(daemon.path(socket), Permissions::from_mode(0o666)).unwrap();
        assert_eq!(stranger(daemon.path(socket), says).unwrap(), "", "{socket}");
        let named = format!("event=\"peer_refused\" socket={}", daemon.path(socket).display());
        assert!(daemon.log().contains(&named), "{}", daemon.log());
    }
    assert_eq!(daemon.status_of("msee-a").await["connected"], false);
}

/// Resident memory of a process, in KiB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_thousand_slow_clients_cost_little_and_keep_nobody_waiting() {
    const CLIENTS: usize = 1_000;
    // The daemon inherits it.
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard.min(16_384), hard).unwrap();
    let daemon = Daemon::start_with_lab().await;
    let before = resident(daemon.process());
    let mut slow = Vec::new();
    for number in 0..CLIENTS {
        let socket = daemon.path("control.sock");
        let mut stream = tokio::net::UnixStream::connect(socket).await.unwrap();
        let text = match number % 2 {
            0 => "GET /erlab/status HTTP/1.1\r\nHost: l",
            _ => {
                "PUT /subscriptions/s/resourceGroups/g HTTP/1.1\r\nHost: l\r\nContent-Length: 99\r\n\r\n{"
            }
        };
        stream.write_all(text.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let network = format!("{NETWORK}/virtualNetworks/quick?wait=false");
    let body = json!({ "properties": { "addressSpace": { "addressPrefixes": ["10.8.0.0/16"] } } });
    let started = Instant::now();
    assert_eq!(daemon.put(&network, &body).await.status, 201);
    let (answered, grown) = (started.elapsed(), resident(daemon.process()) - before);
    eprintln!("answered after {answered:?} with {CLIENTS} slow clients, which cost {grown} KiB");
    assert!(answered < Duration::from_secs(1), "{answered:?}");
    // 16 KiB each, which are two buffers of hyper's, and room for another allocator.
    assert!(grown <= 20 * 1_024, "{grown} KiB");
}
