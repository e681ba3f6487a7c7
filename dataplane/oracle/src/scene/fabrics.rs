//! The fabrics and their VNets.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use desired::{FabricPort, FabricVnet};

use super::{CONTOSO, FABRIKAM, FAR, HUB, HUB6, prefix};

pub(super) fn ports() -> BTreeMap<String, FabricPort> {
    let near = [
        vnet("hub", CONTOSO, &["10.255.0.0/16", "2001:db8:ff::/48"], HUB, Some(HUB6)),
        vnet("spoke", CONTOSO, &["10.254.0.0/16", "2001:db8:fe::/48"], HUB, Some(HUB6)),
        // Inside the spoke's: the longest prefix says whose a packet is.
        vnet("fabrikam", FABRIKAM, &["10.254.192.0/24", "2001:db8:fe:c0::/64"], HUB, Some(HUB6)),
    ];
    let far = [vnet("far", CONTOSO, &["10.1.0.0/16", "2001:db8:1::/48"], FAR, None)];
    [
        ("eth2".to_owned(), FabricPort { vnets: near.into(), vxlan: None }),
        ("eth3".to_owned(), FabricPort { vnets: far.into(), vxlan: None }),
    ]
    .into()
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
