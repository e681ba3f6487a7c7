//! What can be wrong with a topology file, and what to do about each.

use std::{fmt, ops::RangeInclusive};

use abi::limits;
use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::{
    file::Source,
    located::Span,
    plan::{MTU, VXLAN_OVERHEAD},
};

/// A mistake, its place in the file and the file's text. Rendered by miette with the line and a
/// caret.
#[derive(Debug)]
pub struct PlanError(Box<Place>);

#[derive(Debug)]
struct Place {
    mistake: Mistake,
    span: Span,
    source: Option<Source>,
}

impl PlanError {
    pub(super) fn new(mistake: Mistake, span: Span, source: Option<Source>) -> Self {
        Self(Box::new(Place { mistake, span, source }))
    }

    /// What is wrong.
    pub fn mistake(&self) -> &Mistake {
        &self.0.mistake
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.mistake.fmt(f)
    }
}

impl std::error::Error for PlanError {}

impl Diagnostic for PlanError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.0.mistake.cure();
        (!help.is_empty()).then(|| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some("here".to_owned()), self.0.span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Not YAML, or a value of the wrong shape; the parser's own words.
    #[error("{0}")]
    Yaml(String),
    /// A key this block does not have.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// As written.
        key: String,
        /// The keys of this block.
        known: Vec<&'static str>,
    },
    /// A word that is not one of the choices.
    #[error("unknown value `{value}`")]
    UnknownValue {
        /// As written.
        value: String,
        /// The choices.
        known: Vec<&'static str>,
    },
    /// A key that must be there.
    #[error("the key `{0}` is missing")]
    MissingKey(&'static str),
    /// A key twice in one block.
    #[error("`{0}` is there twice")]
    DuplicateKey(String),
    /// Two things of one name.
    #[error("the name `{0}` is taken already")]
    DuplicateName(String),
    /// A name that cannot be a namespace, socket or resource name.
    #[error("`{name}` cannot be a name ({what})")]
    Name {
        /// As written.
        name: String,
        /// Lab, node, ...
        what: &'static str,
        /// What it breaks.
        rule: NameRule,
    },
    /// A key that the node's kind has no use for, or lacks.
    #[error("a node of kind `{kind}` {verb} `{key}`")]
    KindKey {
        /// The node's kind.
        kind: &'static str,
        /// "needs" or "has no".
        verb: &'static str,
        /// The key.
        key: &'static str,
    },
    /// An end that is not `node:interface`, or not two of them.
    #[error("a link has two ends written `node:interface`")]
    Endpoint,
    /// A reference to something that is not there.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// Node, circuit, ...
        what: &'static str,
        /// As written.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Two links on one interface.
    #[error("the interface `{0}` is used by another link already")]
    InterfaceTwice(String),
    /// A link between kinds of nodes that cannot be linked so.
    #[error("{0}")]
    Link(&'static str),
    /// Not two links to a primary and a secondary MSEE.
    #[error("circuit `{circuit}` {problem}")]
    CircuitPaths {
        /// Its name.
        circuit: String,
        /// What is too many or missing.
        problem: &'static str,
    },
    /// Not a bandwidth of a circuit.
    #[error("`{0}` is not a whole number of Mbps that a circuit can have")]
    Bandwidth(String),
    /// Not a VLAN number.
    #[error("{0} is not a VLAN")]
    Vlan(u16),
    /// Tags that cannot be.
    #[error("circuit `{circuit}` {}", rule.problem())]
    Tags {
        /// Its name.
        circuit: String,
        /// What they break.
        rule: TagRule,
    },
    /// An untagged circuit on a port of several.
    #[error("circuit `{circuit}` is untagged and shares {port} with `{other}`")]
    SharedUntagged {
        /// The MSEE's port.
        port: String,
        /// The untagged one.
        circuit: String,
        /// The other.
        other: String,
    },
    /// Two circuits of equal tags on one port.
    #[error("the link {port} is circuit `{other}` already")]
    SharedTags {
        /// The MSEE's port and the tags.
        port: String,
        /// The other.
        other: String,
    },
    /// An MTU that no link or region can have.
    #[error("an MTU of {mtu} is {}", rule.problem(*mtu))]
    Mtu {
        /// As written.
        mtu: u32,
        /// Whose it would be.
        rule: MtuRule,
    },
    /// Links of unequal MTUs on one port.
    #[error("the link {port} has an MTU of {mtu}, and circuit `{circuit}` one of {other} there")]
    SharedMtu {
        /// The MSEE's port.
        port: String,
        /// The MTU of this link.
        mtu: u32,
        /// The other circuit.
        circuit: String,
        /// The MTU of its link.
        other: u32,
    },
    /// Two MSEEs of one path.
    #[error("there is a {0} MSEE already")]
    MseeTwice(&'static str),
    /// A prefix with host bits set.
    #[error("`{prefix}` has host bits set")]
    HostBits {
        /// As written.
        prefix: String,
        /// The prefix it lies in.
        network: String,
    },
    /// A prefix of the wrong length.
    #[error("`{prefix}` is not a {expected}")]
    PrefixLength {
        /// As written.
        prefix: String,
        /// What is needed.
        expected: &'static str,
    },
    /// Two prefixes that overlap where they must not.
    #[error("`{prefix}` overlaps `{other}` of {owner}")]
    Overlap {
        /// As written.
        prefix: String,
        /// The other.
        other: String,
        /// Whose.
        owner: String,
    },
    /// An address or prefix outside the one it must lie in.
    #[error("`{inner}` is not in {what} `{outer}`")]
    Outside {
        /// As written.
        inner: String,
        /// What it must be in.
        what: String,
        /// The prefix.
        outer: String,
    },
    /// An address that two nodes would have.
    #[error("`{address}` belongs to {owner} already")]
    AddressTwice {
        /// As written.
        address: String,
        /// Who has it.
        owner: String,
    },
    /// A name that a host of the VXLAN fabric has.
    #[error("`{name}` is the name of the host that `{guest}` is on")]
    HostName {
        /// As written.
        name: String,
        /// The VM or gateway.
        guest: String,
    },
    /// Peered VNets in two regions.
    #[error("`{0}` is in another region than the VNet it is peered with")]
    PeeringRegions(String),
    /// Something of IPv6 without what it needs beside it.
    #[error("`{what}` needs `{key}` beside it")]
    Lonely {
        /// As written.
        what: String,
        /// What is missing.
        key: &'static str,
    },
    /// Something of a gateway is missing.
    #[error("{0}")]
    Gateway(&'static str),
}

/// What a name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// Letters, digits, `-`, `_`; first one a letter or digit.
    Characters,
    /// At most this many bytes.
    Length(usize),
    /// A name erlab keeps for itself.
    Reserved,
    /// `ethN`.
    Ethernet,
}

/// What a circuit's tags break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagRule {
    /// An S-tag is an outer tag.
    ServiceTagAlone,
    /// The type of a tag that is not there.
    EthertypeAlone,
    /// Tags come and go in the wires.
    NoWires,
}

/// Whose MTU it is; decides how large it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MtuRule {
    /// A link.
    Link,
    /// A region whose frames travel as they are.
    Region,
    /// A region whose frames travel in VXLAN.
    VxlanRegion,
}

