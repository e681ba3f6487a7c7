//! Order-independent, idempotent, and total: no model makes the compiler panic.

use proptest::prelude::*;

use super::*;

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

proptest! {
    #[test]
    fn order_has_no_meaning(resources in Just(whole_lab()).prop_shuffle()) {
        let expected = compiled(&whole_lab());
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
        kept in prop::collection::vec(prop::bool::weighted(0.8), 32),
        failed in prop::collection::btree_set(0..2_usize, 0..3),
    ) {
        let mut kept = kept.into_iter().cycle();
        let mut resources = whole_lab();
        edit(&mut resources, "Microsoft.Network/virtualNetworkGateways/ERGW1", |gateway| {
            gateway.held.failed_instances = failed;
        });
        resources.retain(|_| kept.next().unwrap());
        let compiled = compiled(&resources);
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
            let vrf_of_ports = router.circuit_ports.values().map(|port| &port.vrf);
            let vnets = router.fabric_ports.values().flat_map(|port| port.vnets.values());
            for vrf in vrf_of_ports.chain(vnets.map(|vnet| &vnet.vrf)) {
                prop_assert!(router.vrfs.contains_key(vrf));
            }
        }
    }
}
