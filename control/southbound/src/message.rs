//! The messages of the stream.

use desired::{Revision, State};
use serde::{Deserialize, Serialize};

/// Version of the stream; a peer of another version is refused, both versions named.
pub const PROTOCOL: u32 = 1;

/// What kind of state a dataplane applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataplaneKind {
    /// An MSEE router.
    Msee,
    /// An ExpressRoute gateway.
    Ergw,
    /// The agent that keeps the VMs' effective routes.
    Host,
}

impl std::fmt::Display for DataplaneKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Msee => "msee",
            Self::Ergw => "ergw",
            Self::Host => "host",
        })
    }
}

/// From a dataplane to `ercontrol`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "lowercase")]
pub enum FromDataplane {
    /// The first line.
    Hello {
        /// [`PROTOCOL`] of the dataplane.
        protocol: u32,
        /// What it is.
        kind: DataplaneKind,
        /// Which one: the router's, gateway's or agent's name.
        name: String,
    },
    /// This revision, and all before it, is in force.
    Applied {
        /// The revision.
        revision: Revision,
    },
    /// This revision was refused; the one applied before stays in force.
    Refused {
        /// The revision.
        revision: Revision,
        /// Why, as one sentence.
        error: String,
    },
}

/// From `ercontrol` to a dataplane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "lowercase")]
pub enum FromControl {
    /// The complete desired state.
    Desired {
        /// Its revision.
        revision: Revision,
        /// The state.
        state: State,
    },
    /// The hello was not accepted; the stream ends.
    Rejected {
        /// Why, as one sentence.
        error: String,
    },
}
