//! Every end a packet can come to, on any dataplane: one enum for programs, counters, trace,
//! documentation and tests.
//!
//! A verdict belongs to a stage and has a stable name, a sentence for people and a severity.
//! *Sent = delivered + named losses* is checked over these counters, so nothing may end a packet
//! without one.

/// A stage of the packet's path, in the order a packet meets them.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Interface and tags (in a tunnel, its VNI) to a port; on a fabric port also source address to a VNet.
    Port = 1,
    /// On an underlay: out of the tunnel. On the way to one: into it.
    Tunnel,
    /// RFC 1812 5.2.2 header checks and martians.
    Check,
    /// Addressed to the MSEE itself.
    Local,
    /// The circuit's bandwidth, and source validation.
    Police,
    /// Longest prefix match in the VRF.
    Lookup,
    /// Time to live.
    Ttl,
    /// Choice of the next hop.
    Adjacency,
    /// Rewrite and redirect.
    Out,
    /// ICMP the MSEE makes itself, in userspace.
    Icmp,
    /// Gateway: frame and header checks.
    GwCheck,
    /// Gateway: which instance was addressed.
    GwInstance,
    /// Gateway: destination to a VM.
    GwLookup,
    /// Gateway: time to live.
    GwTtl,
    /// Gateway: send to the VM.
    GwOut,
    /// Losses after our verdict, read from the kernel's own counters.
    Kernel,
    /// The wires of the lab.
    Wire,
}

impl Stage {
    /// The stable name, as in traces and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Tunnel => "tunnel",
            Self::Check => "check",
            Self::Local => "local",
            Self::Police => "police",
            Self::Lookup => "lookup",
            Self::Ttl => "ttl",
            Self::Adjacency => "adjacency",
            Self::Out => "out",
            Self::Icmp => "icmp",
            Self::GwCheck => "gw_check",
            Self::GwInstance => "gw_instance",
            Self::GwLookup => "gw_lookup",
            Self::GwTtl => "gw_ttl",
            Self::GwOut => "gw_out",
            Self::Kernel => "kernel",
            Self::Wire => "wire",
        }
    }

    /// The stage with this number, as stored in a trace record.
    pub fn from_number(number: u16) -> Option<Self> {
        ALL_STAGES.iter().copied().find(|stage| *stage as u16 == number)
    }
}

/// All stages, in order.
pub const ALL_STAGES: [Stage; 17] = [
    Stage::Port,
    Stage::Tunnel,
    Stage::Check,
    Stage::Local,
    Stage::Police,
    Stage::Lookup,
    Stage::Ttl,
    Stage::Adjacency,
    Stage::Out,
    Stage::Icmp,
    Stage::GwCheck,
    Stage::GwInstance,
    Stage::GwLookup,
    Stage::GwTtl,
    Stage::GwOut,
    Stage::Kernel,
    Stage::Wire,
];

/// What a verdict means for the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It went on its way.
    Forwarded,
    /// It was handed to userspace or the kernel, where its story goes on.
    Punted,
    /// A loss that belongs to correct operation (a traceroute probe that expired).
    Expected,
    /// A loss somebody should look at.
    Loss,
}

impl Severity {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Punted => "punted",
            Self::Expected => "expected",
            Self::Loss => "loss",
        }
    }
}

/// Declares the verdicts once: number, stage, severity, name and sentence.
macro_rules! verdicts {
    ($($variant:ident = $stage:ident, $severity:ident, $name:literal, $text:literal;)+) => {
        /// The end of a packet's way through one program or process.
        #[repr(u16)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verdict {
            $(#[doc = $text] $variant,)+
        }

        /// All verdicts; a verdict's number is its index.
        pub const ALL: [Verdict; COUNT] = [$(Verdict::$variant,)+];

        /// Number of verdicts: the length of a counter array.
        pub const COUNT: usize = [$($name,)+].len();

        impl Verdict {
            /// The stage that decided.
            #[allow(clippy::inline_always, reason = "in eBPF a call costs more than its constant")]
            #[inline(always)]
            pub const fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage,)+ }
            }

            /// The stable name, as in counters, traces and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What it means for the packet.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }
        }
    };
}

