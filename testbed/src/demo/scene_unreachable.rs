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
        let hops = hops::read(&output.stdout);
        let arrived = hops.iter().any(|hop| hop.address.is_some_and(|at| at.to_string() == to));
        let seen = match hops.as_slice() {
            [] if output.stderr.contains(NO_ROUTE) => NO_ROUTE.to_owned(),
            [] => "no hop".to_owned(),
            hops => hops::summary(hops),
        };
        story.check(Check::new(
            format!("{from} does not reach {to}"),
            "no hop answers from there",
            seen,
            !arrived,
        ))?;
    }
    Ok(())
}
