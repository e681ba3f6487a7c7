mod ipv6;
mod mtu;
mod tags;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::topology::{parse, plan};

const FASTPATH: &str = include_str!("../../../../labs/fastpath.er.yml");
const TWO_CUSTOMERS: &str = include_str!("../../../../labs/two-customers.er.yml");

/// What the user sees after `from` became `to` in the lab's file.
fn message(from: &str, to: &str) -> String {
    message_in(FASTPATH, from, to)
}

fn message_in(file: &str, from: &str, to: &str) -> String {
    assert!(file.contains(from), "{from}");
    let text = file.replacen(from, to, 1);
    let error = match parse(&text, "lab.er.yml") {
        Err(error) => error,
        Ok(topology) => plan(&topology).unwrap_err(),
    };
    let mut rendered = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(200)
        .render_report(&mut rendered, &error)
        .unwrap();
    rendered
}

/// That the message has the three parts a user needs: what, where (the text under the caret), cure.
fn expect(from: &str, to: &str, what: &str, marked: &str, cure: &str) {
    expect_in(FASTPATH, from, to, what, marked, cure);
}

fn expect_in(file: &str, from: &str, to: &str, what: &str, marked: &str, cure: &str) {
    let message = message_in(file, from, to);
    assert!(message.contains(&format!("× {what}\n")), "{message}");
    assert!(message.contains(&format!("help: {cure}")) || cure.is_empty(), "{message}");
    let lines: Vec<&str> = message.lines().collect();
    let caret = lines.iter().position(|line| line.contains('┬')).expect("a caret");
    let start = lines[caret].chars().position(|c| c == '─' || c == '┬').unwrap();
    let under: String = lines[caret - 1].chars().skip(start).take(marked.len()).collect();
    assert_eq!(under, marked, "{message}");
}

#[test]
fn a_fabric_is_plain_or_vxlan_and_its_hosts_have_names_of_their_own() {
    let key = "expressroute:\n";
    let with = |value: &str| format!("expressroute:\n  fabric: {value}\n");
    expect(key, &with("vlan"), "unknown value `vlan`", "vlan", "did you mean `vxlan`?");
    expect(key, &with("nvgre"), "unknown value `nvgre`", "nvgre", "it is one of plain, vxlan");
    let taken = FASTPATH
        .replace("onprem-vm:", "Hub-VM-host:")
        .replace("onprem-vm:eth1", "Hub-VM-host:eth1");
    let what = "`Hub-VM-host` is the name of the host that `hub-vm` is on";
    expect_in(
        &taken,
        key,
        &with("vxlan"),
        what,
        "Hub-VM-host",
        "choose another name: with `fabric: vxlan`",
    );
}

#[test]
fn a_whole_message() {
    let expected = [
        "  × unknown value `hosts`",
        "    ╭─[lab.er.yml:18:24]",
        " 17 │     ce1:       { kind: onprem, daemon: builtin, asn: 65001, announce: [10.10.0.0/16, \
         172.16.1.0/30, 172.16.2.0/30] }",
        " 18 │     onprem-vm: { kind: hosts, ipv4: 10.10.10.4/24 }",
        "    ·                        ──┬──",
        "    ·                          ╰── here",
        " 19 │     msee-a:    { kind: msee, path: primary }",
        "    ╰────",
        "  help: did you mean `host`?",
        "",
    ];
    assert_eq!(message("kind: host,", "kind: hosts,"), expected.join("\n"));
}