verdicts! {
    None = Port, Loss, "none", "No verdict was reached; a program that counts this has a defect.";

    PortUnknown = Port, Loss, "port_unknown", "The interface and tags belong to no port of the image in force.";
    PortTagged = Port, Loss, "port_tagged", "The frame carries VLAN tags and no port of its interface has those.";
    PortWrongMac = Port, Expected, "port_wrong_mac", "The frame is for another station's MAC address (flooded by the fabric).";
    PortGroup = Port, Expected, "port_group", "A broadcast or multicast frame that carries IP: nothing here takes part in it.";
    PortNotIp = Port, Expected, "port_not_ip", "The frame is neither IPv4, IPv6 nor ARP.";
    PortTruncated = Port, Loss, "port_truncated", "The frame is shorter than its headers.";
    SourceUnknown = Port, Loss, "source_unknown", "The source address on a fabric port is in no VNet that a connection reaches.";

    TunnelNotVxlan = Tunnel, Loss, "tunnel_not_vxlan", "On an underlay, and neither ARP nor VXLAN for the MSEE's tunnel endpoint: another address, protocol or UDP port.";
    TunnelFragment = Tunnel, Loss, "tunnel_fragment", "A fragment of an outer packet: tunnel endpoints do not fragment (RFC 7348 4.3).";
    TunnelHostUnknown = Tunnel, Loss, "tunnel_host_unknown", "VXLAN from an address that is no host of the fabric.";
    TunnelMalformed = Tunnel, Loss, "tunnel_malformed", "VXLAN whose UDP length is wrong, whose VNI is not marked valid, or that carries less than an Ethernet header.";
    TunnelVniUnknown = Tunnel, Loss, "tunnel_vni_unknown", "VXLAN with the VNI of no VNet that a connection reaches.";

    CheckVersion = Check, Loss, "check_version", "The IP version is not the one the EtherType says.";
    CheckHeaderLength = Check, Loss, "check_header_length", "The IP header length is under 20 bytes or longer than the frame.";
    CheckTotalLength = Check, Loss, "check_total_length", "The IP length is under the header length or longer than the frame.";
    CheckChecksum = Check, Loss, "check_checksum", "The IP header checksum is wrong.";
    CheckMartianSource = Check, Loss, "check_martian_source", "The source address can never be a sender (0/8, 127/8, 224/4, 240/4; ::, ::1, ff00::/8, ::ffff:0:0/96).";
    CheckMartianDestination = Check, Loss, "check_martian_destination", "The destination address is never routed (0/8, 127/8, 224/4, 240/4; ::, ::1, ff00::/8, ::ffff:0:0/96).";
    CheckLinkLocal = Check, Loss, "check_link_local", "A link-local address: never routed off its link (RFC 4291 2.5.6).";

    LocalKernel = Local, Punted, "local_kernel", "Addressed to the MSEE: handed to its kernel through the cpu veth.";
    LocalEcho = Local, Punted, "local_echo", "Echo request to the MSEE: punted, answered by msee.";
    LocalArp = Local, Punted, "local_arp", "ARP on a fabric or its underlay: punted, answered by msee.";
    LocalNd = Local, Punted, "local_nd", "Neighbour Discovery on a fabric port: punted, answered by msee.";
    LocalUnreachable = Local, Punted, "local_unreachable", "Addressed to the MSEE on a fabric port, where nothing listens: punted for a Port Unreachable.";
    LocalNoCpu = Local, Loss, "local_no_cpu", "Addressed to the MSEE on a circuit port that has no cpu veth.";
    LocalFromKernel = Local, Forwarded, "local_from_kernel", "Sent by the MSEE's kernel: out of the circuit's port.";

    SourceNotValid = Police, Loss, "source_not_valid", "Source validation is on and the customer has announced no route to the source (RFC 3704).";
    PolicedFromCustomer = Police, Loss, "policed_from_customer", "Over the circuit's bandwidth on this link, from the customer.";
    PolicedToCustomer = Police, Loss, "policed_to_customer", "Over the circuit's bandwidth on this link, to the customer.";

    NoRoute = Lookup, Punted, "no_route", "The VRF has no route: punted for a Net Unreachable.";
    LookupCorrupt = Lookup, Loss, "lookup_corrupt", "A table index points outside the image; the writer has a defect.";

    TtlExpired = Ttl, Punted, "ttl_expired", "The TTL ends here: punted for a Time Exceeded.";

    AdjacencyDrop = Adjacency, Loss, "adjacency_drop", "The route says drop.";

    NeighbourUnresolved = Adjacency, Punted, "neighbour_unresolved", "The next hop's MAC address is not known: punted.";

    TooBig = Out, Punted, "too_big", "Longer than the next port carries and not to be fragmented: punted for a Fragmentation Needed or Packet Too Big.";
    TooBigFragmentable = Out, Punted, "too_big_fragmentable", "Longer than the next port carries: punted, to be sent in fragments.";
    NoHeadroom = Out, Loss, "no_headroom", "The driver left no room in front of the frame for the tags or the tunnel.";
    EgressGone = Out, Loss, "egress_gone", "The interface of the next port is gone from the devmap: it was deleted, and no new state has been applied yet.";
    ForwardedCe = Out, Forwarded, "forwarded_ce", "Out of the circuit's port to the customer edge.";
    ForwardedDirect = Out, Forwarded, "forwarded_direct", "FastPath: straight to the VM.";
    ForwardedGateway = Out, Forwarded, "forwarded_gateway", "To an instance of the ExpressRoute gateway.";

    BudgetControl = Icmp, Loss, "budget_control", "Over the port's budget of packets for the MSEE's kernel.";
    BudgetNeighbour = Icmp, Loss, "budget_neighbour", "Over the port's budget of ARP and Neighbour Discovery.";
    BudgetEcho = Icmp, Loss, "budget_echo", "Over the port's budget of echo requests to the MSEE.";
    BudgetPathMtu = Icmp, Loss, "budget_path_mtu", "Over the port's budget of packets that are too long for their next hop.";
    BudgetException = Icmp, Loss, "budget_exception", "Over the port's budget of other exceptions (expired, unroutable, unreachable, unresolved).";
    PuntRefused = Icmp, Loss, "punt_refused", "Punted, but no AF_XDP socket of msee is bound to the port.";
    IcmpTimeExceeded = Icmp, Expected, "icmp_time_exceeded", "Answered with Time Exceeded.";
    IcmpNetUnreachable = Icmp, Expected, "icmp_net_unreachable", "Answered with Net or Host Unreachable.";
    IcmpFragmentationNeeded = Icmp, Expected, "icmp_fragmentation_needed", "Answered with Fragmentation Needed.";
    IcmpPortUnreachable = Icmp, Expected, "icmp_port_unreachable", "Answered with Port or Protocol Unreachable.";
    IcmpEchoReply = Icmp, Expected, "icmp_echo_reply", "Answered with an Echo Reply.";
    ArpReply = Icmp, Expected, "arp_reply", "Answered with an ARP reply.";
    ArpIgnored = Icmp, Expected, "arp_ignored", "An ARP frame that asks for none of our addresses.";
    Fragmented = Icmp, Forwarded, "fragmented", "Sent on in fragments.";
    NdReply = Icmp, Expected, "nd_reply", "Answered with a neighbour advertisement.";
    NdIgnored = Icmp, Expected, "nd_ignored", "Neighbour Discovery that asks for none of our addresses.";
    IcmpNotAllowed = Icmp, Loss, "icmp_not_allowed", "RFC 1812 4.3.2.7 or RFC 4443 2.4 forbids an ICMP error about this packet.";
    IcmpRateLimited = Icmp, Loss, "icmp_rate_limited", "The rate limit of ICMP errors is used up.";
    IcmpTooBig = Icmp, Loss, "icmp_too_big", "The echo reply is longer than the way back carries.";
    IcmpUnroutable = Icmp, Loss, "icmp_unroutable", "The MSEE's own table has no way to the sender.";
    IcmpSendFailed = Icmp, Loss, "icmp_send_failed", "The answer could not be sent: the port's AF_XDP socket has no room or is gone.";
    NeighbourQueueFull = Icmp, Loss, "neighbour_queue_full", "The next hop is being asked for, and as many packets or neighbours wait as may.";
    PuntMalformed = Icmp, Loss, "punt_malformed", "A punted frame could not be parsed again; a defect.";

    GwNotIp = GwCheck, Expected, "gw_not_ip", "Gateway: the frame is neither IPv4 nor IPv6 (flooded by the fabric).";
    GwTruncated = GwCheck, Loss, "gw_truncated", "Gateway: the frame is shorter than its headers.";
    GwHeader = GwCheck, Loss, "gw_header", "Gateway: the IP header is malformed or its checksum wrong.";
    GwNoSocket = GwCheck, Loss, "gw_no_socket", "Gateway: no AF_XDP socket is bound; the ergw process is not running.";
    GwWrongMac = GwInstance, Expected, "gw_wrong_mac", "Gateway: the frame is for no instance of this gateway (flooded by the fabric).";
    GwInstanceFailed = GwInstance, Loss, "gw_instance_failed", "Gateway: the addressed instance is failed.";
    GwNoState = GwInstance, Loss, "gw_no_state", "Gateway: no desired state has been received yet.";
    GwLinkLocal = GwLookup, Loss, "gw_link_local", "Gateway: the source or destination is an IPv6 address that stays on its link (link-local, loopback, unspecified).";
    GwNoEndpoint = GwLookup, Loss, "gw_no_endpoint", "Gateway: no VM has the destination address.";
    GwTtlExpiredSilent = GwTtl, Expected, "gw_ttl_expired_silent", "Gateway: the TTL ends here; a gateway answers no ICMP (the * of the traceroute).";
    GwTxFull = GwOut, Loss, "gw_tx_full", "Gateway: the transmit ring had no room.";
    GwForwarded = GwOut, Forwarded, "gw_forwarded", "Gateway: delivered to the VM.";

    KernelDevmapError = Kernel, Loss, "kernel_devmap_error", "The driver refused a redirected frame (tx_queue_N_xdp_xmit_errors).";
    KernelRedirectRefused = Kernel, Loss, "kernel_redirect_refused", "A redirect was refused at once: the egress is down, or too small for the frame (rx_queue_N_drops, less what the AF_XDP sockets of this process refused; those of a killed one are in it).";
    KernelRingFull = Kernel, Loss, "kernel_ring_full", "The receive ring of a veth was full when its peer sent into it (tx_dropped of the sending end).";
    KernelXskRingFull = Kernel, Loss, "kernel_xsk_ring_full", "The receive ring of an AF_XDP socket was full.";
    KernelXskDropped = Kernel, Loss, "kernel_xsk_dropped", "An AF_XDP socket dropped a frame (too long, or no memory).";
    KernelXskFillEmpty = Kernel, Loss, "kernel_xsk_fill_empty", "An AF_XDP socket had no free frame in its fill ring.";

    WireOverflow = Wire, Loss, "wire_overflow", "The wire's socket buffer overflowed before the agent read it.";
    WireSendFailed = Wire, Loss, "wire_send_failed", "The far end of the wire did not take the frame.";
    WireLinkDown = Wire, Loss, "wire_link_down", "The wire is down.";
    WireTag = Wire, Loss, "wire_tag", "The frame's tags are not those of the circuit: the provider edge has no place for it.";
    WireKilled = Wire, Loss, "wire_killed", "The agent that served the wire was killed: under way in it, not read yet, or come before the next one was there. What that agent had named is in it.";
}

impl Verdict {
    /// The number in counters, metadata and trace records.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The verdict with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        ALL.get(usize::from(number)).copied()
    }

    /// The verdict with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|verdict| verdict.name() == name)
    }

    /// Whether a packet with this verdict is lost.
    pub const fn is_loss(self) -> bool {
        matches!(self.severity(), Severity::Loss | Severity::Expected)
    }
}

#[cfg(test)]
mod tests;
