//! The command line.

use std::path::PathBuf;

/// One ExpressRoute gateway, from MSEEs to VMs.
///
/// Runs in the gateway's network namespace: attaches an XDP program to the gateway's fabric port and
/// forwards in userspace over AF_XDP. What it forwards comes from ercontrol; until the first state
/// arrives every packet is dropped as gw_no_state. It answers no ICMP: a traceroute shows `*` here.
///
/// Needs root, or CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW and CAP_PERFMON; it goes on with CAP_BPF
/// alone. SIGTERM or SIGINT ends it and leaves nothing
/// behind; after a kill -9 starting it again is enough. With --pins the XDP program stays when the
/// process is killed, and counts what the gateway then loses as gw_no_socket; the next start adopts
/// program, attachment and counters, or puts its own program in the place of another build's.
#[derive(Debug, clap::Parser)]
#[command(
    name = "ergw",
    version,
    after_help = "Example, as erlab starts it:\n  \
        ip netns exec fastpath-ERGW1 ergw --name ERGW1 --interface eth1 \\\n    \
        --control /run/erlab/fastpath/dataplane.sock --admin /run/erlab/fastpath/ERGW1.sock \\\n    \
        --pins /run/erlab/bpf/fastpath/ERGW1\n\n\
        Look inside:\n  \
        curl --unix-socket /run/erlab/fastpath/ERGW1.sock http://ergw/counters\n\n\
        Environment:\n  \
        RUST_LOG       log filter, e.g. `ergw=debug` (default `info`); the log goes to stderr\n  \
        ERLAB_BPF_DIR  take ergw.bpf.o from this directory instead of the embedded one"
)]
pub struct Arguments {
    /// Name of the gateway, as ercontrol knows it (ERGW1)
    #[arg(long)]
    pub name: String,

    /// Fabric port in this network namespace; needs native XDP (any veth has it)
    #[arg(long, default_value = "eth1")]
    pub interface: String,

    /// Unix socket of ercontrol to take the desired state from; reconnected for ever
    #[arg(long, value_name = "SOCKET")]
    pub control: PathBuf,

    /// Unix socket to serve GET /health, GET /counters and POST /inject on (HTTP, JSON); made and removed here.
    /// Root, its owner and its group may use it
    #[arg(long, value_name = "SOCKET")]
    pub admin: PathBuf,

    /// Directory on a bpffs for what shall outlive a kill: program, attachment and counters. Made
    /// here, taken over by the next start and removed by SIGTERM [default: nothing outlives it]
    #[arg(long, value_name = "DIR")]
    pub pins: Option<PathBuf>,

    /// Take over from an ergw of another ABI version, which is refused otherwise: its program is
    /// replaced without a gap, and its counters end with it
    #[arg(long, requires = "pins")]
    pub replace: bool,
}
