//! Fabrics in VXLAN, with the kernel's vxlan device as the other end of every tunnel.

mod scene;

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use scene::{
    ALL, CONTOSO, ENDPOINT, FABRIKAM, HOST, HOST_MAC, Known, MSEE_MAC, OURS6, VM6, VMA_MAC, VMB_TTL,
};

use crate::{
    OURS_AT_CE, OURS_AT_VNET, error,
    lab::{Lab, Msee, VM},
    neighbours::{
        count,
        flow::{self, Flow},
        neighbours,
    },
    ping::{Answer, Ping},
    reply,
};

const CUSTOMER: [u8; 4] = [172, 16, 1, 1];

fn ping6(lab: &Lab, from: &str, to: impl Into<IpAddr>) {
    let to = to.into();
    lab.run(&format!("nsenter --net=/run/netns/@{from} ping -6 -c 1 -W 5 {to}"));
}

#[test]
fn customer_and_vm_reach_each_other_through_a_tunnel() {
    let lab = scene::lab("vx-reach");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(ALL));
    for sequence in 0..5 {
        let ping = Ping { sequence, ..Ping::default() };
        assert_eq!(lab.ping("ce", VM, ping), reply(VM, 63));
        assert_eq!(lab.ping("vma", CUSTOMER, ping), reply(CUSTOMER, 63));
    }
    // The underlay carries 50 bytes more than the VM's 1,500.
    let largest = Ping { size: 1_472, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, largest), reply(VM, 63));
    assert_eq!(lab.ping("vma", CUSTOMER, largest), reply(CUSTOMER, 63));
    flow::answer(&lab, "vma");
    for vm in [IpAddr::from(VM), VM6.into()] {
        let outcome = Flow::default().run(&lab, "ce", vm);
        assert!(outcome.lost.is_empty(), "{vm}: {outcome:?}");
    }
    let counters = msee.get("/counters");
    assert_eq!(count(&counters, "forwarded_direct"), 212, "{counters}");
    assert_eq!(count(&counters, "forwarded_ce"), 212, "{counters}");
    for loss in ["tunnel_malformed", "tunnel_not_vxlan", "punt_malformed", "kernel_devmap_error"] {
        assert_eq!(count(&counters, loss), 0, "{counters}");
    }
    msee.terminate();
}

/// Equal addresses of customer, VM and VNet: only the network identifier tells them apart.
#[test]
fn two_vnets_of_equal_addresses_meet_only_their_own_customers() {
    let lab = scene::lab("vx-equal");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(ALL));
    for _ in 0..3 {
        assert_eq!(lab.ping("ce", VM, Ping::default()), reply(VM, 63));
        assert_eq!(lab.ping("ce2", VM, Ping::default()), reply(VM, VMB_TTL - 1));
    }
    // A VM that leaves costs its own customer only.
    lab.run("ip -n @vma link set eth0 down");
    assert_eq!(lab.ping("ce", VM, Ping::default()), Answer::Silence);
    assert_eq!(lab.ping("ce2", VM, Ping::default()), reply(VM, VMB_TTL - 1));
    // And nothing of it goes the other way: the customer's link alone is down.
    lab.run("ip -n @ce2 link set eth1 down");
    assert_eq!(lab.ping("vmb", CUSTOMER, Ping::default()), Answer::Silence);
    msee.terminate();
}

/// The host asks for the endpoint, the VM for its VNet's address; both are told, each where it asked.
#[test]
fn the_msee_answers_outside_and_inside_of_the_tunnel() {
    let lab = scene::lab("vx-inside");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(ALL));
    assert_eq!(lab.ping("vma", OURS_AT_VNET, Ping::default()), reply(OURS_AT_VNET, 64));
    ping6(&lab, "vma", OURS6);
    let known = lab.run(&format!("ip -n @vm neigh show {ENDPOINT}"));
    assert!(known.contains("02:00:00:00:02:01"), "{known}");
    let counters = msee.get("/counters");
    assert!(count(&counters, "arp_reply") >= 2, "host and VM: {counters}");
    assert!(count(&counters, "nd_reply") >= 1, "{counters}");

    let expiring = Ping { ttl: 1, ..Ping::default() };
    assert_eq!(lab.ping("vma", CUSTOMER, expiring), error(OURS_AT_VNET, 11, 0, 0));
    assert_eq!(lab.ping("vmb", CUSTOMER, expiring), error(OURS_AT_VNET, 11, 0, 0));
    let nowhere = [198, 51, 100, 1];
    assert_eq!(lab.ping("vma", nowhere, Ping::default()), error(OURS_AT_VNET, 3, 0, 0));
    assert_eq!(lab.datagram("vma", OURS_AT_VNET, 53), error(OURS_AT_VNET, 3, 3, 0));
    let hops = lab.traceroute("vma", CUSTOMER);
    assert!(hops.contains("1   10.255.0.4") && hops.contains("2   172.16.1.1"), "{hops}");
    let hops = lab.traceroute("ce", VM);
    assert!(hops.contains("1   172.16.1.2") && hops.contains("2   10.255.10.4"), "{hops}");

    // The next process finds the tunnels in the tables, and answers before it is told a state.
    msee.kill();
    let msee = lab.start();
    assert_eq!(msee.get("/health")["ready"], false);
    lab.run("ip -n @vma neigh flush all");
    lab.run("ip -n @vm neigh flush all");
    assert_eq!(lab.ping("vma", OURS_AT_VNET, Ping::default()), reply(OURS_AT_VNET, 64));
    assert_eq!(lab.ping("vma", CUSTOMER, expiring), error(OURS_AT_VNET, 11, 0, 0));
    msee.terminate();
}

