use std::time::Duration;

use desired::HostState;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixListener,
    time::timeout,
};

use super::*;

const DEADLINE: Duration = Duration::from_secs(5);

/// Accepts one stream, reads the hello, sends `revision` and returns the report line.
async fn serve_once(listener: &UnixListener, revision: u64) -> (String, String) {
    let (stream, _) = listener.accept().await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let hello = lines.next_line().await.unwrap().unwrap();
    let desired = FromControl::Desired {
        revision: Revision(revision),
        state: State::Host(HostState::default()),
    };
    let line = serde_json::to_string(&desired).unwrap() + "\n";
    writer.write_all(line.as_bytes()).await.unwrap();
    let report = lines.next_line().await.unwrap().unwrap();
    (hello, report)
}

#[tokio::test]
async fn a_lost_stream_comes_back_and_the_state_is_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dataplane.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let identity = Identity { kind: DataplaneKind::Host, name: "host".to_owned() };
    let mut handle = connect(path, identity);
    for expected in [7, 8] {
        let server = serve_once(&listener, expected);
        let dataplane = async {
            let (revision, _) = handle.next().await.unwrap();
            assert_eq!(revision, Revision(expected));
            handle.applied(revision);
        };
        let ((hello, report), ()) =
            timeout(DEADLINE, async { tokio::join!(server, dataplane) }).await.unwrap();
        assert!(hello.contains(r#""kind":"host""#), "{hello}");
        assert_eq!(report, format!(r#"{{"message":"applied","revision":{expected}}}"#));
    }
}
