//! Where a peering wants it, a customer's packet with a source that he has not announced is dropped by
//! its name; elsewhere it passes. And a circuit's bandwidth is policed as the file says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use erlab::control::Client;
use harness::{CIRCUIT, FASTPATH_LAB, Lab};
use serde_json::{Value, json};

/// The VM of the lab's connection that exists from the start.
const VM: &str = "10.253.10.4";
/// Of nobody's announcement.
const SPOOFED: &str = "198.51.100.7";

#[test]
fn a_source_that_was_not_announced_is_dropped_where_the_peering_wants_it() {
    let key = "source_validation: on, bandwidth: 1Gbps";
    let lab = Lab::deploy_topology("spoof", &FASTPATH_LAB.replace("bandwidth: 1Gbps", key));
    lab.wait_for_ping("onprem-vm", VM, true);
    lab.erlab(&["exec", "onprem-vm", "--", "ip", "address", "add", SPOOFED, "dev", "lo"])
        .succeeds();
    let shown = lab.erlab(&["circuit", "show", CIRCUIT]).succeeds().stdout();
    assert!(shown.contains("erlabSourceValidation: true"), "{shown}");

    let before = lab.received_by("remote-vm");
    spoof(&lab);
    assert_eq!(dropped(&lab), 3);
    assert_eq!(lab.received_by("remote-vm"), before, "a spoofed packet came to the VM");
    assert!(lab.pings("onprem-vm", VM), "an honest one did not");

    // Off again, live: the same packets reach the VM, which has no way to answer them.
    validate(&lab, false);
    let before = lab.received_by("remote-vm");
    spoof(&lab);
    assert_eq!(dropped(&lab), 3, "dropped with the switch off");
    assert_eq!(lab.received_by("remote-vm") - before, 3);
    validate(&lab, true);
    spoof(&lab);
    assert_eq!(dropped(&lab), 6);
}

#[test]
fn a_circuit_has_the_bandwidth_of_the_file() {
    let slow = FASTPATH_LAB.replace("bandwidth: 1Gbps", "bandwidth: 1Mbps");
    let lab = Lab::deploy_topology("slowlink", &slow);
    lab.wait_for_ping("onprem-vm", VM, true);
    // 200 packets at once are 2.3 Mbit, a burst of which passes, and what a second lets through.
    let burst = ["ping", "-n", "-q", "-l", "200", "-c", "200", "-s", "1400", "-w", "3", VM];
    let pinged = lab.erlab(&[&["exec", "onprem-vm", "--"][..], &burst].concat()).stdout();
    let drops = lab.erlab(&["drops", "-f", "json"]).json();
    let policed = count(&drops, "policed_from_customer");
    assert!((50..200).contains(&policed), "{pinged}\n{drops:#}");
}

/// Sends three packets from an address that is not the customer's; nothing answers them.
fn spoof(lab: &Lab) {
    let ping = ["ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", "-I", SPOOFED, VM];
    let pinged = lab.erlab(&[&["exec", "onprem-vm", "--"][..], &ping].concat());
    assert!(!pinged.output.status.success(), "{}", pinged.stdout());
    assert!(pinged.stdout().contains("3 packets transmitted"), "{}", pinged.stdout());
}

fn dropped(lab: &Lab) -> u64 {
    count(&lab.erlab(&["drops", "-f", "json"]).json(), "source_not_valid")
}

/// Packets that ended so, at all nodes.
fn count(drops: &Value, verdict: &str) -> u64 {
    let rows = drops["rows"].as_array().unwrap().iter().filter(|row| row["verdict"] == verdict);
    rows.map(|row| row["count"].as_u64().unwrap()).sum()
}

/// Changes the switch through the API.
fn validate(lab: &Lab, on: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let peering = format!(
        "/subscriptions/lab-circuits/resourceGroups/RG_US_W2_ER/providers/Microsoft.Network\
         /expressRouteCircuits/{CIRCUIT}/peerings/AzurePrivatePeering"
    );
    runtime.block_on(async {
        let client = Client::connect(lab.directory().join("control.sock"));
        let mut body = client.get(&peering).await.unwrap();
        body["properties"]["erlabSourceValidation"] = json!(on);
        let answer = client.put(&peering, Some(body)).await.unwrap();
        assert_eq!(answer["properties"]["erlabSourceValidation"], on, "{answer:#}");
    });
}
