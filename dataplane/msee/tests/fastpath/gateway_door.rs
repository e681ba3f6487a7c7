//! The gateway's XDP program: what it drops, by name, and what it lets through.

use std::{os::fd::AsFd as _, path::PathBuf};

use abi::verdict::{self, Verdict};
use aya::{
    Ebpf,
    maps::{MapData, PerCpuArray, XskMap},
    programs::{Xdp, XdpMode},
};

use crate::{
    frames::{Packet, arp, ethernet},
    namespace::{Namespace, veth},
    rig::{self, GATEWAY, mac},
};

const XDP_DROP: u32 = 1;
const XDP_REDIRECT: u32 = 4;

fn object() -> PathBuf {
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
    let directory = std::env::var_os(afxdp::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
    directory.join("ergw.bpf.o")
}

#[test]
fn it_names_what_never_reaches_the_gateway() {
    let _namespace = Namespace::enter();
    veth("eth1", GATEWAY, "eth1p", 0x91);
    let mut ebpf = Ebpf::load_file(object()).unwrap();
    let counters = ebpf.take_map("COUNTERS").unwrap();
    let counters: PerCpuArray<MapData, [u64; verdict::COUNT]> = counters.try_into().unwrap();
    let mut sockets: XskMap<MapData> = ebpf.take_map("SOCKETS").unwrap().try_into().unwrap();
    let program: &mut Xdp = ebpf.program_mut("ergw_port").unwrap().try_into().unwrap();
    program.load().unwrap();
    program.attach("eth1", XdpMode::Driver).unwrap();
    let processed = program.info().unwrap().verified_instruction_count().unwrap();
    println!("ergw_port: {processed} instructions processed");

    let ifindex = nix::net::if_::if_nametoindex("eth1").unwrap();
    let mut expected = [0_u64; verdict::COUNT];
    let mut check = |sentence: &str, frame: &[u8], verdict: Option<Verdict>| {
        let (action, bytes) = rig::run(program, Some(ifindex), frame);
        assert_eq!(bytes, frame, "{sentence}");
        match verdict {
            Some(verdict) => {
                expected[usize::from(verdict.number())] += 1;
                assert_eq!(action, XDP_DROP, "{sentence}");
            }
            None => assert_eq!(action, XDP_REDIRECT, "{sentence}"),
        }
        let mut counted = [0; verdict::COUNT];
        for counters in counters.get(&0, 0).unwrap().iter() {
            counted.iter_mut().zip(counters).for_each(|(sum, counter)| *sum += counter);
        }
        assert_eq!(counted, expected, "{sentence}");
    };
    let packet = Packet::udp(GATEWAY, [172, 16, 1, 1], [10, 254, 10, 4]).bytes();
    check("ARP", &arp([10, 255, 0, 12]), Some(Verdict::GwNotIp));
    let ipv6 = ethernet(mac(GATEWAY), 0x86dd, &[0; 40]);
    check("39 bytes of IPv6", &ipv6[..53], Some(Verdict::GwTruncated));
    check("IPv6, and no process behind it", &ipv6, Some(Verdict::GwNoSocket));
    check("19 bytes of IPv4", &packet[..33], Some(Verdict::GwTruncated));
    check("no process behind it", &packet, Some(Verdict::GwNoSocket));
    let socket = afxdp::Socket::bind("eth1", 0, &afxdp::Config::default()).unwrap();
    sockets.set(0, socket.as_fd(), 0).unwrap();
    check("a process behind it", &packet, None);
    check("IPv6: the process checks the header", &ipv6, None);
    let flooded = Packet::udp(0x77, [172, 16, 1, 1], [10, 254, 10, 4]).bytes();
    check("a flooded frame: the process names it", &flooded, None);
}
