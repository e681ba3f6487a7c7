//! As root, on namespaces of labs whose names start with `nett`; what a failing test leaves is
//! removed by its [`Lab`].

mod ping;
mod vxlan;

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

    /// The lab with its fabrics in VXLAN, without wires.
    pub(super) fn vxlan(name: &str) -> Self {
        let text = FASTPATH.replace("name: fastpath", &format!("name: {name}"));
        Self::of(name, &text.replace("wires: on", "wires: off\n  fabric: vxlan"))
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
    all_marked(&lab).await;
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

async fn all_marked(lab: &Lab) {
    let mark = mark(&lab.plan.lab);
    for (namespace, _) in layout(&lab.plan).namespaces {
        let links = connection::Connection::open(&namespace).await.unwrap().links().await.unwrap();
        for (name, link) in &links {
            assert_eq!(link.alias.as_deref(), Some(mark.as_str()), "{namespace} {name}");
        }
    }
}

#[tokio::test]
async fn two_customers_have_equal_addresses_side_by_side_in_both_families() {
    let lab = Lab::two_customers("netttwo");
    let built = build(&lab.plan).await.unwrap();
    assert_eq!(built.warnings, []);
    for customer in ["contoso", "fabrikam"] {
        let node = |kind: &str| lab.namespace(&format!("{customer}-{kind}"));
        for (from, to, answered) in [
            (node("pc"), ["10.10.10.1", "fd00:10:10:10::1"], true),
            // The customer edge forwards: its far addresses answer.
            (node("pc"), ["172.16.1.1", "fd00:172:16:1::1"], true),
            (node("pc"), ["172.16.2.1", "fd00:172:16:2::1"], true),
            (node("ce"), ["10.10.10.4", "fd00:10:10:10::4"], true),
            (node("vm"), ["10.255.10.4", "fd00:255:0:10::4"], true),
            // No router runs, and nothing else answers for an MSEE; no address is another customer's.
            (node("ce"), ["172.16.1.2", "fd00:172:16:1::2"], false),
            (node("vm"), ["10.255.0.4", "fd00:255::4"], false),
        ] {
            for to in to {
                assert_eq!(answers(&from, to), answered, "{from} {to}");
            }
        }
    }
    let setting = |name: &str| {
        let path = format!("/proc/sys/net/{name}");
        let read = || std::fs::read_to_string(path).unwrap();
        in_namespace(&lab.namespace("msee-a"), read).unwrap().trim().to_owned()
    };
    // Each link's kernel side has the same address, and answers on its own veth.
    let filters = ["cpu1-1", "cpu1-2", "eth1"].map(|name| format!("ipv4/conf/{name}/rp_filter"));
    assert_eq!(filters.map(|name| setting(&name)), ["0", "0", "1"]);
    let off = ["cpu1-1", "cpu1-2", "eth1"].map(|name| format!("ipv6/conf/{name}/disable_ipv6"));
    assert_eq!(off.map(|name| setting(&name)), ["0", "0", "1"]);
}

#[tokio::test]
async fn a_kernel_with_ipv6_says_nothing_by_itself() {
    let lab = Lab::two_customers("nettquiet");
    build(&lab.plan).await.unwrap();
    let addresses = |node: &str| {
        let read = || std::fs::read_to_string("/proc/thread-self/net/if_inet6");
        let text = in_namespace(&lab.namespace(node), read).unwrap().unwrap();
        let interfaces = text.lines().map(|line| line.split_whitespace().last().unwrap());
        let mut interfaces: Vec<String> = interfaces.map(str::to_owned).collect();
        interfaces.sort();
        interfaces
    };
    // One address each, those of the file: no link-local ones.
    assert_eq!(addresses("contoso-vm"), ["eth1", "lo"]);
    assert_eq!(addresses("contoso-ce"), ["eth1", "eth2", "eth3", "lo"]);
    assert_eq!(addresses("msee-a"), ["cpu1-1", "cpu1-2", "lo"]);
    assert_eq!(addresses("ERGW-CONTOSO"), [""; 0]);
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
    let [plain, vxlan] = [Lab::new("nettprobe", true), Lab::vxlan("nettprobevx")];
    for feature in probe::features().await {
        assert!(!feature.is_missed_by(&plain.plan) && !feature.is_missed_by(&vxlan.plan));
        // Without it, it is missed by those labs that need it.
        let absent = probe::Feature { present: false, ..feature };
        let required = feature.required;
        assert_eq!(absent.is_missed_by(&plain.plan), required == probe::Required::Always);
        assert_eq!(absent.is_missed_by(&vxlan.plan), required != probe::Required::Never);
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