#[test]
fn shapes() {
    let cure = "did you mean `peer_asn`?";
    expect("peer_asn", "per_asn", "unknown key `per_asn`", "per_asn", cure);
    let keys = "the keys here are kind, daemon, asn, announce, ipv4, ipv6, path";
    expect("path: primary", "colour: red", "unknown key `colour`", "colour", keys);
    let cure = "write `region:` in this block";
    let missing = message("region: hub-region,    cidr", "cidr");
    assert!(missing.contains("the key `region` is missing") && missing.contains(cure), "{missing}");
    let what = "`35min` is not a delay such as 500us, 35ms or 1s";
    expect("35ms", "35min", what, "35min", "");
    let what = "`1G` is not a bandwidth such as 50Mbps or 1Gbps";
    expect("1Gbps", "1G", what, "1G", "");
    for text in ["1500Kbps", "1.5Mbps", "0.5Tbps"] {
        let shown = text.parse::<crate::topology::Bandwidth>().unwrap();
        let what = format!("`{shown}` is not a whole number of Mbps that a circuit can have");
        expect("1Gbps", text, &what, text, "write 1Mbps to 400Gbps");
    }
    let with = |value: &str| format!("bandwidth: 1Gbps, source_validation: {value}");
    let refused = message("bandwidth: 1Gbps", &with("strict"));
    assert!(refused.contains("here"), "the line is shown: {refused}");
    let what = "`10.255.0/16` is not an IPv4 prefix such as 10.254.0.0/16";
    expect("10.255.0.0/16", "10.255.0/16", what, "10.255.0/16", "");
    let cure = "keep one of them";
    expect("    msee-b:", "    msee-a:", "`msee-a` is there twice", "msee-a", cure);
}

#[test]
fn names() {
    let cure = "use letters, digits, `-` and `_`";
    let what = "`fast.path` cannot be a name (lab)";
    expect("name: fastpath", "name: fast.path", what, "fast.path", cure);
    expect("name: fastpath", "name: bpf", "`bpf` cannot be a name (lab)", "bpf", "erlab keeps");
    let long = "a-name-that-is-longer-than-anybody-needs";
    let what = format!("`{long}` cannot be a name (VM)");
    expect("hub-vm:", &format!("{long}:"), &what, long, "use at most 32 characters");
    let what = "`fabric` cannot be a name (VM)";
    expect("hub-vm:", "fabric:", what, "fabric", "erlab keeps this name for itself");
    let cure = "nodes, VMs and gateways share one set of names";
    expect("hub-vm:", "CE1:", "the name `CE1` is taken already", "CE1", cure);
    let interface = "\"ce1:ethernet-number-2\"";
    let what = "`ethernet-number-2` cannot be a name (interface)";
    expect("\"ce1:eth2\"", interface, what, interface, "use at most 15 characters");
    let cure = "an MSEE's interfaces are named eth1 to eth999";
    let what = "`port1` cannot be a name (interface)";
    expect("msee-a:eth1", "msee-a:port1", what, "\"msee-a:port1\"", cure);
}

#[test]
fn nodes() {
    let what = "a node of kind `host` has no `path`";
    let node = "kind: host, path: primary,";
    expect("kind: host,", node, what, "primary", "remove `path:`");
    let what = "a node of kind `msee` needs `path`";
    expect("kind: msee, path: primary", "kind: msee", what, "msee-a", "write `path:` in the node");
    expect("path: secondary", "path: primary", "there is a primary MSEE already", "primary", "");
}

