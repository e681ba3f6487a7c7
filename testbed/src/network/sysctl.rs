//! Kernel settings of a node's namespace.
//!
//! Written before the first interface exists, so that `conf/default` reaches all of them. Settings
//! that this kernel does not have, or has only once for the whole machine, are not in the
//! namespace's `/proc/sys` and are passed over: the host's own are never written.

use std::{fs, io};

use miette::Diagnostic;

/// A setting that could not be written.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("cannot write {value} to {path}")]
pub struct SysctlError {
    /// The file.
    pub path: String,
    /// The value.
    pub value: String,
    /// The write(2) error.
    pub source: io::Error,
}

/// What a namespace is for, as far as its settings go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Hosts, VMs, gateways, bridges and wires.
    Plain,
    /// The kernel forwards.
    CustomerEdge,
    /// Only the `cpu` veths belong to the kernel.
    Msee,
}

const EVERYWHERE: [(&str, &str); 21] = [
    // An interface gets IPv6 with its address, and of itself sends nothing: no solicitation, no
    // link-local address, no wait for duplicates of the others.
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
    ("ipv6/conf/default/addr_gen_mode", "1"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/all/accept_dad", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/accept_redirects", "0"),
    // Equal next hops share flows by the 5-tuple; the kernel's default is the addresses alone.
    ("ipv4/fib_multipath_hash_policy", "1"),
    ("ipv6/fib_multipath_hash_policy", "1"),
    // Answer for an address only on its own interface: an MSEE's `cpu1` address is not `eth1`'s.
    ("ipv4/conf/all/arp_ignore", "1"),
    ("ipv4/conf/all/arp_announce", "2"),
    // FastPath's way back is not its way there.
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
    ("ipv4/conf/all/accept_redirects", "0"),
    // Without these the third traceroute in a row shows a `*` that is not the gateway.
    ("ipv4/icmp_ratelimit", "0"),
    ("ipv4/icmp_msgs_per_sec", "1000000"),
    ("ipv4/icmp_msgs_burst", "100000"),
    ("ipv6/icmp/ratelimit", "0"),
    // ping without CAP_NET_RAW.
    ("ipv4/ping_group_range", "0 2147483647"),
    ("core/optmem_max", "1048576"),
];

/// Writes the settings of `role` for the calling thread's namespace.
pub(super) fn apply(role: Role) -> Result<(), SysctlError> {
    for (name, value) in EVERYWHERE {
        write(name, value)?;
    }
    // On an MSEE a packet that XDP lets pass on `ethN` came by an interface that has no address, so
    // strict filtering (RFC 3704) drops it before the kernel can answer it by `cpuN`.
    write("ipv4/conf/default/rp_filter", if role == Role::Msee { "1" } else { "0" })?;
    let forward = if role == Role::CustomerEdge { "1" } else { "0" };
    write("ipv4/ip_forward", forward)?;
    write("ipv6/conf/all/forwarding", forward)
}

/// Whether the calling thread's namespace has the setting.
pub(super) fn exists(name: &str) -> bool {
    fs::exists(path(name)).unwrap_or_default()
}

/// Writes a setting of the calling thread's namespace; one that does not exist is passed over.
pub(super) fn write(name: &str, value: &str) -> Result<(), SysctlError> {
    let path = path(name);
    match fs::write(&path, value) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(SysctlError { path, value: value.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The file of a setting.
fn path(name: &str) -> String {
    format!("/proc/sys/net/{name}")
}
