//! As root, on namespaces of labs whose names start with `nett`; what a failing test leaves is
//! removed by its [`Lab`].

mod ping;

use std::{fs::File, process::Command, time::Duration};

use super::{
    layout::layout,
    namespace::{NamespaceError, in_namespace},
    *,
};
use crate::topology::{self, plan::Plan};
pub(super) use ping::{answers, send_udp};

const FASTPATH: &str = include_str!("../../../labs/fastpath.er.yml");
const TWO_CUSTOMERS: &str = include_str!("../../../labs/two-customers.er.yml");

/// A lab that is removed at the end of its test.
pub(super) struct Lab {
    pub(super) plan: Plan,
}

impl Lab {
    pub(super) fn new(name: &str, wires: bool) -> Self {
        let text = FASTPATH.replace("name: fastpath", &format!("name: {name}"));
        Self::of(name, &if wires { text } else { text.replace("wires: on", "wires: off") })
    }

    /// The lab of the two customers.
    pub(super) fn two_customers(name: &str) -> Self {
        Self::of(name, &TWO_CUSTOMERS.replace("name: two-customers", &format!("name: {name}")))
    }

    fn of(name: &str, text: &str) -> Self {
        assert!(nix::unistd::geteuid().is_root(), "these tests make namespaces: run them as root");
        let topology = topology::parse(text, name).unwrap();
        Self { plan: topology::plan(&topology).unwrap() }
    }

    pub(super) fn namespace(&self, node: &str) -> String {
        format!("{}-{node}", self.plan.lab)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let lab = self.plan.lab.clone();
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            runtime.block_on(remove(&lab)).map_err(std::io::Error::other)
        });
        removal.join().unwrap().unwrap();
    }
}

fn namespaces_of(lab: &str) -> Vec<String> {
    let names = namespace::names().unwrap();
    names.into_iter().filter(|name| name.starts_with(&format!("{lab}-"))).collect()
}

#[tokio::test]
async fn a_lab_without_wires_forwards_and_leaves_nothing() {
    let lab = Lab::new("nett", false);
    let built = build(&lab.plan).await.unwrap();
    println!("built in {:?}", built.took);
    assert_eq!(built.warnings, []);

    // Over the bridge, over a link, and both ways.
    assert!(answers(&lab.namespace("hub-vm"), "10.254.10.4"));
    assert!(answers(&lab.namespace("ce1"), "10.10.10.4"));
    assert!(answers(&lab.namespace("onprem-vm"), "10.10.10.1"));
    // The customer edge forwards: its far address answers a host.
    assert!(answers(&lab.namespace("onprem-vm"), "172.16.1.1"));
    // The plain veth to the MSEE carries frames, and its kernel does not answer by itself.
    let before = received(&lab.namespace("msee-a"), "eth1");
    assert!(!answers(&lab.namespace("ce1"), "172.16.1.2"));
    assert!(received(&lab.namespace("msee-a"), "eth1") > before);
    // Nor for a fabric address that no VM has.
    assert!(!answers(&lab.namespace("hub-vm"), "10.255.0.4"));

    assert!(labs().unwrap().contains(&"nett".to_owned()));
    let again = build(&lab.plan).await.unwrap_err();
    assert!(matches!(again, BuildError::Exists { .. }), "{again}");

    assert_eq!(remove("nett").await.unwrap(), 10);
    assert_eq!(namespaces_of("nett"), [""; 0]);
    assert!(!labs().unwrap().contains(&"nett".to_owned()));
    assert_eq!(remove("nett").await.unwrap(), 0);
}

#[tokio::test]
async fn every_interface_carries_the_mark_and_its_settings() {
    let lab = Lab::new("nettmark", true);
    build(&lab.plan).await.unwrap();
    for (namespace, _) in layout(&lab.plan).namespaces {
        let links = connection::Connection::open(&namespace).await.unwrap().links().await.unwrap();
        for (name, link) in &links {
            assert_eq!(link.alias.as_deref(), Some("erlab:nettmark"), "{namespace} {name}");
        }
    }
    let fabric = connection::Connection::open("nettmark-fabric").await.unwrap();
    let links = fabric.links().await.unwrap();
    for wire in lab.plan.wires() {
        assert!(links.contains_key(&wire.a) && links.contains_key(&wire.b), "{wire:?}");
    }
    let setting = |node: &str, name: &'static str| {
        let read = in_namespace(&lab.namespace(node), || {
            std::fs::read_to_string(format!("/proc/sys/net/{name}"))
        });
        read.unwrap().unwrap().trim().to_owned()
    };
    assert_eq!(setting("ce1", "ipv4/ip_forward"), "1");
    assert_eq!(setting("hub-vm", "ipv4/ip_forward"), "0");
    assert_eq!(setting("msee-a", "ipv4/conf/eth1/rp_filter"), "1");
    assert_eq!(setting("hub-vm", "ipv4/icmp_ratelimit"), "0");
    assert_eq!(setting("hub-vm", "ipv6/conf/eth1/disable_ipv6"), "1");
}

