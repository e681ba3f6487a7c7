//! Removing what carries a lab's mark, and nothing else.

use std::{collections::BTreeSet, io};

use futures::future::join_all;
use miette::Diagnostic;

use super::{
    MARK,
    connection::{ConnectError, Connection, NetlinkError},
    mark,
    namespace::{self, NamespaceError},
};

/// Why something of a lab could not be removed. The rest was.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RemoveError {
    /// The names could not be listed.
    #[error("cannot list /run/netns")]
    List(#[source] io::Error),
    /// A namespace.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Namespace(#[from] NamespaceError),
    /// A namespace could not be opened for configuration.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Connect(#[from] ConnectError),
    /// An interface.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Netlink(#[from] NetlinkError),
}

/// Removes the namespaces and interfaces that carry the mark of `lab`; returns how many namespaces.
/// None is no error, and what could be removed is removed also when something could not.
pub async fn remove(lab: &str) -> Result<usize, RemoveError> {
    let mark = mark(lab);
    let mut removed = 0;
    let mut failure = None;
    let owned = owned(lab).await?;
    // At once: most of the time of a deletion is waiting for the kernel's grace periods.
    for result in join_all(owned.iter().map(|name| remove_namespace(name, &mark))).await {
        match result {
            Ok(()) => removed += 1,
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(removed), Err)
}

/// Names of the labs that own a namespace, also one that a crash left without its lab.
pub fn labs() -> io::Result<Vec<String>> {
    // Not asynchronous itself, so the look into the namespaces has a runtime and a thread of its own.
    let marks = namespace::on_thread("labs", || {
        tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(marks())
    });
    let marks = marks.map_err(io::Error::other)??;
    let labs = marks.iter().filter_map(|mark| mark.strip_prefix(MARK).map(str::to_owned));
    Ok(labs.collect::<BTreeSet<String>>().into_iter().collect())
}

async fn marks() -> io::Result<Vec<String>> {
    let mut marks = Vec::new();
    for name in namespace::names()? {
        marks.extend(mark_of(&name).await);
    }
    Ok(marks)
}

/// The namespaces that carry the mark of `lab`.
pub(super) async fn owned(lab: &str) -> Result<Vec<String>, RemoveError> {
    let prefix = format!("{lab}-");
    let mark = mark(lab);
    let mut owned = Vec::new();
    for name in namespace::names().map_err(RemoveError::List)? {
        if name.starts_with(&prefix) && mark_of(&name).await.as_ref() == Some(&mark) {
            owned.push(name);
        }
    }
    Ok(owned)
}

/// The alias of a namespace's `lo`, or the text of a file that waits for its namespace. What cannot
/// be opened, or has vanished, has no mark.
async fn mark_of(name: &str) -> Option<String> {
    if !namespace::is_mounted(name) {
        return namespace::file_text(name);
    }
    let namespace = Connection::open(name).await.ok()?;
    let mut links = namespace.links().await.ok()?;
    links.remove("lo")?.alias
}

/// Takes the name away also when an interface stays: most end with their namespace.
async fn remove_namespace(name: &str, mark: &str) -> Result<(), RemoveError> {
    let emptied = if namespace::is_mounted(name) { remove_links(name, mark).await } else { Ok(()) };
    let deleted = namespace::delete(name);
    emptied?;
    Ok(deleted?)
}

/// Deletes every marked interface that can be, and answers with the first error.
async fn remove_links(name: &str, mark: &str) -> Result<(), RemoveError> {
    let namespace = Connection::open(name).await?;
    let links = namespace.links().await?;
    let marked = links
        .iter()
        .filter(|(name, link)| link.alias.as_deref() == Some(mark) && name.as_str() != "lo");
    let deleted = marked.map(|(name, link)| {
        let namespace = &namespace;
        async move {
            let deleted = namespace.netlink().link().del(link.index).execute().await;
            // Its other end was deleted first, and it with it.
            if deleted.as_ref().is_err_and(is_gone) {
                return Ok(());
            }
            deleted.map_err(namespace.failed(format!("delete {name}")))
        }
    });
    let results: Result<Vec<()>, NetlinkError> = join_all(deleted).await.into_iter().collect();
    Ok(results.map(drop)?)
}

fn is_gone(error: &rtnetlink::Error) -> bool {
    matches!(error, rtnetlink::Error::NetlinkError(message)
        if message.raw_code() == -libc::ENODEV)
}
