//! erlab: labs of the Azure ExpressRoute edge on one Linux box.
//!
//! `topology` reads the file and plans namespaces, links and addresses; `network` makes the plan
//! real; `lifecycle` deploys and destroys whole labs; `agent` keeps one running (wires, daemons, VM
//! routes); `control` talks to `ercontrol`; `traceroute` and `traffic` measure; `commands` is what
//! the user types and `demo` the lab's story.

pub mod agent;
pub mod commands;
pub mod control;
pub mod demo;
pub mod lifecycle;
pub mod network;
pub mod topology;
pub mod traceroute;
pub mod traffic;
pub mod wire;
