//! Scene 2: conn1 is created with FastPath.

use super::{
    check::Check,
    story::{Stop, Story},
    traceroutes,
};

/// Creates the authorization and conn1, shows the traceroutes; returns the authorization's key.
pub(super) async fn tell(story: &mut Story) -> Result<String, Stop> {
    story.scene(
        "2. conn1 with FastPath",
        "The circuit belongs to another subscription than the gateway, so its owner creates an \
         authorization, and its key goes into the connection. FastPath is a property of the connection: \
         expressRouteGatewayBypass.",
    )?;
    let created =
        story.needed(&["authorization", "create", "auth1", "--circuit", "CIRCUIT_EQUINIX"]).await?;
    let key = value_of(&created.stdout, "authorizationKey").unwrap_or_default().to_owned();
    story.needed(&create_conn1(&key, "true")).await?;
    bypass_is(story, "true").await?;

    story.explain(
        "The five traceroutes of the lab. Between remote and hub there is one hop, the MSEE, since the \
         MSEE sends straight to the VM. The spoke is not in FastPath: its packets pass ERGW1, which \
         takes a TTL and answers nothing.",
    )?;
    traceroutes::run(story, &traceroutes::WITH_FASTPATH).await?;
    story.explain(
        "Outbound, a VM sends to the MSEE directly, with or without FastPath: its own gateway is not on \
         the way.",
    )?;
    traceroutes::run(story, &traceroutes::OUTBOUND).await?;
    Ok(key)
}

/// The command that creates conn1.
pub(super) fn create_conn1<'a>(key: &'a str, bypass: &'a str) -> Vec<&'a str> {
    vec![
        "connection",
        "create",
        "conn1",
        "--gateway",
        "ERGW1",
        "--circuit",
        "CIRCUIT_EQUINIX",
        "--authorization-key",
        key,
        "--express-route-gateway-bypass",
        bypass,
    ]
}

/// Validates FastPath as the lab does: by the connection's property.
pub(super) async fn bypass_is(story: &mut Story, bypass: &str) -> Result<(), Stop> {
    let shown = story.command(&["connection", "show", "conn1"]).await?;
    let seen = value_of(&shown.stdout, "expressRouteGatewayBypass").unwrap_or("nothing");
    story.check(Check::same("expressRouteGatewayBypass", bypass, seen))
}

/// The value of a `key: value` line.
fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}

#[cfg(test)]
mod tests;