/// The host is asked for on the underlay, the VM in the tunnel to it.
#[test]
fn a_host_and_a_vm_that_nobody_declared_are_found() {
    let lab = scene::lab("vx-found");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(Known::default()));
    flow::answer(&lab, "vma");
    for vm in [IpAddr::from(VM), VM6.into()] {
        let outcome = Flow::default().run(&lab, "ce", vm);
        assert!(outcome.lost.is_empty(), "{vm}: {outcome:?}");
        println!("{vm}: the first answer came after {:?}", outcome.first);
        // Declared is fabrikam's VM of that address, in its own network.
        let found = neighbours(&msee, vm).into_iter().find(|it| it["source"] == "learned").unwrap();
        assert_eq!(found["mac"], VMA_MAC.to_string(), "{found}");
        assert_eq!(found["port"], "eth2.vni5001", "{found}");
    }
    let host = neighbours(&msee, HOST).pop().unwrap();
    assert_eq!((&host["mac"], &host["port"]), (&HOST_MAC.to_string().into(), &"eth2".into()));
    assert_eq!(host["source"], "learned");
    // The image has both: no packet is punted any more.
    let before = count(&msee.get("/counters"), "neighbour_unresolved");
    assert!(before > 0);
    assert!(Flow::default().run(&lab, "ce", VM).lost.is_empty());
    assert_eq!(count(&msee.get("/counters"), "neighbour_unresolved"), before);
    msee.terminate();
}

/// A VXLAN datagram of the host, by hand.
fn datagram(flags: u8, vni: u32) -> Vec<u8> {
    let [_, vni @ ..] = vni.to_be_bytes();
    let ethernet = [&MSEE_MAC[..], &VMA_MAC.0, &[8, 0]].concat();
    let header =
        etherparse::Ipv4Header::new(8, 64, etherparse::IpNumber::UDP, VM, CUSTOMER).unwrap();
    let mut packet = Vec::new();
    header.write(&mut packet).unwrap();
    let udp = [0x10, 0, 0, 9, 0, 8, 0, 0];
    [&[flags, 0, 0, 0], &vni[..], &[0], &ethernet, &packet, &udp].concat()
}

#[test]
fn what_no_known_host_sends_in_a_known_network_is_dropped_by_name() {
    let lab = scene::lab("vx-unknown");
    lab.run("ip -n @vm address add 192.168.7.99/24 dev eth1");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(ALL));
    let send = |from: Ipv4Addr, port: u16, bytes: Vec<u8>| {
        lab.inside("vm", move || {
            let socket = UdpSocket::bind((from, 0)).unwrap();
            socket.send_to(&bytes, (ENDPOINT, port)).unwrap();
        });
    };
    let stranger = Ipv4Addr::new(192, 168, 7, 99);
    send(HOST, 4_789, datagram(8, CONTOSO));
    wait_for(&msee, "forwarded_ce", 1);
    for (verdict, from, port, bytes) in [
        ("tunnel_host_unknown", stranger, 4_789, datagram(8, CONTOSO)),
        ("tunnel_vni_unknown", HOST, 4_789, datagram(8, 999)),
        ("tunnel_malformed", HOST, 4_789, datagram(0, CONTOSO)),
        ("tunnel_malformed", HOST, 4_789, datagram(8, CONTOSO)[..20].to_vec()),
        ("tunnel_not_vxlan", HOST, 4_788, datagram(8, CONTOSO)),
        ("source_unknown", HOST, 4_789, outside_of_the_vnet()),
    ] {
        let before = count(&msee.get("/counters"), verdict);
        send(from, port, bytes);
        wait_for(&msee, verdict, before + 1);
    }
    // A datagram that is longer than the underlay carries comes in fragments.
    let long = [datagram(8, CONTOSO), vec![0; 2_000]].concat();
    send(HOST, 4_789, long);
    wait_for(&msee, "tunnel_fragment", 2);
    assert_eq!(count(&msee.get("/counters"), "forwarded_ce"), 1, "nothing of that went on");
    msee.terminate();
}

