//! Two customers on one interface: accepted while their tags differ, whatever else is equal.

use super::*;
use crate::lab::order;

const EDGE: &str = "/subscriptions/lab/resourceGroups/EDGE/providers";

fn peering(resources: &mut Vec<Resource>, circuit: &str, vlan: u16) {
    let path = format!(
        "{EDGE}/Microsoft.Network/expressRouteCircuits/{circuit}/peerings/AzurePrivatePeering"
    );
    let body = json!({ "properties": {
        "vlanId": vlan,
        "primaryPeerAddressPrefix": "172.16.1.0/30",
        "secondaryPeerAddressPrefix": "172.16.2.0/30",
    }});
    put(resources, &path, &body);
}

/// What the rules say to `provision` with this body.
fn order_verdict(before: &[Resource], circuit: &str, body: &Value) -> Result<(), Violation> {
    let path = format!("{EDGE}/Microsoft.Network/expressRouteCircuits/{circuit}");
    let mut after = before.to_vec();
    order(&mut after, &path, body);
    let place = after.iter().position(|resource| resource.id == id(&path)).unwrap();
    let changed = after.remove(place);
    after.push(changed);
    put_verdict(before, &after)
}

/// Every resource of the model put after those before it.
#[test]
fn equal_links_and_vnets_that_nothing_joins_are_accepted() {
    let resources = two_customers();
    for last in 1..=resources.len() {
        let (before, after) = (&resources[..last - 1], &resources[..last]);
        assert_eq!(put_verdict(before, after), Ok(()), "{}", after.last().unwrap().id);
    }
}

#[test]
fn what_would_join_equal_vnets_is_refused() {
    let resources = two_customers();
    let mut after = resources.clone();
    let gateway = format!("{EDGE}/Microsoft.Network/virtualNetworkGateways/fabrikam-gw");
    let circuit = format!("{EDGE}/Microsoft.Network/expressRouteCircuits/contoso");
    let body = json!({ "properties": {
        "connectionType": "ExpressRoute",
        "virtualNetworkGateway1": { "id": gateway },
        "peer": { "id": circuit },
    }});
    put(&mut after, &format!("{EDGE}/Microsoft.Network/connections/across"), &body);
    let words = ["contoso-hub", "fabrikam-hub", "circuit 'contoso'"];
    refused(put_verdict(&resources, &after), Code::AddressSpaceOverlap, &words);
}

#[test]
fn equal_tags_on_one_interface_are_refused_from_either_side() {
    let resources = two_customers();
    let words =
        ["'contoso'", "'fabrikam'", "eth1.20.100", "router 'msee-a'", "another vlanId or S-tag"];
    let mut after = resources.clone();
    peering(&mut after, "fabrikam", 100);
    refused(put_verdict(&resources, &after), Code::VlanTagsInUse, &words);

    // The types of the outer tags differ, but a router takes either.
    let mut apart = resources.clone();
    order(
        &mut apart,
        &format!("{EDGE}/Microsoft.Network/expressRouteCircuits/fabrikam"),
        &json!({ "stag": 21 }),
    );
    peering(&mut apart, "fabrikam", 100);
    refused(order_verdict(&apart, "fabrikam", &json!({ "stag": 20 })), Code::VlanTagsInUse, &words);
    assert_eq!(order_verdict(&apart, "fabrikam", &json!({ "stag": 22 })), Ok(()));

    let mut rewired = apart.clone();
    let path = format!("{EDGE}/Erlab.Edge/routers/msee-a");
    let before = rewired.iter().find(|resource| resource.id == id(&path)).unwrap();
    let mut body = Value::Object(before.body.clone());
    let third = json!({
        "interface": "eth1",
        "circuit": { "id": format!("{EDGE}/Microsoft.Network/expressRouteCircuits/third") },
        "peerMacAddress": "02:00:00:02:03:01",
    });
    body["properties"]["circuitPorts"].as_array_mut().unwrap().push(third);
    put(&mut rewired, &path, &body);
    assert_eq!(put_verdict(&apart, &rewired), Ok(()), "no such circuit yet");
    let circuit = format!("{EDGE}/Microsoft.Network/expressRouteCircuits/third");
    put(&mut rewired, &circuit, &json!({}));
    order(&mut rewired, &circuit, &json!({ "stag": 21 }));
    let before = rewired.clone();
    peering(&mut rewired, "third", 100);
    let words = ["'third'", "'fabrikam'", "eth1.21.100"];
    refused(put_verdict(&before, &rewired), Code::VlanTagsInUse, &words);
}

#[test]
fn an_s_tag_needs_a_c_tag_inside() {
    let resources = two_customers();
    let mut untagged = resources.clone();
    peering(&mut untagged, "fabrikam", 0);
    let words = ["circuit 'fabrikam'", "S-tag 20", "vlanId", "/provision"];
    refused(put_verdict(&resources, &untagged), Code::VlanIdRequired, &words);

    // The other way round: the customer's tag alone, then none, then the provider comes.
    let mut single = resources.clone();
    let circuit = format!("{EDGE}/Microsoft.Network/expressRouteCircuits/fabrikam");
    order(&mut single, &circuit, &json!({ "stag": 0 }));
    let before = single.clone();
    peering(&mut single, "fabrikam", 0);
    assert_eq!(put_verdict(&before, &single), Ok(()));
    let verdict = order_verdict(&single, "fabrikam", &json!({ "stag": 20 }));
    refused(verdict, Code::VlanIdRequired, &words);
}
