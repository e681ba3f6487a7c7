//! A namespace that is open for configuration: its netlink socket and its control socket.
//!
//! A socket belongs for ever to the namespace of the thread that made it, so a short-lived thread
//! makes both and everything else happens on the caller's runtime.

use std::{collections::BTreeMap, fs::File, io, sync::Arc};

use futures::TryStreamExt;
use miette::Diagnostic;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use rtnetlink::Handle;
use socket2::{Domain, Socket, Type};
use tokio::sync::oneshot;

use super::namespace::{self, NamespaceError};

/// A netlink request that the kernel refused.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("the kernel refused to {action} in {namespace}")]
pub struct NetlinkError {
    /// What was asked, with the object's name.
    pub action: String,
    /// Where.
    pub namespace: String,
    /// Its answer.
    #[source]
    pub source: Box<rtnetlink::Error>,
}

/// A namespace with open sockets.
#[derive(Clone)]
pub(super) struct Connection {
    name: String,
    netlink: Handle,
    file: Arc<File>,
    control: Arc<Socket>,
}

/// What is known about an interface.
#[derive(Clone, Debug)]
pub(super) struct LinkFacts {
    /// Number in its namespace.
    pub(super) index: u32,
    /// Alias; our mark.
    pub(super) alias: Option<String>,
    /// Frames that it was to send and did not (`tx_dropped`).
    pub(super) transmit_drops: u64,
}

/// Why a namespace could not be opened.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ConnectError {
    /// The namespace itself.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Namespace(#[from] NamespaceError),
    /// A socket in it.
    #[error("cannot open a {what} socket in {namespace}")]
    Socket {
        /// Which kind.
        what: &'static str,
        /// Where.
        namespace: String,
        /// The socket(2) error.
        source: io::Error,
    },
    /// Its thread ended without an answer.
    #[error("the thread in {namespace} ended early")]
    Thread {
        /// Where.
        namespace: String,
    },
}

impl Connection {
    /// Opens a namespace that has a name.
    pub(super) async fn open(name: &str) -> Result<Self, ConnectError> {
        let wanted = name.to_owned();
        Self::on_thread(name, move || {
            let file = namespace::open(&wanted)?;
            namespace::enter_file(&wanted, &file)?;
            Ok(file)
        })
        .await
    }

    /// Makes a namespace that is not named yet. `prepare` runs inside, before any interface exists.
    pub(super) async fn unnamed<E: From<ConnectError> + Send + 'static>(
        name: &str,
        prepare: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> Result<Self, E> {
        let wanted = name.to_owned();
        Self::on_thread(name, move || {
            let file = namespace::unshare_thread(&wanted).map_err(ConnectError::from)?;
            prepare()?;
            Ok(file)
        })
        .await
    }

    /// Runs `enter` on a new thread and opens the sockets there.
    async fn on_thread<E: From<ConnectError> + Send + 'static>(
        name: &str,
        enter: impl FnOnce() -> Result<File, E> + Send + 'static,
    ) -> Result<Self, E> {
        let runtime = tokio::runtime::Handle::current();
        let (sender, receiver) = oneshot::channel();
        let namespace = name.to_owned();
        let work = move || {
            // The netlink socket registers with the runtime's poller.
            let _entered = runtime.enter();
            let result = enter().and_then(|file| Ok(Self::sockets(namespace, file)?));
            // The receiver is gone only when the caller gave up.
            sender.send(result).ok();
        };
        std::thread::Builder::new().name("namespace".to_owned()).spawn(work).map_err(|source| {
            let name = name.to_owned();
            ConnectError::from(NamespaceError::Thread { name, source })
        })?;
        let gone = ConnectError::Thread { namespace: name.to_owned() };
        receiver.await.unwrap_or_else(|_| Err(gone.into()))
    }

    /// Opens the sockets in the calling thread's namespace.
    fn sockets(name: String, file: File) -> Result<Self, ConnectError> {
        let error = |what, source| ConnectError::Socket { what, namespace: name.clone(), source };
        let (connection, netlink, _) =
            rtnetlink::new_connection().map_err(|source| error("netlink", source))?;
        tokio::spawn(connection);
        // Any socket takes interface ioctls.
        let control = Socket::new(Domain::IPV4, Type::DGRAM, None)
            .map_err(|source| error("control", source))?;
        Ok(Self { name, netlink, file: file.into(), control: control.into() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Socket for interface ioctls.
    pub(super) fn control(&self) -> &Socket {
        &self.control
    }

    pub(super) fn netlink(&self) -> &Handle {
        &self.netlink
    }

    /// Names an action for the error of a netlink request.
    pub(super) fn failed(
        &self,
        action: impl Into<String>,
    ) -> impl FnOnce(rtnetlink::Error) -> NetlinkError {
        let (action, namespace) = (action.into(), self.name.clone());
        move |source| NetlinkError { action, namespace, source: Box::new(source) }
    }

    /// The interfaces by name.
    pub(super) async fn links(&self) -> Result<BTreeMap<String, LinkFacts>, NetlinkError> {
        let messages = self.netlink.link().get().execute().try_collect::<Vec<LinkMessage>>();
        let messages = messages.await.map_err(self.failed("list the interfaces"))?;
        Ok(messages.iter().filter_map(facts).collect())
    }
}

fn facts(message: &LinkMessage) -> Option<(String, LinkFacts)> {
    let mut name = None;
    let mut alias = None;
    let mut transmit_drops = 0;
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = Some(text.clone()),
            LinkAttribute::IfAlias(text) => alias = Some(text.clone()),
            LinkAttribute::Stats64(counters) => transmit_drops = counters.tx_dropped,
            _ => {}
        }
    }
    Some((name?, LinkFacts { index: message.header.index, alias, transmit_drops }))
}
