//! A JSON client for one Unix socket.
//!
//! Each request opens its own connection: a daemon that was restarted between two requests is then
//! simply reached again, and there is no pool to go stale.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, IF_MATCH},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use super::ClientError;

/// The API version sent with each request. `ercontrol` accepts any; this is the one whose shapes
/// the commands were written for.
const API_VERSION: &str = "2023-09-01";

/// Longer than `ercontrol`'s own 10 s deadline for the dataplanes, so that its answer, which names
/// the laggards, arrives before this gives up.
const DEADLINE: Duration = Duration::from_secs(20);

/// A client of one daemon's socket.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client for `socket`. Nothing is opened yet: each request connects for itself.
    pub fn connect(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The socket it talks to.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Reads a resource or a list.
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.request(Method::GET, path, None).await
    }

    /// Creates or replaces a resource.
    pub async fn put(&self, path: &str, body: Option<Value>) -> Result<Value, ClientError> {
        self.request(Method::PUT, path, body).await
    }

    /// Replaces a resource if it still is the version that `etag` names (`If-Match`, RFC 9110 section
    /// 13.1.1); else it is refused, see [`ClientError::is_precondition_failed`].
    pub async fn replace(&self, path: &str, body: Value, etag: &str) -> Result<Value, ClientError> {
        self.conditional(Method::PUT, path, Some(body), Some(etag)).await
    }

    /// Starts an action.
    pub async fn post(&self, path: &str, body: Option<Value>) -> Result<Value, ClientError> {
        self.request(Method::POST, path, body).await
    }

    /// Removes a resource. Removing what is not there is no error (204).
    pub async fn delete(&self, path: &str, body: Option<Value>) -> Result<Value, ClientError> {
        self.request(Method::DELETE, path, body).await
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, ClientError> {
        self.conditional(method, path, body, None).await
    }

    /// One exchange; an empty answer is `Value::Null`.
    async fn conditional(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        etag: Option<&str>,
    ) -> Result<Value, ClientError> {
        let name = format!("{method} {path}");
        let request = build(method, path, body, etag)
            .map_err(|source| ClientError::Request { request: name.clone(), source })?;
        match tokio::time::timeout(DEADLINE, self.exchange(request, &name)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(ClientError::Timeout {
                daemon: self.daemon(),
                request: name,
                seconds: DEADLINE.as_secs(),
            }),
        }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        name: &str,
    ) -> Result<Value, ClientError> {
        let failed = |source| ClientError::Exchange {
            daemon: self.daemon(),
            request: name.to_owned(),
            source,
        };
        let stream =
            UnixStream::connect(&self.socket).await.map_err(|source| ClientError::Connect {
                daemon: self.daemon(),
                socket: self.socket.clone(),
                log: self.log(),
                source,
            })?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        // It ends by itself when the sender is dropped; its error reaches us through the request.
        tokio::spawn(connection);

        let response = sender.send_request(request).await.map_err(failed)?;
        self.read(response, name).await
    }

    async fn read(&self, response: Response<Incoming>, name: &str) -> Result<Value, ClientError> {
        let status = response.status();
        let warning = response
            .headers()
            .get("warning")
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned);
        let body = response.into_body().collect().await.map_err(|source| {
            ClientError::Exchange { daemon: self.daemon(), request: name.to_owned(), source }
        })?;
        if let Some(warning) = warning {
            tracing::warn!(event = "daemon_warning", daemon = self.daemon(), warning);
        }
        self.interpret(status, &body.to_bytes(), name)
    }

    fn interpret(&self, status: StatusCode, body: &[u8], name: &str) -> Result<Value, ClientError> {
        if !status.is_success() {
            return Err(ClientError::from_answer(self.daemon(), status.as_u16(), body, name));
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(body).map_err(|source| ClientError::NotJson {
            daemon: self.daemon(),
            request: name.to_owned(),
            source,
        })
    }

    /// Name of the daemon behind the socket, as the lab knows it: the file name says it.
    fn daemon(&self) -> String {
        match self.stem() {
            "control" => "ercontrol".to_owned(),
            "agent" => "erlab agent".to_owned(),
            node => node.to_owned(),
        }
    }

    /// The daemon's log: `<program>-<name>.log` beside its socket.
    fn log(&self) -> String {
        let directory = self.socket.parent().unwrap_or(Path::new("."));
        let pattern = match self.stem() {
            "control" => "ercontrol*.log".to_owned(),
            "agent" => "*agent*.log".to_owned(),
            node => format!("*-{node}.log"),
        };
        directory.join(pattern).display().to_string()
    }

    fn stem(&self) -> &str {
        self.socket.file_stem().and_then(|stem| stem.to_str()).unwrap_or("daemon")
    }
}

/// Adds the API version to ARM paths; the admin APIs have none.
fn target(path: &str) -> String {
    if !path.to_ascii_lowercase().starts_with("/subscriptions/") || path.contains("api-version=") {
        return path.to_owned();
    }
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}api-version={API_VERSION}")
}

fn build(
    method: Method,
    path: &str,
    body: Option<Value>,
    etag: Option<&str>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let bytes = body.map_or_else(Bytes::new, |value| Bytes::from(value.to_string()));
    let mut request = Request::builder()
        .method(method)
        .uri(target(path))
        .header(HOST, "localhost")
        .header(CONTENT_TYPE, "application/json");
    if let Some(etag) = etag {
        request = request.header(IF_MATCH, etag);
    }
    request.body(Full::new(bytes))
}

#[cfg(test)]
mod tests;
