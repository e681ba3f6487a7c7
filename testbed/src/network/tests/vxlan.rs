//! A fabric in VXLAN, between the kernels of its hosts alone: no router and no gateway runs.

use std::{
    io::{ErrorKind, Read},
    time::Instant,
};

use socket2::{Domain, Protocol, Socket, Type};

use super::*;

/// The VNets' identifiers, by their places in the file.
const HUB: u32 = 5001;
const SPOKE: u32 = 5002;

#[tokio::test]
async fn vms_of_peered_vnets_meet_and_nothing_is_flooded() {
    let lab = Lab::vxlan("nettvx");
    let built = build(&lab.plan).await.unwrap();
    assert_eq!(built.warnings, []);
    all_marked(&lab).await;
    let links = |node: &str| links(&lab.namespace(node));
    assert!(links("hub-vm-host").contains("vxlan5001"), "the hub's own");
    assert!(links("hub-vm-host").contains("vxlan5002"), "the spoke is peered with it");
    assert!(!links("remote-vm-host").contains("vxlan5001"), "the hub is no peer of remote's");

    settled(&lab.namespace("hub-vm"), "10.254.10.4");
    // On the wire to the spoke's host: its VNet's identifier, and the outer headers of RFC 7348.
    let mut capture = Capture::in_namespace(&lab.namespace("spoke-vm-host"));
    assert!(answers(&lab.namespace("hub-vm"), "10.254.10.4"));
    let request = capture.next(|frame| vni(frame) == Some(SPOKE)).expect("the echo request");
    assert_eq!(request[14], 0x45, "{request:x?}");
    assert_eq!(request[20] & 0x40, 0x40, "an outer packet must not be cut");
    assert_eq!(&request[40..42], &[0, 0], "UDP checksum");
    assert!(u16::from_be_bytes([request[34], request[35]]) >= 49_152, "source port");
    assert_eq!(request[50..56], mac(&lab, "spoke-vm"), "the inner frame is for the VM itself");
    // The answer travels by the identifier of the VNet it is for.
    assert!(capture.next(|frame| vni(frame) == Some(HUB)).is_some(), "the echo reply");

    // A full-sized packet passes whole: the underlay has room for it.
    let ping = ["-n", "-M", "do", "-s", "1472", "-c", "1", "-W", "2", "10.254.10.4"];
    run(&lab.namespace("hub-vm"), "ping", &ping);

    // Neither an address that no VM has, nor another VNet's. And no host hears of it.
    let mut bystander = Capture::in_namespace(&lab.namespace("ERGW1-host"));
    assert!(answers(&lab.namespace("hub-vm"), "10.254.10.4"));
    assert!(!answers(&lab.namespace("hub-vm"), "10.254.10.5"));
    assert!(!answers(&lab.namespace("hub-vm"), "10.253.10.4"));
    assert_eq!(bystander.next(|_| true), None, "a frame for another host, or a flooded one");

    assert_eq!(remove("nettvx").await.unwrap(), 15);
    assert_eq!(namespaces_of("nettvx"), [""; 0]);
}

#[tokio::test]
async fn a_gateway_reaches_the_spokes_vm_through_its_host() {
    let lab = Lab::vxlan("nettvxgw");
    build(&lab.plan).await.unwrap();
    let mut underlay = Capture::in_namespace(&lab.namespace("ERGW1-host"));
    let gateway = lab.namespace("ERGW1");
    let instance = "10.255.0.12";
    run(&gateway, "ip", &["address", "add", instance, "dev", "eth1"]);
    run(&gateway, "ip", &["link", "set", "eth1", "arp", "on"]);
    for (vm, address, identifier) in
        [("hub-vm", "10.255.10.4", HUB), ("spoke-vm", "10.254.10.4", SPOKE)]
    {
        run(&gateway, "ip", &["route", "add", address, "dev", "eth1"]);
        let lladdr = mac_text(&lab, vm);
        run(&gateway, "ip", &["neighbour", "replace", address, "lladdr", &lladdr, "dev", "eth1"]);
        let lladdr = mac_text(&lab, "ERGW1");
        let namespace = lab.namespace(vm);
        run(
            &namespace,
            "ip",
            &["neighbour", "replace", instance, "lladdr", &lladdr, "dev", "eth1"],
        );
        settled(&gateway, address);
        let sent = underlay.next(|frame| vni(frame) == Some(identifier));
        assert!(sent.is_some(), "nothing left for {vm} with {identifier}");
    }
}

