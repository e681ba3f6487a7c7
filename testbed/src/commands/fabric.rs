//! What `erlab inspect` says of VXLAN fabrics.

use std::net::Ipv4Addr;

use super::output::table;
use crate::topology::plan::{Fabric, NodeKind, Plan, Underlay};

/// Where frames to and from a node enter and leave VXLAN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tunnel {
    /// The fabric's bridge.
    pub(super) fabric: String,
    /// The node: a VM, a gateway, an MSEE.
    pub(super) node: String,
    /// Its host; `None`: it is a tunnel endpoint itself.
    pub(super) host: Option<String>,
    /// The endpoint.
    pub(super) endpoint: Ipv4Addr,
    /// Its VNet; an MSEE is in all of them.
    pub(super) vnet: Option<String>,
    /// That VNet's network identifier.
    pub(super) vni: Option<u32>,
}

/// The tunnels of a lab, fabric by fabric: MSEEs, then what is on hosts.
pub(super) fn tunnels(plan: &Plan) -> Vec<Tunnel> {
    let underlays = plan.fabrics.iter().filter_map(|it| Some((it, it.underlay.as_ref()?)));
    underlays.flat_map(|(fabric, underlay)| of_fabric(plan, fabric, underlay)).collect()
}

fn of_fabric(plan: &Plan, fabric: &Fabric, underlay: &Underlay) -> Vec<Tunnel> {
    let bridge = || fabric.bridge.clone();
    let msees = underlay.msees.iter().map(|(msee, endpoint)| Tunnel {
        fabric: bridge(),
        node: msee.clone(),
        host: None,
        endpoint: *endpoint,
        vnet: None,
        vni: None,
    });
    let guests = underlay.hosts.iter().map(|host| {
        let vnet = match plan.node(&host.guest.node).map(|node| &node.kind) {
            Some(NodeKind::Vm { vnet } | NodeKind::Gateway { vnet }) => Some(vnet.clone()),
            _ => None,
        };
        Tunnel {
            fabric: bridge(),
            node: host.guest.node.clone(),
            host: Some(host.node.clone()),
            endpoint: host.address,
            vni: vnet.as_ref().and_then(|vnet| underlay.vnis.get(vnet).copied()),
            vnet,
        }
    });
    msees.chain(guests).collect()
}

/// A table of them and an empty line; nothing when there are none.
pub(super) fn overview(tunnels: &[Tunnel]) -> String {
    if tunnels.is_empty() {
        return String::new();
    }
    let dash = || "-".to_owned();
    let rows = tunnels.iter().map(|tunnel| {
        vec![
            tunnel.fabric.clone(),
            tunnel.node.clone(),
            tunnel.vnet.clone().unwrap_or_else(dash),
            tunnel.vni.map_or_else(dash, |vni| vni.to_string()),
            tunnel.host.clone().unwrap_or_else(dash),
            tunnel.endpoint.to_string(),
        ]
    });
    format!("{}\n", table(&["FABRIC", "NODE", "VNET", "VNI", "HOST", "ENDPOINT"], rows))
}
