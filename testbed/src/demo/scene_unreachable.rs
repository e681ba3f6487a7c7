//! Scene 1: only the remote VNet is connected.

use super::{
    check::Check,
    flows::Flow,
    hops,
    story::{Stop, Story},
};

/// What the kernel of a VM without a route says: ENETUNREACH.
const NO_ROUTE: &str = "Network is unreachable";

/// On-prem and the remote VNet reach each other; hub and spoke are out of reach for both.
pub(super) async fn tell(story: &mut Story) -> Result<(), Stop> {
    story.scene(
        "1. Before conn1",
        "conn2 joins the remote VNet's gateway to the circuit; nothing joins the hub's. So on-prem and \
         the remote VNet reach each other, and hub and spoke are reachable from neither.",
    )?;
    for flow in
        [Flow { from: "onprem-vm", to: "remote-vm" }, Flow { from: "remote-vm", to: "onprem-vm" }]
    {
        let fate = flow.run(story, "100", "1s").await?;
        let claim = format!("{} is reached", flow.name());
        let expected = "every packet arrives once";
        story.check(Check::new(claim, expected, fate.sentence(), fate.is_whole()))?;
    }
    hub_and_spoke_are_unreachable(story).await
}

/// Short traceroutes that must not arrive.
pub(super) async fn hub_and_spoke_are_unreachable(story: &mut Story) -> Result<(), Stop> {
    story.explain(
        "The MSEE has no route to hub and spoke and tells on-prem so; a VM of the remote VNet has not \
         even learned one.",
    )?;
    let probes = [
        ("ce1", "10.255.10.4"),
        ("ce1", "10.254.10.4"),
        ("remote-vm", "10.255.10.4"),
        ("remote-vm", "10.254.10.4"),
    ];
    for (from, to) in probes {
        let mut words = vec!["traceroute", from, to, "--max-hops", "3"];
        if from == "ce1" {
            words.extend(["--style", "ios"]);
        }
        let output = story.command(&words).await?;
        story.check(does_not_reach(from, to, &output.stdout, &output.stderr))?;
    }
    Ok(())
}

/// A traceroute that failed for another reason than a missing route shows nothing.
fn does_not_reach(from: &str, to: &str, stdout: &str, stderr: &str) -> Check {
    let hops = hops::read(stdout);
    let arrived = hops.iter().any(|hop| hop.address.is_some_and(|at| at.to_string() == to));
    let (seen, probed) = match hops.as_slice() {
        [] if stderr.contains(NO_ROUTE) => (NO_ROUTE.to_owned(), true),
        [] => ("no hop".to_owned(), false),
        hops => (hops::summary(hops), true),
    };
    let claim = format!("{from} does not reach {to}");
    Check::new(claim, "no hop answers from there", seen, probed && !arrived)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(stdout: &str, stderr: &str) -> bool {
        does_not_reach("ce1", "10.255.10.4", stdout, stderr).passed
    }

    #[test]
    fn only_a_probe_that_was_sent_or_has_no_route_shows_that_nothing_is_reached() {
        assert!(passes("  1 172.16.1.2 !N  *  !N\n", ""));
        assert!(passes("", "traceroute: sendto: Network is unreachable"));
        assert!(!passes("  1 172.16.1.2 1 msec\n  2 10.255.10.4 2 msec\n", ""));
        assert!(!passes("", ""));
        assert!(!passes("", "inetutils traceroute is not installed"));
    }
}
