//! Order-independent, idempotent, and total: no model makes the compiler panic.

use ipnetwork::IpNetwork;
use proptest::{prelude::*, test_runner::TestCaseError};

use super::*;
use crate::resource::{Fields, TagOrder};

fn whole_lab() -> Vec<Resource> {
    let mut resources = lab();
    connect(&mut resources, "conn2", "ERGW2", CIRCUIT, json!({ "routingWeight": 3 }));
    let more = json!({ "expressRouteGatewayBypass": true });
    connect(&mut resources, "conn1", "ERGW1", CIRCUIT, more);
    resources
}

fn bytes(compiled: &Compiled) -> Vec<u8> {
    let Compiled { routers, gateways, host } = compiled;
    serde_json::to_vec(&(routers, gateways, host)).unwrap()
}

/// Turns every list of a document round, where order has no meaning.
fn reversed(value: &Value) -> Value {
    match value {
        // Instances are numbered by their place.
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| {
                let kept = name == "instances";
                (name.clone(), if kept { value.clone() } else { reversed(value) })
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.iter().rev().map(reversed).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

/// Any of the models, as a function that makes it.
fn model() -> impl Strategy<Value = fn() -> Vec<Resource>> {
    prop::sample::select(vec![whole_lab as fn() -> _, two_customers, vxlan::vxlan])
}

/// A model and its resources in another order.
fn shuffled() -> impl Strategy<Value = (Vec<Resource>, Vec<Resource>)> {
    model().prop_flat_map(|model| (Just(model()), Just(model()).prop_shuffle()))
}

proptest! {
    #[test]
    fn order_has_no_meaning((model, resources) in shuffled()) {
        let expected = compiled(&model);
        prop_assert_eq!(bytes(&compiled(&resources)), bytes(&expected));
        let turned: Vec<Resource> = resources
            .iter()
            .map(|resource| {
                let Value::Object(body) = reversed(&Value::Object(resource.body.clone())) else {
                    unreachable!("an object stays an object")
                };
                Resource::from_put(resource.id.clone(), body, Some(resource)).unwrap()
            })
            .collect();
        prop_assert_eq!(bytes(&compiled(&turned)), bytes(&expected));
    }

    #[test]
    fn an_incomplete_model_compiles_to_what_is_possible(
        model in model(),
        kept in prop::collection::vec(prop::bool::weighted(0.8), 32),
        failed in prop::collection::btree_set(0..2_usize, 0..3),
    ) {
        let mut kept = kept.into_iter().cycle();
        let mut resources = model();
        for gateway in &mut resources {
            if gateway.id.name() == "ERGW1" || gateway.id.name() == "contoso-gw" {
                gateway.held.failed_instances.clone_from(&failed);
            }
        }
        resources.retain(|_| kept.next().unwrap());
        whole(&compiled(&resources))?;
    }

    #[test]
    fn ipv6_changes_nothing_of_ipv4(kept in prop::collection::vec(prop::bool::weighted(0.9), 32)) {
        let mut kept = kept.into_iter().cycle();
        let mut dual = two_customers();
        dual.retain(|_| kept.next().unwrap());
        let single: Vec<Resource> = dual
            .iter()
            .map(|resource| {
                let Value::Object(body) = ipv4_only(&Value::Object(resource.body.clone())) else {
                    unreachable!("an object stays an object")
                };
                Resource::from_put(resource.id.clone(), body, Some(resource)).unwrap()
            })
            .collect();
        prop_assert_eq!(ipv4_of(compiled(&dual)), ipv4_of(compiled(&single)));
        prop_assert_eq!(ipv4_of(compiled(&single)), compiled(&single));
    }

    #[test]
    fn whatever_its_tags_are_a_customers_packet_stays_his(
        tags in prop::array::uniform2((0..4_u16, 0..4_u16)),
        kept in prop::collection::vec(prop::bool::weighted(0.9), 32),
    ) {
        let mut kept = kept.into_iter().cycle();
        let mut resources = two_customers();
        for (circuit, (stag, vlan)) in ["contoso", "fabrikam"].into_iter().zip(tags) {
            retag(&mut resources, circuit, stag, vlan);
        }
        resources.retain(|_| kept.next().unwrap());
        let compiled = compiled(&resources);
        whole(&compiled)?;
        for router in compiled.routers.values() {
            for (name, vrf) in &router.vrfs {
                for route in vrf.routes.values() {
                    let owner = match &route.adjacency {
                        desired::Adjacency::Ce { port } => &router.circuit_ports[port].circuit,
                        desired::Adjacency::Direct { connection, .. }
                        | desired::Adjacency::Gateway { connection, .. } => connection,
                    };
                    prop_assert!(owner.starts_with(name.as_str()), "{} in {}", owner, name);
                }
            }
        }
    }
}

/// A document without its IPv6: prefixes, addresses and links.
fn ipv4_only(value: &Value) -> Value {
    let is_ipv6 = |value: &Value| {
        value.as_str().is_some_and(|text| text.starts_with("fd00"))
            || value.pointer("/properties/privateIPAddressVersion") == Some(&json!("IPv6"))
    };
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "ipv6PeeringConfig");
            kept.map(|(name, value)| (name.clone(), ipv4_only(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(values) => {
            values.iter().filter(|value| !is_ipv6(value)).map(ipv4_only).collect()
        }
        other => other.clone(),
    }
}

/// What is compiled, without its IPv6.
fn ipv4_of(mut compiled: Compiled) -> Compiled {
    for router in compiled.routers.values_mut() {
        for port in router.circuit_ports.values_mut() {
            port.ipv6 = None;
        }
        for vnet in router.fabric_ports.values_mut().flat_map(|port| port.vnets.values_mut()) {
            vnet.address_ipv6 = None;
            vnet.prefixes.retain(IpNetwork::is_ipv4);
        }
        for vrf in router.vrfs.values_mut() {
            vrf.routes.retain(|prefix, _| prefix.is_ipv4());
        }
    }
    for gateway in compiled.gateways.values_mut() {
        gateway.endpoints.retain(|address, _| address.is_ipv4());
    }
    for nic in compiled.host.nics.values_mut() {
        nic.routes.retain(|prefix, _| prefix.is_ipv4());
    }
    compiled
}

fn retag(resources: &mut [Resource], circuit: &str, stag: u16, vlan: u16) {
    for resource in resources {
        let part = resource.id.parent().is_some_and(|parent| parent.name() == circuit);
        if part && resource.id.name() == "AzurePrivatePeering" {
            let mut body = resource.body.clone();
            body["properties"]["vlanId"] = vlan.into();
            *resource = Resource::from_put(resource.id.clone(), body, Some(resource)).unwrap();
        } else if resource.held.service_key.is_some() && resource.id.name() == circuit {
            let order = json!({ "stag": stag });
            let order = TagOrder::read(&Fields::root(order.as_object().unwrap())).unwrap();
            order.apply(&mut resource.held);
        }
    }
}

/// That everything a router's state refers to is in it.
fn whole(compiled: &Compiled) -> Result<(), TestCaseError> {
    for router in compiled.routers.values() {
        for vrf in router.vrfs.values() {
            for route in vrf.routes.values() {
                match &route.adjacency {
                    desired::Adjacency::Ce { port } => {
                        prop_assert!(router.circuit_ports.contains_key(port));
                    }
                    desired::Adjacency::Direct { port, .. } => {
                        prop_assert!(router.fabric_ports.contains_key(port));
                    }
                    desired::Adjacency::Gateway { port, instances, .. } => {
                        prop_assert!(router.fabric_ports.contains_key(port));
                        prop_assert!(!instances.is_empty());
                    }
                }
            }
        }
        for (name, port) in &router.circuit_ports {
            prop_assert_eq!(name, &format!("{}{}", port.interface, port.tags));
        }
        let vrf_of_ports = router.circuit_ports.values().map(|port| &port.vrf);
        let vnets = router.fabric_ports.values().flat_map(|port| port.vnets.values());
        for vrf in vrf_of_ports.chain(vnets.map(|vnet| &vnet.vrf)) {
            prop_assert!(router.vrfs.contains_key(vrf));
        }
    }
    Ok(())
}