/// In contoso's network, and from nobody of contoso's.
fn outside_of_the_vnet() -> Vec<u8> {
    let mut bytes = datagram(8, CONTOSO);
    let mut header = etherparse::Ipv4Header::from_slice(&bytes[22..]).unwrap().0;
    header.source = [192, 0, 2, 1];
    header.header_checksum = header.calc_header_checksum();
    bytes[22..42].copy_from_slice(&header.to_bytes());
    bytes
}

fn wait_for(msee: &Msee, verdict: &str, times: u64) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while count(&msee.get("/counters"), verdict) < times {
        assert!(std::time::Instant::now() < deadline, "{verdict}: {}", msee.get("/counters"));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(count(&msee.get("/counters"), verdict), times);
}

#[test]
fn the_tunnel_counts_against_the_mtu() {
    let lab = scene::lab_with_underlay("vx-mtu", 1_450);
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(ALL));
    let of = |length: usize| Ping { size: length - 28, ..Ping::default() };
    assert_eq!(lab.ping("ce", VM, of(1_400)), reply(VM, 63));
    // What may be cut goes on in pieces, each in the tunnel; the VM's answer comes in pieces too. First,
    // for once the customer has learned the MTU it cuts by itself.
    let whole =
        lab.run("nsenter --net=/run/netns/@ce ping -M dont -c 3 -i 0.2 -s 1452 10.255.10.4");
    assert!(whole.contains(" 0% packet loss"), "{whole}");
    assert_eq!(lab.ping("ce", VM, of(1_401)), error(OURS_AT_CE, 3, 4, 1_400));
    // IPv6: the kernel learns it from Packet Too Big, and cuts.
    lab.run(&format!("nsenter --net=/run/netns/@ce ping -6 -M want -c 3 -i 0.2 -s 1400 {VM6}"));
    let route = lab.run(&format!("ip -n @ce -6 route get {VM6}"));
    assert!(route.contains("mtu 1400"), "{route}");
    let counters = msee.get("/counters");
    assert!(count(&counters, "fragmented") >= 3, "{counters}");
    assert_eq!(count(&counters, "tunnel_fragment"), 0, "{counters}");
    msee.terminate();
}

#[test]
fn an_injected_packet_tells_of_its_tunnels() {
    let lab = scene::lab("vx-inject");
    let mut control = lab.control();
    let msee = lab.start();
    let mut stream = control.accept();
    stream.apply(1, scene::state(ALL));
    let texts = |told: &serde_json::Value| -> Vec<String> {
        let steps = told["steps"].as_array().unwrap().iter();
        steps.map(|step| format!("{} {}", step["stage"], step["text"]).replace('"', "")).collect()
    };
    let told = msee.post("/inject", r#"{"source":"172.16.1.1","destination":"10.255.10.4"}"#);
    assert_eq!(told["verdict"], "forwarded_direct", "{told}");
    let way = texts(&told);
    assert_eq!(
        way[way.len() - 2..],
        ["tunnel into VXLAN to 192.168.7.11, VNI 5001", "out eth2.vni5001"]
    );

    let request = format!(
        r#"{{"port":"eth2.vni{FABRIKAM}","source":"10.255.10.4","destination":"172.16.1.1"}}"#
    );
    let told = msee.post("/inject", &request);
    assert_eq!((&told["verdict"], &told["leaves_by"]), (&"forwarded_ce".into(), &"eth3".into()));
    assert_eq!(
        texts(&told)[..4],
        [
            "port underlay eth2",
            "check ok",
            "tunnel out of VXLAN, VNI 5002",
            "port fabric port eth2.vni5002, VNet fabrikam"
        ]
    );
    let request = r#"{"port":"eth2","source":"10.255.10.4","destination":"172.16.1.1","ttl":1}"#;
    let told = msee.post("/inject", request);
    let last = texts(&told).pop().unwrap();
    assert_eq!(
        last,
        "icmp Answered with Time Exceeded from 10.255.0.4 to 10.255.10.4, out eth2.vni5001"
    );
    msee.terminate();
}
