//! The search for a seed, in a namespace of its own that ends with it.
//!
//! A given seed hashes alike in every namespace, so the VM is not disturbed. The trial has two
//! interfaces in place of the two MSEEs, and equal-cost routes over both. The second one's MTU is
//! lower: a datagram that only fits the first, sent with "don't fragment", is taken by `sendto` or
//! refused with EMSGSIZE, which says at once where the very flow of a probe would go.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, UdpSocket},
};

use netlink_packet_route::route::RouteNextHopFlags;
use rtnetlink::{LinkUnspec, LinkVeth, RouteMessageBuilder, RouteNextHopBuilder};
use rustix::net::sockopt::{Ipv4PathMtuDiscovery, set_ip_mtu_discover};

use super::{EcmpError, SEED, hash_without_source_port};
use crate::{
    network::{
        connection::Connection,
        namespace::{enter_file, on_thread},
        sysctl,
    },
    topology::plan::MseePath,
    traceroute::FIRST_HOP_PORT,
};

/// Names, MTUs and next hops (TEST-NET-1, RFC 5737) of the interfaces, primary first.
const INTERFACES: [(&str, &str, u32, Ipv4Addr); 2] = [
    ("primary", "primary-far", 1500, Ipv4Addr::new(192, 0, 2, 4)),
    ("secondary", "secondary-far", 1400, Ipv4Addr::new(192, 0, 2, 5)),
];

/// With 28 bytes of headers between the two MTUs.
const PAYLOAD: [u8; 1430] = [0; 1430];

/// A flow and the path it shall take.
pub(super) struct Flow {
    /// What the sender's socket is bound to; 0.0.0.0 when it is not.
    pub(super) source: Ipv4Addr,
    /// Where it sends.
    pub(super) destination: Ipv4Addr,
    /// Next hop wanted.
    pub(super) path: MseePath,
}

/// The first seed from 1 to `most` that sends all flows by their paths. `own` is the sender's
/// address.
pub(super) async fn search(
    own: Ipv4Addr,
    flows: Vec<Flow>,
    most: u32,
) -> Result<Option<u32>, EcmpError> {
    let name = "the trial namespace";
    let prepare = || Ok::<_, EcmpError>(hash_without_source_port()?);
    let trial = Connection::unnamed(name, prepare).await?;
    let destinations: BTreeSet<Ipv4Addr> = flows.iter().map(|flow| flow.destination).collect();
    configure(&trial, own, destinations).await?;
    on_thread(name, || {
        enter_file(name, trial.file())?;
        // 0 would ask the kernel for a random seed.
        let flows = flows.iter().map(Probe::open).collect::<Result<Vec<_>, EcmpError>>()?;
        for seed in 1..=most {
            sysctl::write(SEED, &seed.to_string())?;
            if all_leave_as_wanted(&flows)? {
                return Ok(Some(seed));
            }
        }
        Ok(None)
    })?
}

/// Interfaces, the sender's address and the equal-cost routes.
async fn configure(
    trial: &Connection,
    own: Ipv4Addr,
    destinations: BTreeSet<Ipv4Addr>,
) -> Result<(), EcmpError> {
    let mut next_hops = Vec::new();
    for (name, far, mtu, address) in INTERFACES {
        let pair = LinkVeth::new(name, far).mtu(mtu).build();
        let added = trial.netlink().link().add(pair).execute().await;
        added.map_err(trial.failed(format!("make the pair {name}")))?;
        for end in [far, name] {
            // Without ARP there is nobody to wait for.
            let up = LinkUnspec::new_with_name(end).arp(false).up().build();
            let up = trial.netlink().link().set(up).execute().await;
            up.map_err(trial.failed(format!("set up {end}")))?;
        }
        let links = trial.links().await?;
        let index = links.get(name).map(|link| link.index).unwrap_or_default();
        // On both: a kernel that prefers the next hop with the sender's address (6.15) is neutral.
        let added = trial.netlink().address().add(index, own.into(), 32).execute().await;
        added.map_err(trial.failed(format!("add the address {own}")))?;
        let next_hop = RouteNextHopBuilder::new_ipv4().interface(index);
        let next_hop = next_hop.flags(RouteNextHopFlags::Onlink).via(address.into());
        // Fails only for an address of another family.
        next_hops.extend(next_hop.map(RouteNextHopBuilder::build));
    }
    for destination in destinations {
        let route = RouteMessageBuilder::<Ipv4Addr>::new()
            .destination_prefix(destination, 32)
            .multipath(next_hops.clone())
            .build();
        let added = trial.netlink().route().add(route).execute().await;
        added.map_err(trial.failed(format!("route {destination}")))?;
    }
    Ok(())
}

/// A flow with its sender's socket.
struct Probe<'f> {
    flow: &'f Flow,
    socket: UdpSocket,
}

impl<'f> Probe<'f> {
    fn open(flow: &'f Flow) -> Result<Self, EcmpError> {
        let failed = |call| move |source| EcmpError::Socket { call, source };
        let socket = UdpSocket::bind((flow.source, 0)).map_err(failed("bind"))?;
        set_ip_mtu_discover(&socket, Ipv4PathMtuDiscovery::DO)
            .map_err(|errno| failed("setsockopt IP_MTU_DISCOVER")(errno.into()))?;
        Ok(Self { flow, socket })
    }

    /// The path a datagram takes now.
    fn path(&self) -> Result<MseePath, EcmpError> {
        match self.socket.send_to(&PAYLOAD, (self.flow.destination, FIRST_HOP_PORT)) {
            Ok(_) => Ok(MseePath::Primary),
            Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => Ok(MseePath::Secondary),
            Err(source) => Err(EcmpError::Socket { call: "sendto", source }),
        }
    }
}

fn all_leave_as_wanted(probes: &[Probe<'_>]) -> Result<bool, EcmpError> {
    for probe in probes {
        if probe.path()? != probe.flow.path {
            return Ok(false);
        }
    }
    Ok(true)
}
