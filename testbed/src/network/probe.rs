//! What a lab needs of the kernel, found out by trying it in a namespace that has no name and ends
//! with the probe.

use std::fs;

use rtnetlink::{LinkBridge, LinkVeth, LinkVxlan};
use socket2::{Domain, Socket, Type};

use crate::topology::plan::Plan;

use super::{
    configure,
    connection::{ConnectError, Connection},
    namespace, sysctl,
};

/// Something of the kernel that labs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it is.
    pub name: &'static str,
    /// Whether it is there.
    pub present: bool,
    /// Which labs do not work without it.
    pub required: Required,
    /// What its absence costs.
    pub cost: &'static str,
    /// How to get it.
    pub cure: &'static str,
}

/// Which labs need a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// All of them.
    Always,
    /// Those with `fabric: vxlan`.
    Vxlan,
    /// None: something is not as good without it.
    Never,
}

impl Feature {
    /// Whether a lab of this plan cannot be without the feature, and is.
    pub fn is_missed_by(&self, plan: &Plan) -> bool {
        let needed = match self.required {
            Required::Always => true,
            Required::Vxlan => plan.fabrics.iter().any(|fabric| fabric.underlay.is_some()),
            Required::Never => false,
        };
        needed && !self.present
    }
}

/// Tries every feature.
pub async fn features() -> Vec<Feature> {
    let probe = Connection::unnamed("a new namespace", || Ok::<(), ConnectError>(())).await;
    let (veth, bridge, vxlan) = match &probe {
        Ok(probe) => {
            let veth = LinkVeth::new("probe0", "probe1").build();
            let veth = probe.netlink().link().add(veth).execute().await;
            let bridge = probe.netlink().link().add(LinkBridge::new("probe2").build());
            let bridge = bridge.execute().await;
            let vxlan = LinkVxlan::new("probe3", 1).port(configure::VXLAN_PORT).build();
            let vxlan = probe.netlink().link().add(vxlan).execute().await;
            (veth.is_ok(), bridge.is_ok(), vxlan.is_ok())
        }
        Err(_) => (false, false, false),
    };
    let seed = probe.as_ref().is_ok_and(has_seed);
    let bpf = fs::read_to_string("/proc/filesystems");
    let bpf = bpf.is_ok_and(|list| list.lines().any(|line| line.ends_with("\tbpf")));
    vec![
        Feature {
            name: "network namespaces",
            present: probe.is_ok(),
            required: Required::Always,
            cost: "no lab: every node is a network namespace",
            cure: "run as root (CAP_SYS_ADMIN), on a kernel with CONFIG_NET_NS=y",
        },
        Feature {
            name: "veth",
            present: veth,
            required: Required::Always,
            cost: "no lab: every link is a veth pair",
            cure: "modprobe veth, or a kernel with CONFIG_VETH",
        },
        Feature {
            name: "bridge",
            present: bridge,
            required: Required::Always,
            cost: "no lab: a region's fabric is a bridge",
            cure: "modprobe bridge, or a kernel with CONFIG_BRIDGE",
        },
        Feature {
            name: "vxlan",
            present: vxlan,
            required: Required::Vxlan,
            cost: "no lab with `fabric: vxlan`: its hosts are tunnel endpoints of the kernel",
            cure: "modprobe vxlan, a kernel with CONFIG_VXLAN, or `fabric: plain`, the default",
        },
        Feature {
            name: "bpf file system",
            present: bpf,
            required: Required::Always,
            cost: "no MSEE: its programs and tables are pinned there",
            cure: "a kernel with CONFIG_BPF_SYSCALL=y",
        },
        Feature {
            name: "AF_XDP",
            present: xdp_socket(),
            required: Required::Always,
            cost: "no gateways and no ICMP from MSEEs: both read packets from AF_XDP sockets",
            cure: "a kernel with CONFIG_XDP_SOCKETS=y",
        },
        Feature {
            name: "multipath hash seed",
            present: seed,
            required: Required::Never,
            cost: "`ecmp: lab` cannot choose: traceroutes may show .4 and .5 the other way round",
            cure: "Linux 6.11 or newer",
        },
    ]
}

/// Whether a new namespace has the seed. Asked from inside: the host's may be hidden.
fn has_seed(probe: &Connection) -> bool {
    let inside = namespace::on_thread(probe.name(), || {
        namespace::enter_file(probe.name(), probe.file())?;
        Ok::<_, namespace::NamespaceError>(sysctl::exists("ipv4/fib_multipath_hash_seed"))
    });
    matches!(inside, Ok(Ok(true)))
}

fn xdp_socket() -> bool {
    Socket::new(Domain::from(libc::AF_XDP), Type::RAW, None).is_ok()
}
