//! The fabrics and their VNets.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use desired::{FabricPort, FabricVnet, Underlay, UnderlayHost};
use ipnetwork::Ipv4Network;

use super::{
    CONTOSO, CONTOSO_VNI, ENDPOINT, FABRIKAM, FABRIKAM_VNI, FAR, HOSTS, HUB, HUB6, prefix, station,
};

pub(super) fn ports() -> BTreeMap<String, FabricPort> {
    let near = [
        vnet("hub", CONTOSO, &["10.255.0.0/16", "2001:db8:ff::/48"], HUB, Some(HUB6)),
        vnet("spoke", CONTOSO, &["10.254.0.0/16", "2001:db8:fe::/48"], HUB, Some(HUB6)),
        // Inside the spoke's: the longest prefix says whose a packet is.
        vnet("fabrikam", FABRIKAM, &["10.254.192.0/24", "2001:db8:fe:c0::/64"], HUB, Some(HUB6)),
    ];
    let in_tunnel =
        near.clone().map(|(name, vnet)| (name, FabricVnet { vni: Some(CONTOSO_VNI), ..vnet }));
    let (_, hub) = vnet("hub", FABRIKAM, &["10.255.0.0/16", "2001:db8:ff::/48"], HUB, Some(HUB6));
    let other = ("other hub".to_owned(), FabricVnet { vni: Some(FABRIKAM_VNI), ..hub });
    let tunnels = FabricPort {
        vnets: in_tunnel.into_iter().chain([other]).collect(),
        vxlan: Some(underlay()),
    };
    let far = [vnet("far", CONTOSO, &["10.1.0.0/16", "2001:db8:1::/48"], FAR, None)];
    [
        ("eth2".to_owned(), FabricPort { vnets: near.into(), vxlan: None }),
        ("eth3".to_owned(), FabricPort { vnets: far.into(), vxlan: None }),
        ("eth7".to_owned(), tunnels),
    ]
    .into()
}

/// The last of the hosts has not been heard of.
fn underlay() -> Underlay {
    let macs = [Some(station(7, 11)), Some(station(7, 12)), None];
    let hosts = (1..)
        .zip(HOSTS.into_iter().zip(macs))
        .map(|(number, (address, mac))| (format!("host{number}"), UnderlayHost { address, mac }));
    Underlay {
        address: Ipv4Network::new_checked(ENDPOINT, 24).unwrap_or(Ipv4Network::from(ENDPOINT)),
        hosts: hosts.collect(),
    }
}

fn vnet(
    name: &str,
    vrf: &str,
    prefixes: &[&str],
    address: Ipv4Addr,
    address_ipv6: Option<Ipv6Addr>,
) -> (String, FabricVnet) {
    let prefixes = prefixes.iter().map(|text| prefix(text)).collect();
    (
        name.to_owned(),
        FabricVnet { prefixes, vrf: vrf.to_owned(), address, address_ipv6, vni: None },
    )
}