#[tokio::test]
async fn a_shared_port_carries_both_customers_tags() {
    let lab = Lab::two_customers("netttwo");
    build(&lab.plan).await.unwrap();
    let msee = lab.namespace("msee-a");
    let read = |name: &str| {
        let path = format!("/proc/sys/net/ipv4/conf/{name}/rp_filter");
        let read = in_namespace(&msee, || std::fs::read_to_string(path).unwrap());
        read.unwrap().trim().to_owned()
    };
    // Each link's kernel side has the same address, and answers on its own veth.
    assert_eq!([read("cpu1-1"), read("cpu1-2"), read("eth1")], ["0", "0", "1"]);
    assert!(answers(&lab.namespace("fabrikam-pc"), "10.10.10.1"));
    assert!(!answers(&lab.namespace("contoso-vm"), "10.255.0.4"));
}

#[tokio::test]
async fn a_failed_build_takes_back_its_own_and_nothing_else() {
    let lab = Lab::new("netttaken", true);
    let foreign = lab.namespace("msee-b");
    namespace::reserve(&foreign, "someone else's").unwrap();
    let result = build(&lab.plan).await;
    let left = namespaces_of("netttaken");
    let nothing = remove("netttaken").await;
    namespace::delete(&foreign).unwrap();

    let error = result.unwrap_err();
    assert!(matches!(error, BuildError::Namespace(NamespaceError::Taken { .. })), "{error}");
    assert_eq!(left, [foreign]);
    assert_eq!(nothing.unwrap(), 0);
}

#[tokio::test]
async fn what_a_crash_left_is_found_and_removed() {
    // Between making the file and mounting the namespace.
    namespace::reserve("nettcrash-ce1", &mark("nettcrash")).unwrap();
    let found = labs().unwrap();
    // A lab whose name begins with another's is another lab.
    let other = remove("nett-crash").await.unwrap();
    let removed = remove("nettcrash").await.unwrap();
    assert!(found.contains(&"nettcrash".to_owned()));
    assert_eq!((other, removed), (0, 1));
    assert_eq!(namespaces_of("nettcrash"), [""; 0]);
}

#[tokio::test]
async fn interfaces_go_also_when_a_process_stays() {
    let lab = Lab::new("nettstay", false);
    build(&lab.plan).await.unwrap();
    let sleep = || Command::new("sleep").arg("60").spawn();
    let mut process = in_namespace(&lab.namespace("hub-vm"), sleep).unwrap().unwrap();
    let removed = remove("nettstay").await;
    let file = File::open(format!("/proc/{}/ns/net", process.id())).unwrap();
    let devices = namespace::on_thread("hub-vm", || {
        namespace::enter_file("hub-vm", &file).unwrap();
        std::fs::read_to_string("/proc/thread-self/net/dev").unwrap()
    });
    process.kill().unwrap();
    process.wait().unwrap();

    assert_eq!(removed.unwrap(), 10);
    assert!(!devices.unwrap().contains("eth1:"));
}

#[tokio::test]
async fn an_unused_lab_name_removes_nothing() {
    assert_eq!(remove("nettnothing").await.unwrap(), 0);
}

#[tokio::test]
async fn this_kernel_has_what_labs_require() {
    for feature in probe::features().await {
        assert!(feature.present || !feature.required, "{feature:?}");
    }
}

/// Packets an interface has received.
pub(super) fn received(namespace: &str, interface: &str) -> u64 {
    // A frame that is on its way needs a moment of the receiving end's NAPI.
    std::thread::sleep(Duration::from_millis(20));
    let read = || std::fs::read_to_string("/proc/thread-self/net/dev");
    let devices = in_namespace(namespace, read).unwrap().unwrap();
    let prefix = format!("{interface}:");
    let line = devices.lines().find_map(|line| line.trim_start().strip_prefix(&prefix)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
