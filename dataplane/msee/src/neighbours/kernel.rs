//! The kernel's neighbours on the near ends of `cpu` veths: followed, and asked for.
//!
//! Towards a customer edge the kernel speaks ARP and Neighbour Discovery, and holds the link's
//! addresses. Its table is followed by multicast (RTNLGRP_NEIGH), and read as a whole at the start,
//! after messages were lost, and when the links change.
//!
//! It is asked by an RTM_NEWNEIGH that has no MAC address but `NTF_USE`: the kernel then does what it
//! does when a packet of its own goes there, and nothing else. An unknown neighbour is asked for, three
//! times in three seconds; one that has not been confirmed for long is probed after five. Other ways:
//! `NUD_PROBE` needs a MAC address to start from; `NTF_EXT_MANAGED` has the kernel refresh an entry for
//! ever, and leaves entries behind that nobody owns when this process is killed; a datagram to the
//! discard port makes the customer edge answer a packet that nobody sent.
//!
//! For IPv6 the kernel asks by the link-local address of the near end, which every IPv6 interface has
//! (RFC 4291 2.1).

mod links;
mod words;

use std::{collections::BTreeSet, io, sync::Arc, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    neighbour::{NeighbourFlags, NeighbourState},
};
use rtnetlink::{Handle, MulticastGroup, packet_core::NetlinkPayload};
use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
    time::sleep,
};

use self::{links::Links, words::Said};
use crate::{
    fastpath::{KernelLink, Neighbour},
    punt::Teller,
};

/// Pause before a netlink socket that failed is opened again.
const PAUSE: Duration = Duration::from_secs(1);

/// Most questions that wait for their link to be heard of.
const EARLY: usize = 1_024;

/// The kernel's neighbours cannot be followed for now.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    /// The socket.
    #[error("a netlink socket cannot be opened")]
    Socket(#[source] io::Error),
    /// A request.
    #[error("the kernel refused to {action}")]
    Request {
        /// What was asked.
        action: &'static str,
        #[source]
        source: rtnetlink::Error,
    },
    /// The socket has closed.
    #[error("the netlink socket has closed")]
    Closed,
}

/// Follows the kernel's neighbours, from the namespace of the thread that first polls it.
#[derive(Debug)]
pub struct Follower {
    /// The links whose customer edges are to be found.
    links: watch::Receiver<Arc<[KernelLink]>>,
    /// Neighbours that are asked for.
    questions: mpsc::Receiver<Neighbour>,
    /// Those whose link has not been heard of yet: packets are punted by an image before its links are
    /// told.
    early: BTreeSet<Neighbour>,
    /// Who is told.
    teller: Teller,
}

impl Follower {
    /// A follower of the customer edges on `links`, which tells what it sees.
    pub fn new(
        links: watch::Receiver<Arc<[KernelLink]>>,
        questions: mpsc::Receiver<Neighbour>,
        teller: Teller,
    ) -> Self {
        Self { links, questions, early: BTreeSet::new(), teller }
    }

    /// Works until the other ends of its channels are gone.
    pub async fn run(mut self) {
        loop {
            match self.follow().await {
                Ok(()) => return,
                Err(error) => {
                    tracing::error!(
                        event = "neighbours_not_followed",
                        error = crate::daemon::chain(&error)
                    );
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Works with one netlink socket.
    async fn follow(&mut self) -> Result<(), FollowError> {
        let opened = rtnetlink::new_multicast_connection(&[MulticastGroup::Neigh]);
        let (connection, handle, mut messages) = opened.map_err(FollowError::Socket)?;
        let _running = Running(tokio::spawn(connection).abort_handle());
        let mut links = self.read(&handle).await?;
        loop {
            tokio::select! {
                // First: a question may be about a link that has only just come.
                biased;
                changed = self.links.changed() => match changed {
                    Ok(()) => {
                        links = self.read(&handle).await?;
                        for neighbour in std::mem::take(&mut self.early) {
                            ask(&handle, &links, neighbour).await?;
                        }
                    }
                    Err(_) => return Ok(()),
                },
                question = self.questions.recv() => match question {
                    Some(neighbour) if links.near(&neighbour).is_none() => {
                        if self.early.len() < EARLY {
                            self.early.insert(neighbour);
                        }
                    }
                    Some(neighbour) => ask(&handle, &links, neighbour).await?,
                    None => return Ok(()),
                },
                message = messages.next() => match message.map(|(message, _)| message.payload) {
                    Some(NetlinkPayload::InnerMessage(message)) => {
                        let said = match &message {
                            RouteNetlinkMessage::NewNeighbour(message) => words::said(message),
                            RouteNetlinkMessage::DelNeighbour(message) => words::forgotten(message),
                            _ => None,
                        };
                        self.tell(&links, said);
                    }
                    // Messages were lost: only the whole table says what they were.
                    Some(NetlinkPayload::Overrun(_)) => links = self.read(&handle).await?,
                    Some(_) => {}
                    None => return Err(FollowError::Closed),
                },
            }
        }
    }

    /// Finds the near ends of the links, and reads all that the kernel knows there.
    async fn read(&mut self, handle: &Handle) -> Result<Links, FollowError> {
        let wanted = Arc::clone(&self.links.borrow_and_update());
        let mut links = Links::default();
        for link in wanted.iter() {
            if let Some(near) = near_end(handle, link.far).await? {
                links.add(near, link);
            } else {
                tracing::warn!(event = "no_near_end", far = link.far);
            }
        }
        let action = "list its neighbours";
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut dump = Box::pin(handle.neighbours().get().set_address_family(family).execute());
            while let Some(message) =
                dump.try_next().await.map_err(|source| FollowError::Request { action, source })?
            {
                self.tell(&links, words::listed(&message));
            }
        }
        Ok(links)
    }

    fn tell(&self, links: &Links, said: Option<Said>) {
        let Some(said) = said else { return };
        if let Some(neighbour) = links.neighbour(said.interface, said.address) {
            self.teller.tell(neighbour, said.told);
        }
    }
}

/// The other end of the veth whose one end has this index, in this namespace.
async fn near_end(handle: &Handle, far: u32) -> Result<Option<u32>, FollowError> {
    match handle.link().get().match_index(far).execute().try_next().await {
        Ok(link) => Ok(link.as_ref().and_then(words::peer)),
        // Deleted meanwhile: an image without it is on its way.
        Err(rtnetlink::Error::NetlinkError(_)) => Ok(None),
        Err(source) => Err(FollowError::Request { action: "look up a cpu veth", source }),
    }
}

/// Has the kernel find a neighbour, or confirm it.
async fn ask(handle: &Handle, links: &Links, neighbour: Neighbour) -> Result<(), FollowError> {
    let Some(near) = links.near(&neighbour) else { return Ok(()) };
    let request = handle.neighbours().add(near, neighbour.address);
    let request = request.state(NeighbourState::None).flags(NeighbourFlags::Use).replace();
    match request.execute().await {
        Ok(()) => Ok(()),
        // The near end is down or gone. It is asked again, or the neighbour has failed.
        Err(rtnetlink::Error::NetlinkError(error)) => {
            let address = neighbour.address;
            tracing::debug!(event = "kernel_not_asked", %address, near, %error);
            Ok(())
        }
        Err(source) => Err(FollowError::Request { action: "find a neighbour", source }),
    }
}

/// A task that ends with this.
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
