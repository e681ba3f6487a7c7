//! The scene of the reference forwarder on real interfaces, and what the program makes of a frame there.

use std::{fs, os::fd::AsFd as _, path::PathBuf};

use abi::{
    punt::Metadata,
    verdict::{Severity, Verdict},
};
use desired::{MacAddress, MseeState};
use msee::fastpath::{FastPath, Injection, Neighbours, PortKind};
use oracle::{End, Oracle, Outcome, Port, Sending, scene};

use crate::namespace::{Namespace, ip, veth};

const XDP_DROP: u32 = 1;

/// The program, and the reference forwarder with the same state and ports.
pub struct OracleRig {
    // Before the namespace, whose bpffs it is pinned on.
    pub fast_path: FastPath,
    pub oracle: Oracle,
    pub ports: Vec<Port>,
    _sockets: Vec<afxdp::Socket>,
    namespace: Namespace,
}

impl OracleRig {
    /// In a namespace of its own, with sockets for what is punted.
    pub fn start() -> Self {
        Self::start_with(&scene::state())
    }

    /// The same with another state for the scene's ports.
    pub fn start_with(state: &MseeState) -> Self {
        let namespace = Namespace::enter();
        let mut ports = scene::ports();
        for port in &mut ports {
            let interface = port.name.split('.').next().unwrap().to_owned();
            let path = format!("/proc/sys/net/ipv4/conf/{interface}");
            if !fs::exists(path).unwrap() {
                veth(&interface, port.ifindex as u8, &format!("{interface}p"), 0xfd);
                for end in [&interface, &format!("{interface}p")] {
                    ip(&format!("link set {end} mtu {}", port.mtu));
                }
            }
            port.ifindex = nix::net::if_::if_nametoindex(interface.as_str()).unwrap();
            port.mac = mac_of(&interface);
        }
        let mut fast_path = FastPath::load(&namespace.pins()).unwrap();
        fast_path.apply(state, &Neighbours::default()).unwrap();
        let mut sockets: Vec<(u32, afxdp::Socket)> = Vec::new();
        for port in fast_path.ports().to_vec() {
            if port.kind == PortKind::Cpu {
                continue;
            }
            if sockets.iter().all(|(ifindex, _)| *ifindex != port.ifindex) {
                let config = afxdp::Config::default();
                let socket = afxdp::Socket::bind(&port.interface, 0, &config).unwrap();
                sockets.push((port.ifindex, socket));
            }
            let (_, socket) = sockets.iter().find(|(it, _)| *it == port.ifindex).unwrap();
            fast_path.bind_punt(port.slot, socket.as_fd()).unwrap();
        }
        let oracle = Oracle::new(state, &ports).unwrap();
        let sockets = sockets.into_iter().map(|(_, socket)| socket).collect();
        Self { fast_path, oracle, ports, _sockets: sockets, namespace }
    }

    /// What the program makes of a frame, in the reference forwarder's words.
    pub fn seen(&mut self, ifindex: u32, frame: &[u8]) -> End {
        let Injection { record, action, bytes } = self.fast_path.inject(ifindex, frame).unwrap();
        let last = record.steps[record.length as usize - 1];
        let verdict = Verdict::from_number(last.verdict).unwrap();
        let is_sent = verdict.severity() == Severity::Forwarded || verdict == Verdict::LocalKernel;
        let outcome = if action == XDP_DROP {
            Outcome::Dropped
        } else if is_sent {
            let compiled = self.fast_path.compiled();
            let port = compiled.bound_port(last.value).unwrap();
            let ifindex = port.ifindex;
            if matches!(port.kind, PortKind::Vxlan { .. }) {
                Outcome::Tunnelled(Sending { port: port.interface.clone(), ifindex, bytes })
            } else {
                Outcome::Sent(Sending { port: port.name.clone(), ifindex, bytes })
            }
        } else {
            let (metadata, punted) = bytes.split_at(size_of::<Metadata>());
            if metadata.ends_with(&[0; 4]) {
                assert_eq!(punted, frame, "a punted frame is as it came");
                Outcome::Punted
            } else {
                // Of a tunnel, whose VNI is the last that is said of it.
                Outcome::Unwrapped(punted.to_vec())
            }
        };
        End { verdict, outcome }
    }

    /// The directory of pins.
    pub fn pins(&self) -> PathBuf {
        self.namespace.pins()
    }

    /// How the program ends a frame. Fails with everything that is needed to see why it is wrong.
    pub fn check(&mut self, name: &str, ifindex: u32, frame: &[u8]) -> End {
        let expected = self.oracle.judge(ifindex, frame);
        let seen = self.seen(ifindex, frame);
        assert!(
            expected.allows(&seen),
            "{name}, interface {ifindex}\n  frame    {}\n  oracle   {:x?}\n  program  {seen:x?}",
            hex(frame),
            expected.ends()
        );
        seen
    }
}

/// A frame as it can be pasted into a regression.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn mac_of(interface: &str) -> MacAddress {
    let output = std::process::Command::new("ip").args(["-o", "link", "show", interface]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let (_, rest) = text.split_once("link/ether ").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}
