//! Scene 3: conn1 is deleted, and created again without FastPath.

use super::{
    check::Check,
    flows::{Fate, Flow},
    scene_create::{bypass_is, create_conn1},
    scene_unreachable::hub_and_spoke_are_unreachable,
    story::{Stop, Story},
    traceroutes,
};

const BYSTANDERS: [Flow; 2] =
    [Flow { from: "onprem-vm", to: "remote-vm" }, Flow { from: "remote-vm", to: "onprem-vm" }];

/// Deletes and re-creates conn1 under the traffic of those who do not use it.
pub(super) async fn tell(story: &mut Story, key: &str) -> Result<(), Stop> {
    story.scene(
        "3. conn1 without FastPath",
        "conn1 is deleted and created again without FastPath; the authorization's key is free again. \
         Traffic between on-prem and the remote VNet, which does not use conn1, must not notice.",
    )?;
    let mut bystanders = Vec::new();
    for flow in BYSTANDERS {
        bystanders.push((flow, flow.start(story, "1000", "6s")?));
    }
    story.needed(&["connection", "delete", "conn1"]).await?;
    hub_and_spoke_are_unreachable(story).await?;
    story.needed(&create_conn1(key, "false")).await?;
    bypass_is(story, "false").await?;

    story.explain("Meanwhile, on-prem and the remote VNet:")?;
    for (flow, background) in bystanders {
        let output = story.finish(background).await?;
        story.show_finished(&output)?;
        let fate = Fate::read(flow, &output);
        let claim = format!("{} lost nothing", flow.name());
        story.check(Check::new(claim, "0 lost, 0 duplicated", fate.sentence(), fate.is_whole()))?;
    }
    story.explain(
        "Without FastPath the way to the hub leads through its gateway: the * is there.",
    )?;
    traceroutes::run(story, &traceroutes::HUB_WITHOUT_FASTPATH).await
}
