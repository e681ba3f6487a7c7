use packet::probe::Protocol;

use super::*;
use crate::example::{self, CE, CE_MAC, CIRCUIT_MAC, FAR_VM, HUB_VM, NOWHERE, SPOKE_VM};

fn request(source: impl Into<IpAddr>, protocol: Protocol) -> InjectRequest {
    InjectRequest {
        port: None,
        source: source.into(),
        destination: SPOKE_VM.into(),
        protocol,
        ttl: 7,
    }
}

fn chosen(request: &InjectRequest) -> Result<String, PortError> {
    choose_port(request, &example::compiled()).map(|port| port.interface.clone())
}

#[test]
fn the_source_address_chooses_the_port() {
    for (source, interface) in
        [(CE, "eth1"), (HUB_VM, "eth2"), (SPOKE_VM, "eth2"), (FAR_VM, "eth3"), (NOWHERE, "eth1")]
    {
        assert_eq!(chosen(&request(source, Protocol::Icmp)).as_deref(), Ok(interface), "{source}");
    }
}

#[test]
fn a_named_port_wins_and_must_exist() {
    let named =
        |name: &str| InjectRequest { port: Some(name.to_owned()), ..request(CE, Protocol::Icmp) };
    assert_eq!(chosen(&named("eth3")).as_deref(), Ok("eth3"));
    let error = chosen(&named("xcpu1")).unwrap_err();
    assert!(error.to_string().contains("eth1, eth2, eth3"), "{error}");
    let nothing = Compiled::default();
    assert_eq!(choose_port(&request(CE, Protocol::Icmp), &nothing), Err(PortError::NoPorts));
}

#[test]
fn the_frame_is_from_the_neighbour_to_the_port() {
    let compiled = example::compiled();
    let request = request(CE, Protocol::Icmp);
    let port = choose_port(&request, &compiled).unwrap();
    let frame = frame(&request, port, &compiled, &example::state());
    assert_eq!((&frame[..6], &frame[6..12]), (&CIRCUIT_MAC.0[..], &CE_MAC.0[..]));
}
