//! The hosts at both ends of the rig.

use std::{net::UdpSocket, time::Duration};

use nix::sys::socket::{setsockopt, sockopt};

use crate::{host::Host, namespace::Namespace};

/// A customer edge and a hub VM around the MSEE of the calling thread.
pub struct Hosts {
    pub customer: Host,
    pub vm: Host,
}

impl Hosts {
    /// Connects them to `eth1` and `eth2`.
    pub fn connect(_: &Namespace) -> Self {
        let hosts = Self { customer: Host::start(), vm: Host::start() };
        hosts.customer.connect("eth1p", "172.16.1.1/30", "172.16.1.2", "02:00:00:00:00:01");
        hosts.vm.connect("eth2p", "10.255.10.4/16", "10.255.0.4", "02:00:00:00:00:02");
        hosts
    }

    /// Starts a UDP echo server on the VM, for as long as the VM lives.
    pub fn serve(&self) {
        self.vm.run(|| {
            let socket = UdpSocket::bind("10.255.10.4:7").unwrap();
            // What is not read in time on a busy machine is not lost.
            setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            std::thread::spawn(move || {
                let mut buffer = [0; abi::limits::FRAME];
                while let Ok((length, sender)) = socket.recv_from(&mut buffer) {
                    socket.send_to(&buffer[..length], sender).unwrap();
                }
            });
        });
    }
}
