//! Fabrics in VXLAN: the lab's traceroutes are hop for hop those of a plain fabric, both IP versions
//! pass, customers with equal VNets stay apart on one underlay, and what the underlay carries is VXLAN
//! with the identifier of the VNet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

use erlab::network::namespace::in_namespace;
use harness::{FASTPATH_LAB, FIVE_TRACEROUTES, Lab, VXLAN_LAB, hops};
use socket2::{Domain, Protocol, Socket, Type};

const VM: &str = "10.255.10.4";
const VM6: &str = "fd00:255:0:10::4";
const SPOKE: &str = "10.254.10.4";
const SPOKE6: &str = "fd00:254:0:10::4";

#[test]
fn the_five_traceroutes_are_those_of_a_plain_fabric() {
    let topology = FASTPATH_LAB.replace("expressroute:\n", "expressroute:\n  fabric: vxlan\n");
    assert_ne!(topology, FASTPATH_LAB);
    let lab = Lab::deploy_topology("vxhops", &topology);
    lab.wait_for_ping("onprem-vm", "10.253.10.4", true);
    let before = lab.losses();
    for to in [VM, SPOKE] {
        assert!(!lab.pings("onprem-vm", to), "{to} is reached without conn1");
    }
    lab.create_conn1(true);
    for (from, to, expected) in FIVE_TRACEROUTES {
        let trace = lab.erlab(&["traceroute", from, to, "-f", "json"]).json();
        assert_eq!(hops(&trace), expected, "{from} -> {to}");
    }
    lab.set_fastpath(false);
    for (from, first) in [("remote-vm", "10.253.0.4"), ("ce1", "172.16.1.2")] {
        let trace = lab.erlab(&["traceroute", from, VM, "-f", "json"]).json();
        assert_eq!(hops(&trace), [first, "*", VM], "{from}");
    }
    assert_eq!(lab.losses(), before);
}

#[test]
fn equal_vnets_share_an_underlay_and_stay_apart() {
    let lab = Lab::deploy_topology("vxtwo", VXLAN_LAB);
    for (from, reached) in [
        ("contoso-pc", &[VM, VM6, SPOKE, SPOKE6][..]),
        ("fabrikam-pc", &[VM, VM6]),
        ("contoso-vm", &["10.10.10.4", "fd00:10:10:10::4", SPOKE, SPOKE6]),
        ("spoke-vm", &["10.10.10.4", "fd00:10:10:10::4", VM, VM6]),
        ("fabrikam-vm", &["10.10.10.4", "fd00:10:10:10::4"]),
    ] {
        for to in reached {
            lab.wait_for_ping(from, to, true);
        }
    }
    let before = lab.losses();
    for to in [SPOKE, SPOKE6] {
        assert!(!lab.pings("fabrikam-pc", to), "fabrikam reaches contoso's spoke {to}");
    }
    // What each VM is sent has its VNet's identifier, from an MSEE or from a gateway's host.
    for (from, to, vm, identifier) in [
        ("contoso-pc", VM, "contoso-vm", 5001),
        ("contoso-pc", SPOKE6, "spoke-vm", 5002),
        ("fabrikam-pc", VM6, "fabrikam-vm", 5003),
    ] {
        let mut underlay = Underlay::of(&lab, vm);
        assert!(lab.pings(from, to), "{from} -> {to}");
        let identifiers = underlay.identifiers();
        assert!(!identifiers.is_empty(), "nothing in VXLAN came to the host of {vm}");
        assert!(identifiers.iter().all(|it| *it == identifier), "{vm}: {identifiers:?}");
    }
    // Every packet of a flow, and the longest there is.
    for (from, to) in [("contoso-pc", "contoso-vm"), ("contoso-pc", "spoke-vm")] {
        let traffic = ["traffic", from, to, "--pps", "1000", "--for", "2s", "-f", "json"];
        let report = lab.erlab(&traffic).json();
        assert_eq!((&report["sent"], &report["lost"]), (&2_000.into(), &0.into()), "{report:#}");
    }
    for to in [VM, SPOKE] {
        let longest = ["ping", "-n", "-M", "do", "-s", "1472", "-c", "1", "-W", "2", to];
        lab.erlab(&[&["exec", "contoso-pc", "--"][..], &longest].concat()).succeeds();
    }
    assert_eq!(lab.losses(), before);
}

#[test]
fn inspect_shows_hosts_endpoints_and_identifiers_and_destroy_leaves_none() {
    let lab = Lab::deploy_topology("vxshow", VXLAN_LAB);
    let text = lab.erlab(&["inspect"]).succeeds().stdout();
    assert!(text.contains("FABRIC") && text.contains("ENDPOINT"), "{text}");
    let nodes = lab.erlab(&["inspect", "-f", "json"]).json();
    let nodes = nodes["vxshow"].as_array().unwrap();
    let node = |name: &str| nodes.iter().find(|node| node["name"] == name).unwrap();
    assert_eq!(node("spoke-vm")["fabric_host"], "spoke-vm-host");
    assert_eq!(node("spoke-vm")["vni"], 5002);
    assert_eq!(node("spoke-vm-host")["kind"], "fabric-host");
    let endpoint = node("spoke-vm-host")["ipv4_address"].as_str().unwrap();
    assert!(endpoint.starts_with("100.64.0."), "{endpoint}");
    assert!(nodes.iter().all(|node| node["status"] == "ready"), "{nodes:#?}");
    drop(lab);
    let left = std::fs::read_dir("/run/netns").unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("vxshow-")), "{left:?}");
}

/// What a host receives on the underlay.
struct Underlay(Socket);

impl Underlay {
    fn of(lab: &Lab, guest: &str) -> Self {
        let open = || {
            let all = i32::from((libc::ETH_P_ALL as u16).to_be());
            let domain = Domain::from(libc::AF_PACKET);
            let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(all))).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            socket
        };
        Self(in_namespace(&format!("{}-{guest}-host", lab.name), open).unwrap())
    }

    /// The identifiers of what has come until now, for the host's own endpoint: it is the receiver by
    /// the outer destination, which no frame that it sends has.
    fn identifiers(&mut self) -> Vec<u32> {
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut buffer = [0; 2_048];
        let mut frames = Vec::new();
        while Instant::now() < deadline {
            match self.0.read(&mut buffer) {
                Ok(length) => frames.push(buffer[..length].to_vec()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let carried = frames.iter().filter_map(|frame| vxlan(frame)).collect::<Vec<_>>();
        // An echo request comes first: its outer destination is the host's.
        let Some((own, _)) = carried.first().copied() else { return Vec::new() };
        carried.iter().filter(|(to, _)| *to == own).map(|(_, identifier)| *identifier).collect()
    }
}

/// Outer destination and network identifier of a frame in VXLAN.
fn vxlan(frame: &[u8]) -> Option<([u8; 4], u32)> {
    let is_vxlan = frame.get(12..14)? == [8, 0] && frame.get(36..38)? == 4789_u16.to_be_bytes();
    let number = frame.get(46..49).filter(|_| is_vxlan)?;
    let destination = frame.get(30..34)?.try_into().ok()?;
    Some((destination, number.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))))
}
