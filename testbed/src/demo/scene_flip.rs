//! Scene 4: FastPath goes on, off and on again under live traffic.

use std::time::Duration;

use super::{
    check::Check,
    flows::{Fate, Flow},
    scene_create::bypass_is,
    share::Sample,
    story::{Background, Stop, Story},
    traceroutes,
};
use crate::commands::{table, thousands};

/// Continual traffic to hub and spoke, from the remote VNet and from on-prem.
const FLOWS: [Flow; 4] = [
    Flow { from: "remote-vm", to: "hub-vm" },
    Flow { from: "onprem-vm", to: "hub-vm" },
    Flow { from: "remote-vm", to: "spoke-vm" },
    Flow { from: "onprem-vm", to: "spoke-vm" },
];

/// The switch in each phase; the first is how scene 3 left it.
const PHASES: [&str; 4] = ["off", "on", "off", "on"];

/// How long each phase is measured.
const MEASURED: Duration = Duration::from_millis(2_500);

/// What is on its way when the switch is thrown (35 ms of wire) belongs to neither phase.
const SETTLING: Duration = Duration::from_millis(300);

/// How long the traffic lasts: all phases and the commands between them, with room.
const TRAFFIC: &str = "18s";

/// A share that counts as all or nothing, in percent: on a busy machine a few packets pass between
/// reading the gateway's counter and the VM's.
const ALL: f64 = 98.0;
const NOTHING: f64 = 2.0;

/// Shares of the packets for hub and spoke that passed ERGW1 in one phase, in percent.
struct Phase {
    hub: Option<f64>,
    spoke: Option<f64>,
}

/// Throws the switch under traffic.
pub(super) async fn tell(story: &mut Story) -> Result<(), Stop> {
    story.scene(
        "4. FastPath on, off, on, under traffic",
        "Four flows of 1,000 packets a second run while FastPath is enabled on the existing connection, \
         disabled, and enabled again. Each packet carries a number, so the receiver knows which are \
         missing or doubled. The gateway counts what it delivers to each VM: with FastPath its share \
         of the hub's packets falls to nothing, and the spoke's packets stay on it.",
    )?;
    let mut running = Vec::new();
    for flow in FLOWS {
        running.push((flow, flow.start(story, "1000", TRAFFIC)?));
    }
    story.pause(Duration::from_millis(700)).await?;
    let mut phases = vec![measure(story).await?];
    for switch in PHASES.iter().skip(1) {
        let bypass = if *switch == "on" { "true" } else { "false" };
        let words = ["connection", "update", "conn1", "--express-route-gateway-bypass", bypass];
        story.needed(&words).await?;
        phases.push(measure(story).await?);
    }
    report(story, running, &phases).await?;

    story.explain("And the lab's five traceroutes again: the same as in scene 2.")?;
    bypass_is(story, "true").await?;
    traceroutes::run(story, &traceroutes::WITH_FASTPATH).await?;

    losses(story).await
}

/// Whatever did not arrive, in the whole story, has a name.
async fn losses(story: &mut Story) -> Result<(), Stop> {
    story.explain(
        "Every packet that did not arrive ended at a named verdict. In the whole story these are the \
         probes of the traceroutes: answered by an MSEE, or swallowed by a gateway.",
    )?;
    let output = story.command(&["drops"]).await?;
    let seen = losses_seen(output.status.success(), &output.stdout);
    story.check(Check::same("losses that are no probe of a traceroute", "none", seen))
}

/// What `erlab drops` showed. It fails when a counter could not be read: nobody knows then.
fn losses_seen(succeeded: bool, text: &str) -> String {
    match unexplained(text).as_slice() {
        [] if !succeeded => "not every counter could be read".to_owned(),
        [] => "none".to_owned(),
        verdicts => verdicts.join(", "),
    }
}

/// Verdicts of severity `loss` in what `erlab drops` printed.
fn unexplained(text: &str) -> Vec<String> {
    let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter_map(|row| match row.as_slice() {
        [node, _, verdict, "loss", ..] => Some(format!("{node} {verdict}")),
        _ => None,
    })
    .collect()
}

async fn measure(story: &mut Story) -> Result<Phase, Stop> {
    story.pause(SETTLING).await?;
    let lab = story.lab()?;
    let hub = Sample::take(&lab, "ERGW1", "hub-vm").await?;
    let spoke = Sample::take(&lab, "ERGW1", "spoke-vm").await?;
    story.pause(MEASURED).await?;
    Ok(Phase {
        hub: Sample::take(&lab, "ERGW1", "hub-vm").await?.share_since(hub),
        spoke: Sample::take(&lab, "ERGW1", "spoke-vm").await?.share_since(spoke),
    })
}

async fn report(
    story: &mut Story,
    running: Vec<(Flow, Background)>,
    phases: &[Phase],
) -> Result<(), Stop> {
    let mut fates = Vec::new();
    for (flow, background) in running {
        fates.push((flow, Fate::read(flow, &story.finish(background).await?)));
    }
    story.explain("What became of each flow, and which share of it passed ERGW1 in each phase:")?;
    story.show(&render(&fates, phases))?;
    for (flow, fate) in &fates {
        let claim = format!("{} lost nothing", flow.name());
        story.check(Check::new(claim, "0 lost, 0 duplicated", fate.sentence(), fate.is_whole()))?;
    }
    for (phase, switch) in phases.iter().zip(PHASES) {
        let claim = format!("FastPath {switch}: hub's packets through ERGW1");
        story.check(share_check(claim, phase.hub, switch == "off"))?;
        let claim = format!("FastPath {switch}: spoke's packets through ERGW1");
        story.check(share_check(claim, phase.spoke, true))?;
    }
    Ok(())
}

fn share_check(claim: String, share: Option<f64>, all: bool) -> Check {
    let passed = share.is_some_and(|share| if all { share >= ALL } else { share <= NOTHING });
    Check::new(claim, if all { "100 %" } else { "0 %" }, percent(share), passed)
}

fn render(fates: &[(Flow, Fate)], phases: &[Phase]) -> String {
    let mut header = vec!["FLOW", "SENT", "LOST", "DUPL.", "REORD."];
    let shares: Vec<String> = PHASES.iter().map(|switch| format!("GW {switch}")).collect();
    header.extend(shares.iter().map(String::as_str));
    table(
        &header,
        fates.iter().map(|(flow, fate)| {
            let mut row = vec![
                flow.name(),
                thousands(fate.sent),
                fate.lost.to_string(),
                fate.duplicated.to_string(),
                fate.reordered.to_string(),
            ];
            row.extend(
                phases.iter().map(|phase| {
                    percent(if flow.to == "hub-vm" { phase.hub } else { phase.spoke })
                }),
            );
            row
        }),
    )
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.0} %"))
}

#[cfg(test)]
mod tests;
