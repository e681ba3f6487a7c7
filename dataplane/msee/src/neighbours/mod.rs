//! Neighbours: the MAC addresses of next hops that the desired state leaves out, found when a packet
//! needs them and kept current.
//!
//! A packet whose next hop is not known is punted as `neighbour_unresolved` and waits in [`table`] while
//! somebody asks: on a fabric port msee itself, by ARP and Neighbour Discovery ([`solicitation`]), on a
//! circuit's link the kernel ([`kernel`]). The packets that waited go on from userspace, under the
//! rules of the fast path (`punt::forward`); what was learned goes into the next image ([`pace`]), and
//! later packets never leave the fast path.
//!
//! States are those of RFC 4861 7.3, for IPv4 too, with one difference. A router of that RFC confirms
//! a neighbour when a packet is about to be sent to it; here packets pass in XDP and nobody sees them.
//! So a neighbour is confirmed on a schedule whether or not it is in use, the unicast poll of
//! RFC 1122 2.3.2.1.
//!
//! | state | until | and then |
//! |---|---|---|
//! | `incomplete`: everybody is asked each second, packets wait | an answer | `reachable` |
//! | | it says unasked where it is | `stale` |
//! | | three questions without an answer | `failed` |
//! | `reachable` | 10 to 20 s | `probe` |
//! | | somebody says that it is elsewhere | `probe`, for 300 ms |
//! | `stale`: used, not confirmed | 5 s | `probe` |
//! | `probe`: used, and asked alone each second | an answer | `reachable` |
//! | | no answer, and somebody said that it is elsewhere | `stale` there |
//! | | three questions without an answer | forgotten |
//! | `failed`: packets are answered at once, nobody is asked | 3 s | forgotten |
//!
//! Of a neighbour that the kernel finds, the kernel says when it is `reachable`, `stale` or in `probe`;
//! a `stale` one is asked for at once, so that the kernel confirms it.
//!
//! An answer counts as one while we ask. Who is known is not moved by what somebody else says: where it
//! is known to be is asked first, once a second at most. While a port is so crowded that answers are
//! lost ([`crowd`]), nobody who is known is given up.
//!
//! What is declared is never learned, and nothing is believed that contradicts it.
//!
//! **Counting.** The fast path counts a packet as `neighbour_unresolved`, which is a punt and no end.
//! Userspace counts the end, once: `forwarded_ce`, `forwarded_direct`, `forwarded_gateway` or
//! `fragmented` when it was sent; what it was answered with when it was (`icmp_net_unreachable` for a
//! Host Unreachable: the two differ in code alone); `neighbour_queue_full` when there was no room to wait. So
//! over all punts, punted = sent + named losses + still waiting, and a packet waits 3 seconds at most
//! for each of at most two neighbours, and as many hosts where those are behind tunnels. ARP replies and advertisements end as `arp_ignored` and
//! `nd_ignored`, "asks for none of our addresses": something was learned from them, but nothing is
//! sent.

mod crowd;
mod entry;
mod event;
pub mod kernel;
pub mod pace;
pub mod solicitation;
mod store;
pub mod table;

pub use entry::State;
pub use event::{Action, Heard, Known, Report, Told};
pub use kernel::Follower;
pub use pace::Pace;
pub use store::{Limits, Packet};
pub use table::Table;
