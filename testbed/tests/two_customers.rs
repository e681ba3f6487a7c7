//! Two customers with equal addresses on one port of each MSEE: each reaches its own VM, in IPv4 and in
//! IPv6, and no packet crosses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::{Lab, account::Account, hops};

const VM: &str = "10.255.10.4";
const VM6: &str = "fd00:255:0:10::4";
const CUSTOMERS: [&str; 2] = ["contoso", "fabrikam"];

fn node(customer: &str, kind: &str) -> String {
    format!("{customer}-{kind}")
}

/// What a node's kernel has counted of packets that came to it or passed it. All of IPv4's; of IPv6's
/// the datagrams and what was forwarded, because the kernel adds listener reports of its own.
fn packets(lab: &Lab, node: &str) -> Vec<String> {
    let files = ["/proc/net/snmp", "/proc/net/snmp6"];
    let text = lab.erlab(&["exec", node, "--", "cat", files[0], files[1]]).succeeds().stdout();
    let counted = ["Ip:", "Udp:", "Udp6In", "Udp6NoPorts", "Ip6OutForwDatagrams"];
    let lines = text.lines().filter(|line| counted.iter().any(|name| line.starts_with(name)));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    assert!(lines.len() > 6, "{text}");
    lines
}

#[test]
fn each_customer_reaches_its_own_vm_and_never_the_others() {
    let lab = Lab::deploy_two_customers("twocust");
    for (customer, other) in [("contoso", "fabrikam"), ("fabrikam", "contoso")] {
        let (pc, vm) = (node(customer, "pc"), node(customer, "vm"));
        for (from, to) in [(&pc, VM), (&pc, VM6), (&vm, "10.10.10.4"), (&vm, "fd00:10:10:10::4")] {
            lab.wait_for_ping(from, to, true);
        }
        // One flow of each family, every packet of it, and none that anybody else got.
        let others = ["pc", "vm", "ce"].map(|kind| node(other, kind));
        let before = others.each_ref().map(|name| packets(&lab, name));
        for more in [&[][..], &["--ipv6"]] {
            let account = Account::open(&lab);
            let args = [&["traffic", &pc, &vm, "--pps", "1000", "--for", "3s", "-f", "json"], more];
            let report = lab.erlab(&args.concat()).json();
            assert_eq!(
                (&report["sent"], &report["lost"]),
                (&3_000.into(), &0.into()),
                "{report:#}"
            );
            account.close(&lab, &[report]);
        }
        let after = others.each_ref().map(|name| packets(&lab, name));
        assert_eq!(before, after, "packets of {customer} reached {other}");
    }
    // The provider's edge found every frame a place.
    let drops = lab.erlab(&["drops", "-f", "json"]).json();
    let rows = drops["rows"].as_array().unwrap();
    let losses: Vec<_> = rows.iter().filter(|row| row["severity"] == "loss").collect();
    assert!(losses.is_empty(), "{losses:#?}");
}

#[test]
fn fastpath_is_one_customers_ipv4_alone() {
    let lab = Lab::deploy_two_customers("twofast");
    for customer in CUSTOMERS {
        lab.wait_for_ping(&node(customer, "pc"), VM6, true);
    }
    for (customer, expected) in
        [("contoso", &["172.16.1.2", VM][..]), ("fabrikam", &["172.16.1.2", "*", VM])]
    {
        let ce = node(customer, "ce");
        let trace = lab.erlab(&["traceroute", &ce, VM, "-f", "json"]).json();
        assert_eq!(hops(&trace), expected, "{ce}");
    }
    // Of contoso's packets the gateway sees those of IPv6.
    let handed = || lab.gateway_packets("ERGW-CONTOSO", "contoso-vm");
    for (more, share) in [(&[][..], 0), (&["--ipv6"], 1_000)] {
        let before = handed();
        let account = Account::open(&lab);
        let args = [&["traffic", "contoso-pc", "contoso-vm", "--for", "1s", "-f", "json"], more];
        let report = lab.erlab(&args.concat()).json();
        assert_eq!(report["lost"], 0, "{report:#}");
        account.close(&lab, &[report]);
        assert_eq!(handed() - before, share, "{more:?}");
    }
}

#[test]
fn the_first_hop_answers_by_the_address_its_side_knows() {
    let lab = Lab::deploy_two_customers("twohops");
    for customer in CUSTOMERS {
        lab.wait_for_ping(&node(customer, "pc"), VM6, true);
        let ce = node(customer, "ce");
        let vm = node(customer, "vm");
        // A hop limit of one ends at the MSEE.
        for (from, to, by) in [
            (&ce, VM6, &["fd00:172:16:1::2"][..]),
            (&vm, "fd00:10:10:10::4", &["fd00:255::4", "fd00:255::5"]),
        ] {
            let ping =
                ["exec", from, "--", "ping", "-6", "-n", "-c", "1", "-W", "1", "-t", "1", to];
            let text = lab.erlab(&ping).stdout();
            assert!(by.iter().any(|by| text.contains(&format!("From {by} "))), "{from}: {text}");
            assert!(text.contains("Hop limit"), "{from}: {text}");
        }
        assert!(lab.pings(&ce, "fd00:172:16:1::2"), "the MSEE itself answers {ce}");
        assert!(lab.pings(&ce, "172.16.1.2"), "the MSEE itself answers {ce}");
    }
}

#[test]
fn what_a_provider_takes_from_one_stays_with_the_other() {
    let lab = Lab::deploy_two_customers("twoprov");
    for customer in CUSTOMERS {
        lab.wait_for_ping(&node(customer, "pc"), VM, true);
    }
    lab.erlab(&["circuit", "deprovision", "CONTOSO"]).succeeds();
    for to in [VM, VM6] {
        assert!(!lab.pings("contoso-pc", to), "contoso reaches {to} by no circuit");
        assert!(lab.pings("fabrikam-pc", to), "fabrikam has lost {to}");
    }
    // Its tags come back with it.
    lab.erlab(&["circuit", "provision", "CONTOSO"]).succeeds();
    let shown = lab.erlab(&["circuit", "show", "CONTOSO", "-f", "json"]).json();
    assert_eq!(shown["properties"]["stag"], 20, "{shown:#}");
    assert_eq!(shown["properties"]["peerings"][0]["properties"]["vlanId"], 100, "{shown:#}");
    for to in [VM, VM6] {
        lab.wait_for_ping("contoso-pc", to, true);
    }
}