/// The least MTU of a link that IPv6 is on (RFC 8200 section 5).
const LEAST_MTU: u32 = 1280;

impl MtuRule {
    /// The MTUs it may have, in bytes.
    pub(super) fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Link | Self::Region => LEAST_MTU..=limits::PACKET as u32,
            // The underlay has no tags, whose room is the tunnel's headers' too.
            Self::VxlanRegion => LEAST_MTU..=limits::MTU as u32 - VXLAN_OVERHEAD,
        }
    }

    fn problem(self, mtu: u32) -> String {
        let (least, most) = self.range().into_inner();
        match self {
            _ if mtu < least => format!("less than the {least} bytes that IPv6 needs"),
            Self::Link | Self::Region => {
                format!("more than the {most} bytes of the longest packet that an MSEE forwards")
            }
            Self::VxlanRegion => format!(
                "more than {most} bytes: an MSEE's port has {} at most, and VXLAN takes \
                 {VXLAN_OVERHEAD} of them",
                limits::MTU
            ),
        }
    }

    fn cure(self) -> String {
        let (least, most) = self.range().into_inner();
        format!("write a whole number from {least} to {most}, or leave `mtu:` out for {MTU}")
    }
}

impl TagRule {
    fn problem(self) -> &'static str {
        match self {
            Self::ServiceTagAlone => "has an S-tag and no VLAN inside it",
            Self::EthertypeAlone => "has the EtherType of an S-tag and no S-tag",
            Self::NoWires => "is tagged, and the lab has no wires to push and pop its tags",
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::ServiceTagAlone => "write `vlan:` too, the customer's own number",
            Self::EthertypeAlone => "write `stag:` too, or remove `stag_ethertype:`",
            Self::NoWires => {
                "labs use no VLAN devices, so the customer's side is untagged and the wire is the \
                 provider's edge: write `wires: on`, or remove `vlan:` and `stag:`"
            }
        }
    }
}

