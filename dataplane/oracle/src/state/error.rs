//! States that cannot be judged by.

use ipnetwork::IpNetwork;

use crate::port::PortKind;

/// A state that says nothing definite.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The state names a port that is not among the given ones.
    #[error("no {kind:?} port is named `{name}`")]
    NoPort {
        /// Its name in the state.
        name: String,
        /// What the state takes it for.
        kind: PortKind,
    },
    /// A port or VNet refers to a table that is not there.
    #[error("no VRF is named `{name}`")]
    NoVrf {
        /// Its name in the state.
        name: String,
    },
    /// Two ports would take the same frames.
    #[error("port `{name}` has the interface and tags of another")]
    SameTags {
        /// The later of the two.
        name: String,
    },
    /// One prefix has two meanings.
    #[error("{prefix} is twice in `{place}`")]
    SamePrefix {
        /// The prefix.
        prefix: IpNetwork,
        /// The VRF or the fabric port.
        place: String,
    },
    /// A next hop behind a host that is not there.
    #[error("no host of `{port}` is named `{name}`")]
    NoHost {
        /// Name of the fabric port.
        port: String,
        /// Name of the host.
        name: String,
    },
    /// A VNet or a next hop in a tunnel on a fabric without, or the other way round, or in one of a
    /// network identifier that cannot be.
    #[error("`{name}` on `{port}` is to be in a tunnel, and the other is not")]
    Tunnel {
        /// Name of the fabric port.
        port: String,
        /// The VNet, or the VM or gateway.
        name: String,
    },
    /// A gateway without instances.
    #[error("gateway `{gateway}` has no instance")]
    NoInstance {
        /// Its name.
        gateway: String,
    },
}
