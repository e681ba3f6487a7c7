//! FastPath needs its gateway in the control plane: both instances down withdraw hub and spoke; one
//! down does not touch FastPath.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod harness;

use harness::{Lab, account::Account};

#[test]
fn one_instance_down_leaves_fastpath_both_down_withdraw_its_vnets() {
    let lab = Lab::deploy("gwfail");
    lab.create_conn1(true);
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);

    let account = Account::open(&lab);
    let traffic = lab.start_traffic("onprem-vm", "hub-vm", "1000", "4s");
    lab.erlab(&["gateway", "fail", "ERGW1", "--instance", "0"]).succeeds();
    let report = traffic.finish().json();
    assert_eq!(report["lost"], 0, "one instance down touched FastPath: {report:#}");
    account.close(&lab, &[report]);
    lab.wait_for_ping("onprem-vm", "10.254.10.4", true);

    lab.erlab(&["gateway", "fail", "ERGW1", "--instance", "1"]).succeeds();
    for to in ["10.255.10.4", "10.254.10.4"] {
        for from in ["onprem-vm", "remote-vm"] {
            assert!(!lab.pings(from, to), "{from} reaches {to} with both instances down");
        }
    }
    assert!(lab.pings("onprem-vm", "10.253.10.4"), "another gateway's VNet was withdrawn too");

    lab.erlab(&["gateway", "restore", "ERGW1"]).succeeds();
    lab.wait_for_ping("onprem-vm", "10.255.10.4", true);
    lab.wait_for_ping("remote-vm", "10.254.10.4", true);
}

#[test]
fn a_deprovisioned_circuit_carries_nothing_until_it_is_provisioned_again() {
    let lab = Lab::deploy("deprov");
    lab.wait_for_ping("onprem-vm", "10.253.10.4", true);
    lab.erlab(&["circuit", "deprovision", harness::CIRCUIT]).succeeds();
    assert!(!lab.pings("onprem-vm", "10.253.10.4"));
    lab.erlab(&["circuit", "provision", harness::CIRCUIT]).succeeds();
    lab.wait_for_ping("onprem-vm", "10.253.10.4", true);
}