#[test]
fn links() {
    let end = |name: &str| format!("\"{name}\"");
    let what = "there is no node `ce2`";
    expect("\"ce1:eth1\"", &end("ce2:eth1"), what, "\"ce2:eth1\"", "did you mean `ce1`?");
    let what = "the interface `ce1:eth2` is used by another link already";
    expect("ce1:eth3", "ce1:eth2", what, "\"ce1:eth2\"", "give each link an interface");
    let what = "a link has two ends written `node:interface`";
    expect("\"ce1:eth1\"", &end("ce1"), what, "\"ce1\"", "for example endpoints:");
    let what = "there is no circuit `CIRCUIT`";
    let from = "circuit: CIRCUIT_EQUINIX, impair";
    expect(from, "circuit: CIRCUIT, impair", what, "CIRCUIT", "there are CIRCUIT_EQUINIX");
    let what = "a link to an MSEE needs `circuit:`";
    expect("circuit: CIRCUIT_EQUINIX, impair", "impair", what, "[", "a customer edge (onprem)");
    let second = r#"    - { endpoints: ["ce1:eth3", "msee-b:eth1"], circuit: CIRCUIT_EQUINIX, impair: { delay: 500us } }"#;
    let what = "circuit `CIRCUIT_EQUINIX` has no link to a secondary MSEE";
    expect(second, "", what, "CIRCUIT_EQUINIX:", "a circuit is two links");
    let third = format!("{second}\n{}", second.replace("eth", "eth1"));
    let what = "circuit `CIRCUIT_EQUINIX` has more than two links";
    expect(second, &third, what, "CIRCUIT_EQUINIX", "a circuit is two links");
    let what = "`10.10.10.1` belongs to ce1 (the first of the subnet) already";
    expect("10.10.10.4/24", "10.10.10.1/24", what, "10.10.10.1/24", "choose another address");
    let what = "`172.16.1.0/29` is not a /30";
    expect(
        "primary: 172.16.1.0/30",
        "primary: 172.16.1.0/29",
        what,
        "172.16.1.0/29",
        "write a /30",
    );
}

#[test]
fn vnets() {
    let what = "`10.255.1.0/16` has host bits set";
    expect("10.255.0.0/16", "10.255.1.0/16", what, "10.255.1.0/16", "write 10.255.0.0/16");
    let what = "`10.255.10.4` is not in the address space of VNet `spoke` `10.254.0.0/16`";
    expect("10.254.10.4", "10.255.10.4", what, "10.255.10.4", "choose one inside 10.254.0.0/16");
    let what = "`10.255.10.4` belongs to `hub-vm` already";
    let two = "10.255.10.4, hub-vm2: 10.255.10.4";
    let message = message("10.255.10.4", two);
    assert!(message.contains(what), "{message}");
    let what = "`10.255.0.4` belongs to the GatewaySubnet already";
    expect("10.255.10.4", "10.255.0.4", what, "10.255.0.4", "choose another address");
    let what = "`10.255.128.0/17` overlaps `10.255.0.0/16` of VNet `hub`";
    expect("10.254.0.0/16", "10.255.128.0/17", what, "10.255.128.0/17", "choose prefixes");
    let what = "`10.255.0.0/29` is not a GatewaySubnet of /28 or larger (Azure recommends /27)";
    expect("10.255.0.0/27", "10.255.0.0/29", what, "10.255.0.0/29", "write a GatewaySubnet");
    let what = "the VNet has no GatewaySubnet";
    expect("gateway_subnet: 10.255.0.0/27, ", "", what, "ERGW1", "a VNet with `gateway:`");
    let what = "there is no region `hub-regoin`";
    let cure = "did you mean `hub-region`?";
    expect("region: hub-region", "region: hub-regoin", what, "hub-regoin", cure);
}

#[test]
fn peerings_connections_and_tests() {
    let what = "there is no VNet `spoek`";
    expect("spoke: spoke", "spoke: spoek", what, "spoek", "did you mean `spoke`?");
    let what = "`remote` is in another region than the VNet it is peered with";
    expect("spoke: spoke", "spoke: remote", what, "remote", "give both the same region");
    let what = "there is no gateway `ERGW3`";
    expect("gateway: ERGW2", "gateway: ERGW3", what, "ERGW3", "did you mean `ERGW1`?");
    let what = "there is no circuit `CIRCUIT`";
    let from = "ERGW2, circuit: CIRCUIT_EQUINIX";
    expect(from, "ERGW2, circuit: CIRCUIT", what, "CIRCUIT", "there are CIRCUIT_EQUINIX");
    let what = "there is no node `ce2`";
    expect("from: ce1", "from: ce2", what, "ce2", "did you mean `ce1`?");
}