impl Mistake {
    /// What to do about it; empty when the message says it all.
    fn cure(&self) -> String {
        match self {
            Self::Yaml(_) | Self::MseeTwice(_) => String::new(),
            Self::UnknownKey { key, known } => did_you_mean(key, known, "the keys here are"),
            Self::UnknownValue { value, known } => did_you_mean(value, known, "it is one of"),
            Self::Unknown { name, known, what } if known.is_empty() => {
                format!("the file has no {what} at all: write one, or correct `{name}`")
            }
            Self::Unknown { name, known, .. } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                did_you_mean(name, &known, "there are")
            }
            Self::MissingKey(key) => format!("write `{key}:` in this block"),
            Self::DuplicateKey(_) => "keep one of them".to_owned(),
            Self::DuplicateName(_) => {
                "nodes, VMs and gateways share one set of names, upper and lower case alike"
                    .to_owned()
            }
            Self::Name { rule, .. } => rule.cure(),
            Self::KindKey { verb: "needs", key, .. } => format!("write `{key}:` in the node"),
            Self::KindKey { key, .. } => format!("remove `{key}:`, or correct the node's kind"),
            Self::Endpoint => r#"for example endpoints: ["ce1:eth2", "msee-a:eth1"]"#.to_owned(),
            Self::InterfaceTwice(_) => "give each link an interface of its own".to_owned(),
            Self::Link(_) => "a customer edge (onprem) has links to hosts, and links with \
                              `circuit:` to MSEEs"
                .to_owned(),
            Self::CircuitPaths { .. } => "a circuit is two links with its name in `circuit:`, one \
                                          to the primary MSEE and one to the secondary"
                .to_owned(),
            Self::Bandwidth(_) => "write 1Mbps to 400Gbps: Azure counts whole Mbps".to_owned(),
            Self::Vlan(_) => {
                "write a number from 1 to 4094; leave the key out for no tag".to_owned()
            }
            Self::Tags { rule, .. } => rule.cure().to_owned(),
            Self::Mtu { rule, .. } => rule.cure(),
            Self::SharedMtu { other, .. } => format!(
                "an MSEE's port has one MTU for all of its circuits: write `mtu: {other}` here, or \
                 use an interface of its own"
            ),
            Self::SharedUntagged { circuit, .. } => {
                format!("give `{circuit}` a `vlan:`, or an interface of its own")
            }
            Self::SharedTags { .. } => {
                "give one of them another `vlan:` or `stag:`, or an interface of its own".to_owned()
            }
            Self::HostBits { network, .. } => format!("write {network}"),
            Self::PrefixLength { expected, .. } => format!("write a {expected}"),
            Self::Overlap { .. } => "choose prefixes that do not overlap".to_owned(),
            Self::Outside { outer, .. } => format!("choose one inside {outer}"),
            Self::AddressTwice { .. } => "choose another address".to_owned(),
            Self::HostName { .. } => {
                "choose another name: with `fabric: vxlan` each VM and each gateway has a host of \
                 its name and `-host`"
                    .to_owned()
            }
            Self::PeeringRegions(_) => {
                "give both the same region: peering across regions is not emulated".to_owned()
            }
            Self::Lonely { key: key @ ("primary6" | "secondary6"), .. } => {
                format!("write `{key}:` in the circuit: both of its links have IPv6 or none")
            }
            Self::Lonely { key, .. } => format!("write `{key}:` in the VNet, or leave this out"),
            Self::Gateway(_) => "a VNet with `gateway:` needs `gateway_subnet:`, and a spoke with \
                                 `gateway_transit: true` a hub that has a gateway"
                .to_owned(),
        }
    }
}

impl NameRule {
    /// What to do about it.
    pub(super) fn cure(self) -> String {
        match self {
            Self::Characters => {
                "use letters, digits, `-` and `_`, first a letter or digit".to_owned()
            }
            Self::Length(most) => format!("use at most {most} characters"),
            Self::Reserved => "erlab keeps this name for itself: choose another".to_owned(),
            Self::Ethernet => "an MSEE's interfaces are named eth1 to eth999".to_owned(),
        }
    }
}

fn did_you_mean(written: &str, known: &[&str], introduction: &str) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .min_by_key(|(distance, _)| *distance)
        // A third of the letters wrong is still a typing mistake; more is another word.
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3));
    match nearest {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("{introduction} {}", known.join(", ")),
    }
}
