use super::*;

#[test]
fn paths_are_arms() {
    let circuits = Scope::new("lab-circuits", "RG_US_W2_ER");
    assert_eq!(
        circuits.authorization("CIRCUIT_EQUINIX", "auth1"),
        "/subscriptions/lab-circuits/resourceGroups/RG_US_W2_ER/providers/Microsoft.Network/\
         expressRouteCircuits/CIRCUIT_EQUINIX/authorizations/auth1"
    );
    let gateways = Scope::new("lab-gateways", "FP");
    assert_eq!(
        gateways.subnet("hub", "GatewaySubnet"),
        "/subscriptions/lab-gateways/resourceGroups/FP/providers/Microsoft.Network/\
         virtualNetworks/hub/subnets/GatewaySubnet"
    );
}

#[test]
fn the_name_is_the_last_segment() {
    assert_eq!(name_of(&Scope::new("s", "g").gateway("ERGW1")), "ERGW1");
    assert_eq!(name_of("plain"), "plain");
}
