//! What a lab needs of the kernel, found out by trying it in a namespace that has no name and ends
//! with the probe.

use std::fs;

use rtnetlink::{LinkBridge, LinkVeth};
use socket2::{Domain, Socket, Type};

use super::{
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
    /// Whether no lab works without it.
    pub required: bool,
    /// What its absence costs.
    pub cost: &'static str,
    /// How to get it.
    pub cure: &'static str,
}

/// Tries every feature.
pub async fn features() -> Vec<Feature> {
    let probe = Connection::unnamed("a new namespace", || Ok::<(), ConnectError>(())).await;
    let (veth, bridge) = match &probe {
        Ok(probe) => {
            let veth = LinkVeth::new("probe0", "probe1").build();
            let veth = probe.netlink().link().add(veth).execute().await;
            let bridge = probe.netlink().link().add(LinkBridge::new("probe2").build());
            (veth.is_ok(), bridge.execute().await.is_ok())
        }
        Err(_) => (false, false),
    };
    let seed = probe.as_ref().is_ok_and(has_seed);
    let bpf = fs::read_to_string("/proc/filesystems");
    let bpf = bpf.is_ok_and(|list| list.lines().any(|line| line.ends_with("\tbpf")));
    vec![
        Feature {
            name: "network namespaces",
            present: probe.is_ok(),
            required: true,
            cost: "no lab: every node is a network namespace",
            cure: "run as root (CAP_SYS_ADMIN), on a kernel with CONFIG_NET_NS=y",
        },
        Feature {
            name: "veth",
            present: veth,
            required: true,
            cost: "no lab: every link is a veth pair",
            cure: "modprobe veth, or a kernel with CONFIG_VETH",
        },
        Feature {
            name: "bridge",
            present: bridge,
            required: true,
            cost: "no lab: a region's fabric is a bridge",
            cure: "modprobe bridge, or a kernel with CONFIG_BRIDGE",
        },
        Feature {
            name: "bpf file system",
            present: bpf,
            required: true,
            cost: "no MSEE: its programs and tables are pinned there",
            cure: "a kernel with CONFIG_BPF_SYSCALL=y",
        },
        Feature {
            name: "AF_XDP",
            present: xdp_socket(),
            required: true,
            cost: "no gateways and no ICMP from MSEEs: both read packets from AF_XDP sockets",
            cure: "a kernel with CONFIG_XDP_SOCKETS=y",
        },
        Feature {
            name: "multipath hash seed",
            present: seed,
            required: false,
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
