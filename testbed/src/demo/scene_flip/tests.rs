use super::*;

#[test]
fn the_table_has_each_flow_with_its_destinations_shares() {
    let fate = Fate { sent: 18_000, received: 18_000, ..Fate::default() };
    let phase = |hub| Phase { hub: Some(hub), spoke: Some(100.0) };
    let text = render(
        &[(FLOWS[0], fate.clone()), (FLOWS[2], fate)],
        &[phase(100.0), phase(0.0), phase(100.0), phase(0.0)],
    );
    assert_eq!(
        text,
        "\
FLOW                SENT    LOST  DUPL.  REORD.  GW off  GW on  GW off  GW on
remote-vm>hub-vm    18,000  0     0      0       100 %   0 %    100 %   0 %
remote-vm>spoke-vm  18,000  0     0      0       100 %   100 %  100 %   100 %
"
    );
}

#[test]
fn a_share_that_was_not_measured_passes_no_check() {
    assert!(!share_check(String::new(), None, true).passed);
    assert!(!share_check(String::new(), None, false).passed);
    assert!(share_check(String::new(), Some(99.5), true).passed);
    assert!(!share_check(String::new(), Some(50.0), true).passed);
    assert!(share_check(String::new(), Some(0.1), false).passed);
    assert!(!share_check(String::new(), Some(3.0), false).passed);
}

#[test]
fn only_unexplained_losses_are_named() {
    let text = "\
NODE    STAGE   VERDICT                SEVERITY  COUNT  MEANING
msee-a  icmp    icmp_net_unreachable   expected  12     Answered with Net or Host Unreachable.
ERGW1   gw_ttl  gw_ttl_expired_silent  expected  18     Gateway: the TTL ends here; a gateway
                                                        answers no ICMP (the * of the traceroute).
msee-b  kernel  kernel_ring_full       loss      3      The receive ring of a veth was full.
";
    assert_eq!(unexplained(text), ["msee-b kernel_ring_full"]);
    assert_eq!(losses_seen(true, text), "msee-b kernel_ring_full");
    assert_eq!(losses_seen(true, ""), "none");
    assert_eq!(losses_seen(false, ""), "not every counter could be read");
}