#[tokio::test]
async fn two_vnets_of_one_prefix_share_an_underlay() {
    let text = TWO_CUSTOMERS.replace("name: two-customers", "name: nettvxtwo");
    let lab = Lab::of("nettvxtwo", &text.replace("ecmp: flow", "ecmp: flow\n  fabric: vxlan"));
    build(&lab.plan).await.unwrap();
    assert_eq!(lab.plan.fabrics.len(), 1);
    // Both VNets' frames cross one bridge, told apart by their identifiers alone.
    let prefixes: Vec<_> = lab.plan.fabrics[0].underlay.iter().flat_map(|it| &it.vnis).collect();
    assert_eq!(prefixes.len(), 2);
    // Each host has its own VNet's device and no other: nothing of the other VNet has a way in.
    for (host, own, other) in [
        ("contoso-vm-host", "vxlan5001", "vxlan5002"),
        ("ERGW-FABRIKAM-host", "vxlan5002", "vxlan5001"),
    ] {
        let links = links(&lab.namespace(host));
        assert!(links.contains(own) && !links.contains(other), "{host}: {links}");
    }
    for vm in ["contoso-vm", "fabrikam-vm"] {
        assert!(answers(&lab.namespace(vm), "fd00:255:0:10::4"), "itself");
        assert!(!answers(&lab.namespace(vm), "10.255.0.4"), "no router runs");
    }
}

/// Waits for the first answer. A bridge opens a port when the kernel's link watch has told it that the
/// veth's other end is up, which may take the watch a second.
fn settled(namespace: &str, address: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !answers(namespace, address) {
        assert!(Instant::now() < deadline, "{namespace}: {address} never answers");
    }
}

/// Frames that the interfaces of a namespace receive and send.
struct Capture(Socket);

impl Capture {
    fn in_namespace(namespace: &str) -> Self {
        let open = || {
            let all = i32::from((libc::ETH_P_ALL as u16).to_be());
            let domain = Domain::from(libc::AF_PACKET);
            let socket = Socket::new(domain, Type::RAW, Some(Protocol::from(all))).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            socket
        };
        Self(in_namespace(namespace, open).unwrap())
    }

    /// The next frame that `wanted` wants, if it comes within a second.
    fn next(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let deadline = Instant::now() + Duration::from_secs(1);
        let mut buffer = [0; 2_048];
        while Instant::now() < deadline {
            match self.0.read(&mut buffer) {
                Ok(length) if wanted(&buffer[..length]) => return Some(buffer[..length].to_vec()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
        }
        None
    }
}

/// The network identifier of a frame of the underlay.
fn vni(frame: &[u8]) -> Option<u32> {
    let is_vxlan = frame.get(12..14)? == [8, 0] && frame.get(36..38)? == 4789_u16.to_be_bytes();
    let number = frame.get(46..49).filter(|_| is_vxlan)?;
    Some(number.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn mac(lab: &Lab, node: &str) -> [u8; 6] {
    lab.plan.node(node).unwrap().interfaces[0].mac.0
}

fn mac_text(lab: &Lab, node: &str) -> String {
    lab.plan.node(node).unwrap().interfaces[0].mac.to_string()
}

fn links(namespace: &str) -> String {
    run(namespace, "ip", &["-brief", "link"])
}

/// Runs a program in a namespace to its end.
fn run(namespace: &str, program: &str, arguments: &[&str]) -> String {
    let output = in_namespace(namespace, || Command::new(program).args(arguments).output());
    let output = output.unwrap().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
