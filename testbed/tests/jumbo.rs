//! Labs with `mtu:`: packets of 9,000 bytes and more that must not be cut cross links, regions and gateways, and
//! where a shorter link follows the MSEE says its MTU; on plain veth pairs, on wires, and in tags and
//! VXLAN.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::Lab;

/// One customer with links of 9,000 bytes and one without, a region of 9,000 bytes and one without.
const LAB: &str = r#"
name: jumbo

topology:
  nodes:
    ce1: { kind: onprem, asn: 65001, announce: [10.10.0.0/16, 172.16.1.0/30, 172.16.2.0/30, fd00:10:10::/48, fd00:172:16:1::/126, fd00:172:16:2::/126] }
    ce2: { kind: onprem, asn: 65002, announce: [172.16.3.0/30, 172.16.4.0/30, fd00:172:16:3::/126, fd00:172:16:4::/126] }
    pc: { kind: host, ipv4: 10.10.10.4/24, ipv6: fd00:10:10:10::4/64 }
    msee-a: { kind: msee, path: primary }
    msee-b: { kind: msee, path: secondary }
  links:
    - { endpoints: ["pc:eth1", "ce1:eth1"], mtu: 9000 }
    - { endpoints: ["ce1:eth2", "msee-a:eth1"], circuit: LONG, mtu: 9000, impair: { delay: 500us } }
    - { endpoints: ["ce1:eth3", "msee-b:eth1"], circuit: LONG, mtu: 9000, impair: { delay: 500us } }
    - { endpoints: ["ce2:eth2", "msee-a:eth2"], circuit: SHORT, impair: { delay: 500us } }
    - { endpoints: ["ce2:eth3", "msee-b:eth2"], circuit: SHORT, impair: { delay: 500us } }

expressroute:
  fabric: plain
  wires: on
  subscription: lab
  resource_group: JUMBO
  regions:
    long-region: { delay: 5ms, mtu: 9000 }
    short-region: { delay: 5ms }
  circuits:
    LONG:
      { primary: 172.16.1.0/30, secondary: 172.16.2.0/30, primary6: fd00:172:16:1::/126, secondary6: fd00:172:16:2::/126,
        peer_asn: 65001, bandwidth: 1Gbps }
    SHORT:
      { primary: 172.16.3.0/30, secondary: 172.16.4.0/30, primary6: fd00:172:16:3::/126, secondary6: fd00:172:16:4::/126,
        peer_asn: 65002, bandwidth: 1Gbps }
  vnets:
    hub:
      { region: long-region, cidr: 10.255.0.0/16, gateway_subnet: 10.255.0.0/27, cidr6: fd00:255::/48, gateway_subnet6: fd00:255::/64,
        gateway: { name: ERGW1, sku: ErGw3AZ }, vms: { hub-vm: [10.255.10.4, fd00:255:0:10::4] } }
    spoke:
      { region: long-region, cidr: 10.254.0.0/16, cidr6: fd00:254::/48, vms: { spoke-vm: [10.254.10.4, fd00:254:0:10::4] } }
    short:
      { region: short-region, cidr: 10.253.0.0/16, gateway_subnet: 10.253.0.0/27, cidr6: fd00:253::/48, gateway_subnet6: fd00:253::/64,
        gateway: { name: ERGW2, sku: ErGw3AZ }, vms: { short-vm: [10.253.10.4, fd00:253:0:10::4] } }
    short-spoke:
      { region: short-region, cidr: 10.252.0.0/16, cidr6: fd00:252::/48, vms: { short-spoke-vm: [10.252.10.4, fd00:252:0:10::4] } }
  peerings:
    - { hub: hub, spoke: spoke, gateway_transit: true }
    - { hub: short, spoke: short-spoke, gateway_transit: true }
  connections:
    long-hub: { gateway: ERGW1, circuit: LONG, fastpath: true }
    long-short: { gateway: ERGW2, circuit: LONG, fastpath: true }
    short-hub: { gateway: ERGW1, circuit: SHORT, fastpath: true }
"#;

/// By FastPath, and IPv6 by the gateway.
const HUB_VM: [&str; 2] = ["10.255.10.4", "fd00:255:0:10::4"];
/// By the gateway.
const SPOKE_VM: [&str; 2] = ["10.254.10.4", "fd00:254:0:10::4"];
/// The same in the region without `mtu:`.
const SHORT_VM: [&str; 2] = ["10.253.10.4", "fd00:253:0:10::4"];
/// By the gateway, in the region without `mtu:`.
const SHORT_SPOKE_VM: [&str; 2] = ["10.252.10.4", "fd00:252:0:10::4"];
/// The customer edge whose links have no `mtu:`.
const CE2: [&str; 2] = ["172.16.3.1", "fd00:172:16:3::1"];
/// The MSEEs as ce1 knows them, and as hub-vm does.
const MSEES_OF_CE1: [&str; 2] = ["172.16.1.2", "fd00:172:16:1::2"];
const MSEES_OF_HUB_VM: [[&str; 2]; 2] =
    [["10.255.0.4", "10.255.0.5"], ["fd00:255::4", "fd00:255::5"]];

