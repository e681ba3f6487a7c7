//! A fabric whose frames travel in VXLAN: its hosts, and the tunnel to what is on one.

use desired::{Tunnel, Underlay, UnderlayHost};

use super::reach::Reach;
use crate::resource::{FabricHost, ResourceId, router::FabricCable};

/// No host is known to carry the VM or gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoHost;

/// The MSEE's end of a cable, with every host of its VNets: an MSEE takes frames from no other.
pub(super) fn underlay(cable: &FabricCable, reach: &Reach<'_>) -> Option<Underlay> {
    let vxlan = cable.vxlan.as_ref()?;
    let carries_any = |host: &FabricHost| {
        let hubs = reach.hubs.iter().map(|hub| (hub.network.id, hub.gateway));
        let guests = hubs.chain(reach.machines.iter().copied());
        guests
            .into_iter()
            .any(|(network, guest)| cable.networks.contains(network) && host.carries(guest))
    };
    let hosts = reach.hosts.iter().filter(|(_, host)| carries_any(host));
    let hosts = hosts.map(|(id, host)| {
        (id.name().to_owned(), UnderlayHost { address: host.address, mac: host.mac })
    });
    Some(Underlay { address: vxlan.address, hosts: hosts.collect() })
}

/// The network identifier of a VNet of the cable.
pub(super) fn vni(cable: &FabricCable, network: &ResourceId) -> Option<u32> {
    cable.vxlan.as_ref()?.vnis.get(network).copied()
}

/// The way to a VM or gateway of a VNet; `None` on a plain fabric. On two hosts at once, as while it
/// moves, it is on the first by name.
pub(super) fn tunnel(
    cable: &FabricCable,
    network: &ResourceId,
    guest: &ResourceId,
    reach: &Reach<'_>,
) -> Result<Option<Tunnel>, NoHost> {
    if cable.vxlan.is_none() {
        return Ok(None);
    }
    let (host, _) = reach.hosts.iter().find(|(_, host)| host.carries(guest)).ok_or(NoHost)?;
    let vni = vni(cable, network).ok_or(NoHost)?;
    Ok(Some(Tunnel { host: host.name().to_owned(), vni }))
}
