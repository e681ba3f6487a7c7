//! The API: HTTP/1.1 on a unix socket, in ARM's shape.
//!
//! Paths are matched without case and any `api-version` is accepted, because clients differ in
//! both. A request is logged with its method and path, never its query or body: bodies carry
//! authorization keys.

mod actions;
mod effective_routes;
mod path;
mod preconditions;
mod refusal;
mod view;
mod write;

use std::time::Instant;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use desired::Revision;
use futures::StreamExt;
use serde_json::{Map, Value, json};

use crate::{
    code::Code,
    control::{Control, Snapshot},
    dataplanes::Status,
    resource::{Resource, ResourceType},
};
use path::Target;
pub use refusal::Refusal;

/// Largest body taken, in bytes: a VNet with 10,000 subnets fits.
const LARGEST_BODY: usize = 4 * 1024 * 1024;
/// Where reading on only to be polite ends.
const LARGEST_DISCARDED: usize = 64 * 1024 * 1024;

/// The API of a running control plane.
pub fn router(control: Control) -> Router {
    Router::new().fallback(handle).with_state(control)
}

/// One request, as the handlers see it.
struct Call {
    control: Control,
    headers: HeaderMap,
    /// Whether the caller wants to know that the dataplanes applied the change.
    wait: bool,
}

async fn handle(State(control): State<Control>, request: Request) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    // In a task of its own: a client that hangs up must not cut a change in two.
    let answered = tokio::spawn(respond(control, request)).await;
    let mut response = answered
        .unwrap_or_else(|error| Err(Refusal::internal(&error)))
        .unwrap_or_else(Refusal::into_response);
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-ms-request-id", id);
    }
    let status = response.status().as_u16();
    let milliseconds = started.elapsed().as_millis();
    tracing::info!(event = "request", %method, path, status, milliseconds, id);
    response
}

async fn respond(control: Control, request: Request) -> Result<Response, Refusal> {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let wait = !request.uri().query().is_some_and(no_wait);
    let target = path::parse(&path)?;
    let (parts, body) = request.into_parts();
    let call = Call { control, headers: parts.headers, wait };
    match (&method, target) {
        (&Method::GET, Target::Status) => Ok(status(&call.control)),
        (&Method::GET, Target::Collection { kind, prefix }) => Ok(list(&call, kind, &prefix)),
        (&Method::GET, Target::Resource(id)) => {
            let snapshot = call.control.snapshot();
            let resource = snapshot.resources.get(&id).ok_or_else(|| Refusal::not_found(&id))?;
            let body = view::resource(resource, &snapshot, &call.control.dataplanes().status());
            Ok(answer(StatusCode::OK, Some(resource), body))
        }
        (&Method::PUT, Target::Resource(id)) => call.put(id, body_object(body).await?).await,
        (&Method::DELETE, Target::Resource(id)) => call.delete(id).await,
        (&Method::POST, Target::Action { id, action }) => {
            call.act(id, &action, body_object(body).await?).await
        }
        _ => Err(Refusal::new(
            Code::MethodNotAllowed,
            format!("{path} does not take {method}: docs/api.md lists what it takes."),
            None,
        )),
    }
}

fn no_wait(query: &str) -> bool {
    query.split('&').any(|pair| pair.eq_ignore_ascii_case("wait=false"))
}

/// The body as an object; an empty body is an empty object.
async fn body_object(body: Body) -> Result<Map<String, Value>, Refusal> {
    let bytes = whole(body).await?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    // Only the place is told: the parser's own words may quote the body.
    serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = format!(
            "The body is not a JSON object (line {line}, column {column}): send an object such as \
             {{\"location\": \"...\", \"properties\": {{}}}}."
        );
        Refusal::new(Code::InvalidRequestContent, text, None)
    })
}

/// Reads a whole body. One that is too large is read to its end all the same, and thrown away: an
/// answer that arrives while the client still writes is lost on some clients.
async fn whole(body: Body) -> Result<Vec<u8>, Refusal> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut size) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            let text = format!("The body broke off: {error}.");
            Refusal::new(Code::InvalidRequestContent, text, None)
        })?;
        size += chunk.len();
        if size <= LARGEST_BODY {
            bytes.extend_from_slice(&chunk);
        } else if size > LARGEST_DISCARDED {
            break;
        }
    }
    if size <= LARGEST_BODY {
        return Ok(bytes);
    }
    let text = "The body is larger than 4 MiB: send less.";
    Err(Refusal::new(Code::RequestTooLarge, text, None))
}

fn status(control: &Control) -> Response {
    let revision = control.snapshot().revision;
    let dataplanes = control.dataplanes().status();
    answer(StatusCode::OK, None, json!({ "revision": revision, "dataplanes": dataplanes }))
}

fn list(call: &Call, kind: ResourceType, prefix: &str) -> Response {
    let (snapshot, status) = (call.control.snapshot(), call.control.dataplanes().status());
    let value: Vec<Value> = snapshot
        .resources
        .iter()
        .filter(|resource| resource.id.kind() == kind && resource.id.key().starts_with(prefix))
        .map(|resource| view::resource(resource, &snapshot, &status))
        .collect();
    answer(StatusCode::OK, None, json!({ "value": value }))
}

fn answer(status: StatusCode, resource: Option<&Resource>, body: Value) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(etag) = resource.and_then(|resource| HeaderValue::from_str(&resource.etag).ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

impl Call {
    /// Waits for the dataplanes, if asked to; returns those that lag.
    async fn settle(&self, revision: Revision) -> Vec<Status> {
        if self.wait { self.control.wait_applied(revision).await } else { Vec::new() }
    }

    /// The answer to a change of a resource that is still there.
    async fn changed(&self, status: StatusCode, resource: &Resource, now: &Snapshot) -> Response {
        let laggards = self.settle(now.revision).await;
        let body = view::resource(resource, now, &self.control.dataplanes().status());
        warned(answer(status, Some(resource), body), now.revision, &laggards)
    }
}

/// Names the dataplanes that have not applied a change. 199 is RFC 7234's "miscellaneous warning".
fn warned(mut response: Response, revision: Revision, laggards: &[Status]) -> Response {
    if laggards.is_empty() {
        return response;
    }
    let list: Vec<String> = laggards
        .iter()
        .map(|laggard| match laggard.refusal(revision) {
            Some(error) => format!("{} {} refused it: {error}", laggard.kind, laggard.name),
            None if laggard.connected => {
                format!("{} {} has not answered", laggard.kind, laggard.name)
            }
            None => format!("{} {} is not connected", laggard.kind, laggard.name),
        })
        .collect();
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    let text: String =
        list.join("; ").replace('"', "'").chars().map(printable).take(1000).collect();
    if let Ok(warning) = HeaderValue::from_str(&format!("199 ercontrol \"{text}\"")) {
        response.headers_mut().insert(header::WARNING, warning);
    }
    response
}
