use std::{path::PathBuf, time::Instant};

use axum::{
    body::Bytes,
    routing::{get, post},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::listener::{SocketFile, bind};

const BRIEF: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(20);

struct Server {
    _directory: TempDir,
    _file: SocketFile,
    path: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.sock");
        let (file, listener) = bind(&path).unwrap();
        let routes = Router::new()
            .route("/", get(async || "here"))
            .route(
                "/slow",
                get(async || {
                    sleep(5 * BRIEF).await;
                    "at last"
                }),
            )
            .route("/large", get(async || vec![b'x'; 8 << 20]))
            .route("/", post(async |body: Bytes| body.len().to_string()));
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let task = tokio::spawn(serve(listener, routes, limits, stopped));
        Self { _directory: directory, _file: file, path, stop: Some(stop), task }
    }

    async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.path).await.unwrap()
    }

    /// Sends `text` and reads until the server hangs up.
    async fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        read(&mut stream).await
    }
}

async fn read(stream: &mut UnixStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well as an end of file.
    let _ = timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the server hangs up");
    String::from_utf8(bytes).unwrap()
}

fn limits(head: Duration, life: Duration, grace: Duration) -> Limits {
    Limits { head, life, grace }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered() {
    let server = Server::start(Limits::default());
    assert!(server.exchange(GET).await.ends_with("here"));
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_is_hung_up_on() {
    let server = Server::start(limits(BRIEF, LONG, LONG));
    let started = Instant::now();
    let answer = server.exchange("GET / HTTP/1.1\r\nHost: ").await;
    assert!(!answer.contains("here"), "{answer}");
    assert!(started.elapsed() >= BRIEF);
    assert_eq!(server.exchange("").await, "", "an idle one too");
}

#[tokio::test]
async fn a_client_that_drips_its_body_is_hung_up_on() {
    let server = Server::start(limits(LONG, BRIEF, BRIEF));
    let mut stream = server.connect().await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let started = Instant::now();
    while stream.write_all(b"x").await.is_ok() {
        assert!(started.elapsed() < LONG, "it went on");
        sleep(BRIEF / 10).await;
    }
    assert!(started.elapsed() >= 2 * BRIEF);
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_is_hung_up_on() {
    let server = Server::start(limits(LONG, BRIEF, BRIEF));
    let mut stream = server.connect().await;
    stream.write_all(GET.replace("/ ", "/large ").as_bytes()).await.unwrap();
    sleep(4 * BRIEF).await;
    let text = read(&mut stream).await;
    assert!(text.len() < 8 << 20, "all {} bytes were sent", text.len());
}

#[tokio::test]
async fn a_request_under_way_is_answered_at_the_end_of_a_connection_s_life() {
    let server = Server::start(limits(LONG, BRIEF, LONG));
    let answer = server.exchange("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.ends_with("at last"), "{answer}");
}

#[tokio::test]
async fn a_head_without_an_end_is_refused() {
    let server = Server::start(Limits::default());
    let text = format!("GET / HTTP/1.1\r\nX: {}\r\n", "x".repeat(2 * LONGEST_HEAD));
    let mut stream = server.connect().await;
    // It may be hung up on before it is through.
    let _ = stream.write_all(text.as_bytes()).await;
    let answer = read(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn stopping_waits_for_the_request_under_way_and_for_no_idle_client() {
    let mut server = Server::start(limits(LONG, LONG, LONG));
    let _idle = server.connect().await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    sleep(BRIEF).await;
    server.stop.take().unwrap().send(()).unwrap();
    assert!(read(&mut busy).await.ends_with("at last"));
    timeout(LONG, &mut server.task).await.unwrap().unwrap().unwrap();
    assert!(UnixStream::connect(&server.path).await.is_err());
}

#[tokio::test]
async fn slow_clients_do_not_keep_others_waiting() {
    let server = Server::start(Limits::default());
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    assert!(server.exchange(GET).await.ends_with("here"));
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
