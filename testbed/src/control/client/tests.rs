use std::path::Path;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
    task::JoinHandle,
};

use super::*;
use crate::control::Subject;

/// Answers one request with `response` and returns what it was asked.
fn answer_once(socket: &Path, response: String) -> JoinHandle<String> {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).await.unwrap();
            received.extend_from_slice(&buffer[..count]);
            if count == 0 || complete(&received) {
                break;
            }
        }
        stream.write_all(response.as_bytes()).await.unwrap();
        String::from_utf8(received).unwrap()
    })
}

fn complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    body.len() >= length
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_put_carries_the_body_and_the_api_version() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("control.sock");
    let server = answer_once(&socket, http("201 Created", r#"{"name":"conn1"}"#));

    let answer = Client::connect(&socket)
        .put("/subscriptions/s/resourceGroups/g", Some(json!({"location": "eastus"})))
        .await
        .unwrap();

    assert_eq!(answer, json!({"name": "conn1"}));
    let request = server.await.unwrap();
    assert!(
        request
            .starts_with("PUT /subscriptions/s/resourceGroups/g?api-version=2023-09-01 HTTP/1.1"),
        "{request}"
    );
    assert!(request.ends_with(r#"{"location":"eastus"}"#), "{request}");
}

#[tokio::test]
async fn a_replacement_names_the_version_it_replaces() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("control.sock");
    let body = r#"{"error":{"code":"PreconditionFailed","message":"Another version."}}"#;
    let server = answer_once(&socket, http("412 Precondition Failed", body));
    let error = Client::connect(&socket).replace("/x", json!({}), "W/\"1\"").await.unwrap_err();
    assert!(error.is_precondition_failed(), "{error}");
    let request = server.await.unwrap();
    assert!(request.contains("if-match: W/\"1\"\r\n"), "{request}");
}

#[tokio::test]
async fn an_empty_answer_is_null() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("control.sock");
    let server = answer_once(&socket, "HTTP/1.1 204 No Content\r\n\r\n".to_owned());
    assert_eq!(Client::connect(&socket).delete("/x", None).await.unwrap(), Value::Null);
    assert!(server.await.unwrap().starts_with("DELETE /x HTTP/1.1"));
}

#[tokio::test]
async fn an_arm_error_reads_code_then_message() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("control.sock");
    let body =
        r#"{"error":{"code":"ResourceNotFound","message":"The Resource 'x' was not found."}}"#;
    let server = answer_once(&socket, http("404 Not Found", body));
    let error = Client::connect(&socket).get("/x").await.unwrap_err();
    server.await.unwrap();
    assert_eq!(error.to_string(), "ResourceNotFound: The Resource 'x' was not found.");
    assert!(error.is_not_found());
    assert!(miette::Diagnostic::help(&error).is_none());
}

#[test]
fn a_refusal_names_the_command_that_cures_it() {
    let body = br#"{"error":{"code":"AuthorizationKeyRequired","message":"No key."}}"#;
    let error = ClientError::from_answer("ercontrol".to_owned(), 403, body, "PUT /x");
    let help = |error: &ClientError| miette::Diagnostic::help(error).unwrap().to_string();
    let text = help(&error);
    assert!(text.contains("erlab authorization create NAME --circuit CIRCUIT"), "{text}");
    let subject = Subject { connection: Some("conn1"), circuit: Some("C1"), ..Subject::default() };
    let text = help(&error.about(subject));
    assert!(text.contains("erlab authorization create conn1-auth --circuit C1"), "{text}");
}

#[tokio::test]
async fn an_error_without_arm_body_names_daemon_and_request() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("msee-a.sock");
    let server = answer_once(&socket, http("500 Internal Server Error", "boom"));
    let error = Client::connect(&socket).get("/counters").await.unwrap_err();
    server.await.unwrap();
    assert_eq!(error.to_string(), "msee-a answered `GET /counters` with HTTP 500: boom");
}

#[tokio::test]
async fn a_dead_daemon_is_named_with_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("ERGW1.sock");
    let error = Client::connect(&socket).get("/health").await.unwrap_err();
    assert!(error.to_string().starts_with("ERGW1 is not running: connecting to /"), "{error}");
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert!(help.contains("*-ERGW1.log"), "{help}");
}

#[tokio::test]
async fn garbage_is_not_json() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("control.sock");
    let server = answer_once(&socket, http("200 OK", "<html>"));
    let error = Client::connect(&socket).get("/x").await.unwrap_err();
    server.await.unwrap();
    assert_eq!(error.to_string(), "ercontrol answered `GET /x` with something that is not JSON");
}

#[test]
fn only_arm_paths_get_an_api_version() {
    assert_eq!(target("/counters"), "/counters");
    assert_eq!(
        target("/subscriptions/s?wait=false"),
        "/subscriptions/s?wait=false&api-version=2023-09-01"
    );
    assert_eq!(target("/subscriptions/s?api-version=1"), "/subscriptions/s?api-version=1");
}
