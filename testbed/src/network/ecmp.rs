//! Repeatable equal-cost choices for `ecmp: lab`.
//!
//! A VM has two equal next hops, the MSEEs, and the kernel chooses by a hash of the flow. GNU
//! traceroute takes another source port on every run, so with the real 5-tuple the documented
//! outputs would come and go. Here the VM's kernel hashes without the source port
//! (`fib_multipath_hash_policy=3` and `fib_multipath_hash_fields=0x27`: addresses, protocol,
//! destination port), and `fib_multipath_hash_seed` (Linux 6.11) is searched until the flows of the
//! lab leave as documented. The routes themselves stay equal-cost: pinning them would be a fake.
//!
//! Three traps of the search:
//! - Traceroute counts the destination port up with every hop, so each hop's probes are a flow of
//!   their own. The first hop's is the one whose answer shows the MSEE.
//! - An unconnected UDP socket asks for its route *before* it has a source address: its flow is
//!   hashed with source 0.0.0.0, a bound socket's with its own. A seed must suit both.
//! - RTM_GETROUTE (`ip route get`) cannot be asked: under policy 3 it hashes a packet it makes up
//!   (`fib_multipath_custom_hash_skb`), whose result is mixed once more than that of a socket's
//!   flow. Seen on Linux 6.18: for one seed in two they disagree. So [`trial`] sends.

mod trial;

use std::net::{IpAddr, Ipv4Addr};

use futures::future::try_join_all;
use miette::Diagnostic;

use crate::topology::plan::{EcmpPin, Node, Plan};

use super::{
    connection::{ConnectError, NetlinkError},
    namespace::{self, NamespaceError},
    sysctl::{self, SysctlError},
};
use trial::Flow;

/// Custom fields (policy 3 of `fib_multipath_hash_policy`).
const HASH_POLICY: &str = "3";

/// Source and destination address, protocol, destination port (include/net/ip_fib.h).
const HASH_FIELDS: &str = "0x27";

const SEED: &str = "ipv4/fib_multipath_hash_seed";

/// A pin halves the seeds that suit, twice: five pins of one VM need a thousand tries on average. A
/// try takes some 5 µs.
const MOST_TRIES: u32 = 1 << 14;

/// Why a VM's choices could not be fixed.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum EcmpError {
    /// A namespace.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Namespace(#[from] NamespaceError),
    /// A namespace could not be opened for configuration.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Connect(#[from] ConnectError),
    /// A request for the trial's interfaces or routes.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Netlink(#[from] NetlinkError),
    /// A kernel setting.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sysctl(#[from] SysctlError),
    /// A socket of the trial.
    #[error("the search for a multipath hash seed failed ({call})")]
    Socket {
        /// The system call.
        call: &'static str,
        /// Its error.
        source: std::io::Error,
    },
}

/// Why a VM may choose another MSEE than documented. The lab works all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EcmpWarning {
    /// Older than Linux 6.11.
    #[error(
        "this kernel has no net.ipv4.fib_multipath_hash_seed (Linux 6.11): {vm} chooses an MSEE by \
         a hash nobody can steer, so traceroutes may show .4 and .5 the other way round"
    )]
    NoSeed {
        /// The VM.
        vm: String,
    },
    /// Too many wishes at once.
    #[error(
        "no hash seed among {tries} sends all {pins} flows of {vm} by the MSEE the lab names: \
         traceroutes may show .4 and .5 the other way round"
    )]
    NotFound {
        /// The VM.
        vm: String,
        /// Its pins.
        pins: usize,
        /// Seeds tried.
        tries: u32,
    },
}

/// Fixes the choices of every VM that has pins. The VMs need no routes yet; what they learn must
/// list the primary MSEE first.
pub async fn pin(plan: &Plan) -> Result<Vec<EcmpWarning>, EcmpError> {
    let vms = plan.vms().filter_map(|vm| {
        let pins: Vec<&EcmpPin> = plan.ecmp_pins.iter().filter(|pin| pin.vm == vm.name).collect();
        (!pins.is_empty()).then(|| pin_vm(vm, pins))
    });
    Ok(try_join_all(vms).await?.into_iter().flatten().collect())
}

async fn pin_vm(vm: &Node, pins: Vec<&EcmpPin>) -> Result<Option<EcmpWarning>, EcmpError> {
    let has_seed = namespace::in_namespace(&vm.namespace, || {
        hash_without_source_port().map(|()| sysctl::exists(SEED))
    })??;
    if !has_seed {
        return Ok(Some(EcmpWarning::NoSeed { vm: vm.name.clone() }));
    }
    let interface = vm.interfaces.first();
    let own = interface.into_iter().flat_map(|eth1| &eth1.addresses);
    let mut own = own.filter_map(|network| match network.ip() {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    });
    let own = own.next().unwrap_or(Ipv4Addr::UNSPECIFIED);
    let flows = pins.iter().flat_map(|pin| {
        [Ipv4Addr::UNSPECIFIED, own].map(|source| Flow {
            source,
            destination: pin.destination,
            path: pin.path,
        })
    });
    let Some(seed) = trial::search(own, flows.collect(), MOST_TRIES).await? else {
        let (vm, pins) = (vm.name.clone(), pins.len());
        return Ok(Some(EcmpWarning::NotFound { vm, pins, tries: MOST_TRIES }));
    };
    namespace::in_namespace(&vm.namespace, || sysctl::write(SEED, &seed.to_string()))??;
    Ok(None)
}

/// Sets what the calling thread's namespace hashes.
fn hash_without_source_port() -> Result<(), SysctlError> {
    sysctl::write("ipv4/fib_multipath_hash_fields", HASH_FIELDS)?;
    sysctl::write("ipv4/fib_multipath_hash_policy", HASH_POLICY)
}

#[cfg(test)]
mod tests;
