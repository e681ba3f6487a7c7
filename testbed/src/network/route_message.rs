//! Route messages of either family.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use rtnetlink::RouteMessageBuilder;

/// A route to `prefix`.
pub(super) fn to(prefix: IpNetwork) -> RouteMessageBuilder<IpAddr> {
    let message = RouteMessageBuilder::<IpAddr>::new();
    // Family and length are the prefix's own: the builder takes them.
    message.destination_prefix(prefix.network(), prefix.prefix()).unwrap_or_default()
}

/// The same by a next hop of its family. One of another makes a message that the kernel refuses.
pub(super) fn by(
    message: RouteMessageBuilder<IpAddr>,
    gateway: IpAddr,
) -> RouteMessageBuilder<IpAddr> {
    message.gateway(gateway).unwrap_or_default()
}