#[test]
fn jumbo_packets_cross_a_lab_without_wires() {
    carries(&Lab::deploy_topology("jumboveth", &changed(&[("wires: on", "wires: off")])), 9_000);
}

#[test]
fn jumbo_packets_cross_a_lab_with_wires() {
    carries(&Lab::deploy_topology("jumbowire", LAB), 9_000);
}

#[test]
fn jumbo_packets_cross_tags_and_vxlan() {
    let tagged = "primary: 172.16.1.0/30, vlan: 100, stag: 20";
    let changes = [
        ("fabric: plain", "fabric: vxlan"),
        ("primary: 172.16.1.0/30", tagged),
        // The most that a tunnel carries.
        ("mtu: 9000", "mtu: 9174"),
    ];
    carries(&Lab::deploy_topology("jumbovx", &changed(&changes)), 9_174);
}

fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(LAB.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// That packets of `longest` bytes, the MTU of the long links and the long region, go where they fit.
fn carries(lab: &Lab, longest: usize) {
    for to in [HUB_VM, SPOKE_VM, SHORT_VM, SHORT_SPOKE_VM].into_iter().flatten() {
        lab.wait_for_ping("ce1", to, true);
    }
    for to in CE2 {
        lab.wait_for_ping("hub-vm", to, true);
    }

    // A frame that came before the first image, if any.
    let before = lab.losses();

    // The longest packet, and one that is a byte too long already where it begins.
    for from in ["ce1", "pc"] {
        // FastPath is for a hub's IPv4: the gateway hands over the others.
        for (to, vm, by_gateway) in [
            (HUB_VM[0], "hub-vm", 0),
            (HUB_VM[1], "hub-vm", 1),
            (SPOKE_VM[0], "spoke-vm", 1),
            (SPOKE_VM[1], "spoke-vm", 1),
        ] {
            let before = lab.gateway_packets("ERGW1", vm);
            let (answered, said) = ping(lab, from, to, longest);
            assert!(answered, "{from} -> {to}: {said}");
            let handed_over = lab.gateway_packets("ERGW1", vm) - before;
            assert_eq!(handed_over, by_gateway, "{from} -> {to}");
        }
    }
    let (answered, said) = ping(lab, "ce1", HUB_VM[0], longest + 1);
    assert!(!answered && said.contains(&format!("mtu={longest}")), "{said}");
    let (answered, said) = ping(lab, "spoke-vm", "10.10.10.4", longest);
    assert!(answered, "{said}");

    // A shorter link behind the MSEE, in both directions: it says which MTU, and that one passes.
    for to in [SHORT_VM, SHORT_SPOKE_VM] {
        for (to, msee) in to.into_iter().zip(MSEES_OF_CE1) {
            tells(lab, "ce1", to, &[msee]);
        }
    }
    for (to, msees) in CE2.into_iter().zip(MSEES_OF_HUB_VM) {
        tells(lab, "hub-vm", to, &msees);
    }

    assert_eq!(lab.losses(), before);
}

/// That one of `routers` says 1,500 to a packet of 9,000 bytes and of 1,501, and that 1,500 pass.
fn tells(lab: &Lab, from: &str, to: &str, routers: &[&str]) {
    for length in [9_000, 1_501] {
        // What it was told before is forgotten, or its own kernel would answer.
        for family in ["-4", "-6"] {
            lab.erlab(&["exec", from, "--", "ip", family, "route", "flush", "cache"]).succeeds();
        }
        let (answered, said) = ping(lab, from, to, length);
        let by_router = routers.iter().any(|router| said.contains(&format!("From {router} ")));
        let mtu = if to.contains(':') { "Packet too big: mtu=1500" } else { "(mtu = 1500)" };
        assert!(!answered && by_router && said.contains(mtu), "{from} -> {to}: {said}");
    }
    let (answered, said) = ping(lab, from, to, 1_500);
    assert!(answered, "{from} -> {to}: {said}");
}

/// Sends one echo request of `length` bytes, IP header included, that must not be cut; whether it was
/// answered, and what ping(8) said.
fn ping(lab: &Lab, from: &str, to: &str, length: usize) -> (bool, String) {
    let headers = if to.contains(':') { 48 } else { 28 };
    let data = (length - headers).to_string();
    let args = ["ping", "-n", "-M", "do", "-s", &data, "-c", "1", "-W", "2", to];
    let finished = lab.erlab(&[&["exec", from, "--"][..], &args].concat());
    (finished.output.status.success(), finished.stdout() + &finished.stderr())
}
