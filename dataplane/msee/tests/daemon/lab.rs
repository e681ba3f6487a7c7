//! Three network namespaces and the program under test in the middle one.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::Ipv4Addr,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, sleep},
    time::{Duration, Instant},
};

use desired::{
    Adjacency, CircuitPort, FabricPort, FabricVnet, GatewayNextHop, MacAddress, MseeState, Route,
    Tags, Vrf,
};
use nix::{
    sched::{CloneFlags, setns},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    control::Control,
    ping::{self, Answer, Ping},
};

pub(crate) const VM: [u8; 4] = [10, 255, 10, 4];
/// A VM of a spoke, behind the gateway. Nothing has its address.
pub(crate) const TARGET: Ipv4Addr = Ipv4Addr::new(10, 254, 10, 4);

const DEADLINE: Duration = Duration::from_secs(20);

const CE_MAC: &str = "02:00:00:00:01:01";
const MSEE_CIRCUIT_MAC: &str = "02:00:00:00:01:02";
const MSEE_FABRIC_MAC: &str = "02:00:00:00:02:01";
const VM_MAC: &str = "02:00:00:00:02:02";
const GATEWAY_MAC: &str = "02:00:00:00:02:0c";

/// Makes namespaces under names of its own, and removes them.
pub(crate) struct Lab {
    prefix: String,
    nodes: Mutex<Vec<&'static str>>,
    directory: tempfile::TempDir,
    pins: PathBuf,
    _presence: Presence,
}

/// Tests run side by side, except one that takes all of the machine.
static PRESENCE: RwLock<()> = RwLock::new(());

#[allow(dead_code, reason = "held, not read")]
enum Presence {
    Together(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Lab {
    pub(crate) fn new(test: &str) -> Self {
        let presence = PRESENCE.read().unwrap_or_else(PoisonError::into_inner);
        Self::start_lab(test, Presence::Together(presence))
    }

    /// Waits until no other test of this binary runs, and lets none begin.
    pub(crate) fn alone(test: &str) -> Self {
        let presence = PRESENCE.write().unwrap_or_else(PoisonError::into_inner);
        Self::start_lab(test, Presence::Alone(presence))
    }

    fn start_lab(test: &str, presence: Presence) -> Self {
        assert!(nix::unistd::geteuid().is_root(), "these tests make namespaces: run them as root");
        let prefix = format!("mseet-{}-{test}", std::process::id());
        let directory = tempfile::tempdir().unwrap();
        let pins = Path::new("/run/erlab/bpf").join(&prefix).join("msee-t");
        let lab = Self { prefix, nodes: Mutex::default(), directory, pins, _presence: presence };
        for node in ["ce", "msee", "vm"] {
            lab.node(node);
        }
        lab.veth("ce", "eth1", CE_MAC, "eth1", MSEE_CIRCUIT_MAC);
        lab.connect_cpu();
        lab.run("ip -n @ce address add 172.16.1.1/30 dev eth1");
        lab.run("ip -n @ce route add default via 172.16.1.2");
        lab.connect_vm();
        lab
    }

    /// Adds a node without interfaces.
    pub(crate) fn node(&self, node: &'static str) {
        self.nodes.lock().unwrap().push(node);
        self.run(&format!("ip netns add @{node}"));
        self.sysctl(node, "net/ipv6/conf/all/disable_ipv6", "1");
        self.sysctl(node, "net/ipv6/conf/default/disable_ipv6", "1");
        self.sysctl(node, "net/ipv4/icmp_ratelimit", "0");
        self.run(&format!("ip -n @{node} link set lo up"));
    }

    /// The `cpu` veth of `eth1`, with the router's address.
    pub(crate) fn connect_cpu(&self) {
        // Complete before it has the name that makes it a port: XDP goes on last.
        self.run(&format!(
            "ip -n @msee link add cpu1 address {MSEE_CIRCUIT_MAC} type veth peer name far1"
        ));
        self.run("nsenter --net=/run/netns/@msee ethtool -K far1 gro on");
        self.prepare("msee", "cpu1");
        self.run("ip -n @msee address add 172.16.1.2/30 dev cpu1");
        let neighbour = "nud permanent dev";
        self.run(&format!("ip -n @msee neigh add 172.16.1.1 lladdr {CE_MAC} {neighbour} cpu1"));
        self.run("ip -n @msee link set far1 name xcpu1");
        self.prepare("msee", "xcpu1");
    }

    /// The link between `eth2` of the router and the VM.
    pub(crate) fn connect_vm(&self) {
        self.veth("vm", "eth1", VM_MAC, "eth2", MSEE_FABRIC_MAC);
        self.run("ip -n @vm address add 10.255.10.4/16 dev eth1");
        self.run("ip -n @vm route add default via 10.255.0.4");
    }

    /// A link between a node and the router.
    pub(crate) fn veth(
        &self,
        node: &str,
        interface: &str,
        mac: &str,
        at_msee: &str,
        msee_mac: &str,
    ) {
        self.run(&format!(
            "ip -n @{node} link add {interface} address {mac} type veth \
             peer name {at_msee} address {msee_mac} netns @msee"
        ));
        self.prepare(node, interface);
        self.prepare("msee", at_msee);
    }

    /// Redirected frames reach an interface only with NAPI on it (gro), and checksums must be
    /// real when XDP passes them on.
    fn prepare(&self, node: &str, interface: &str) {
        self.run(&format!(
            "nsenter --net=/run/netns/@{node} ethtool -K {interface} gro on tx-checksumming off tso off gso off"
        ));
        self.run(&format!("ip -n @{node} link set {interface} up"));
    }

    pub(crate) fn sysctl(&self, node: &str, name: &str, value: &str) {
        let path = format!("/proc/sys/{name}");
        let value = value.to_owned();
        // /proc/sys/net is that of the reader's namespace.
        self.inside(node, move || fs::write(path, value).unwrap());
    }

    /// Runs a command, `@node` standing for a namespace's name; its output.
    pub(crate) fn run(&self, command: &str) -> String {
        let command = command.replace('@', &format!("{}-", self.prefix));
        let mut words = command.split_whitespace();
        let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs `work` on a thread inside the namespace of `node`.
    pub(crate) fn inside<T: Send + 'static>(
        &self,
        node: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let namespace = File::open(format!("/run/netns/{}-{node}", self.prefix)).unwrap();
        let thread = thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        });
        thread.join().unwrap()
    }

    pub(crate) fn ping(&self, from: &str, to: [u8; 4], ping: Ping) -> Answer {
        self.inside(from, move || ping.send(to.into()))
    }

    pub(crate) fn datagram(&self, from: &str, to: [u8; 4], port: u16) -> Answer {
        self.inside(from, move || ping::datagram(to.into(), port))
    }

    pub(crate) fn flood_expiring(&self, from: &str, to: [u8; 4], count: u16) -> Duration {
        self.inside(from, move || ping::flood_expiring(to.into(), count))
    }

    /// Pings one after the other until stopped.
    pub(crate) fn ping_without_end(&self, from: &str, to: [u8; 4]) -> Traffic {
        let namespace = File::open(format!("/run/netns/{}-{from}", self.prefix)).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            let (mut sent, mut unanswered) = (0, 0);
            while !stopped.load(Ordering::Relaxed) {
                let ping = Ping { sequence: 1_000 + sent, ..Ping::default() };
                unanswered += u16::from(ping.send(to.into()) == Answer::Silence);
                sent += 1;
                sleep(Duration::from_millis(1));
            }
            (sent, unanswered)
        });
        Traffic { stop, thread }
    }

    pub(crate) fn traceroute(&self, from: &str, to: [u8; 4]) -> String {
        let to = Ipv4Addr::from(to);
        self.run(&format!("nsenter --net=/run/netns/@{from} inetutils-traceroute -m 4 -w 2 {to}"))
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn pins(&self) -> &Path {
        &self.pins
    }

    pub(crate) fn control(&self) -> Control {
        Control::listen(&self.directory().join("control.sock"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        let file = |name: &str| self.directory().join(name);
        let log = File::options().create(true).append(true).open(file("msee.log")).unwrap();
        command
            .arg(format!("--net=/run/netns/{}-msee", self.prefix))
            .args([env!("CARGO_BIN_EXE_msee"), "--name", "msee-t", "--control"])
            .arg(file("control.sock"))
            .arg("--admin")
            .arg(file("admin.sock"))
            .arg("--pins")
            .arg(self.pins())
            .env("ERLAB_LAB", &self.prefix)
            .stdin(Stdio::null())
            .stderr(log);
        command
    }

    /// Starts the router and waits until it answers on its admin socket.
    pub(crate) fn start(&self) -> Msee {
        self.start_by(|_| {})
    }

    /// The same, with more arguments or environment.
    pub(crate) fn start_by(&self, arrange: impl FnOnce(&mut Command)) -> Msee {
        let admin = self.directory().join("admin.sock");
        let mut command = self.command();
        arrange(&mut command);
        let child = command.spawn().unwrap();
        let log = self.directory().join("msee.log");
        let msee = Msee { child: Mutex::new(child), admin, log };
        let deadline = Instant::now() + DEADLINE;
        while UnixStream::connect(&msee.admin).is_err() {
            let ended = msee.child.lock().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "no start: {}", msee.log());
            sleep(Duration::from_millis(10));
        }
        // It may accept before it is ready; the answer comes when it is.
        msee.get("/health");
        msee
    }

    /// Starts a router that ends by itself, and unsuccessfully; its log.
    pub(crate) fn start_and_fail(&self) -> String {
        self.start_and_fail_by(|_| {})
    }

    /// The same, with more arguments or environment.
    pub(crate) fn start_and_fail_by(&self, arrange: impl FnOnce(&mut Command)) -> String {
        let mut command = self.command();
        arrange(&mut command);
        let status = command.status().unwrap();
        assert!(!status.success());
        fs::read_to_string(self.directory().join("msee.log")).unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for node in self.nodes.lock().unwrap().iter() {
            let _ = Command::new("ip")
                .args(["netns", "del", &format!("{}-{node}", self.prefix)])
                .status();
        }
        // Left only by a test that failed.
        if let Some(directory) = self.pins.parent() {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

/// Hub VNet with a FastPath VM, a spoke behind the gateway, and the customer's link.
pub(crate) fn state() -> MseeState {
    let vrf = "CIRCUIT_EQUINIX".to_owned();
    let direct = Adjacency::Direct {
        port: "eth2".to_owned(),
        address: Ipv4Addr::new(10, 255, 10, 4).into(),
        mac: Some(VM_MAC.parse().unwrap()),
        vm: "hub-vm".to_owned(),
        connection: "conn1".to_owned(),
        tunnel: None,
    };
    let gateway = Adjacency::Gateway {
        port: "eth2".to_owned(),
        gateway: "ERGW1".to_owned(),
        connection: "conn1".to_owned(),
        instances: vec![GatewayNextHop {
            address: Ipv4Addr::new(10, 255, 0, 12),
            mac: Some(GATEWAY_MAC.parse().unwrap()),
            tunnel: None,
        }],
    };
    let route = |prefix: &str, adjacency, why: &str| {
        (prefix.parse().unwrap(), Route { adjacency, why: why.to_owned() })
    };
    let routes = [
        route("172.16.1.0/30", Adjacency::Ce { port: "eth1".to_owned() }, "announced by ce1"),
        route("10.255.10.4/32", direct, "hub VM: in FastPath"),
        route("10.254.0.0/16", gateway, "spoke prefix: not in FastPath"),
    ];
    let hub = FabricVnet {
        prefixes: vec!["10.255.0.0/16".parse().unwrap()],
        vrf: vrf.clone(),
        address: Ipv4Addr::new(10, 255, 0, 4),
        address_ipv6: None,
        vni: None,
    };
    let circuit_port = CircuitPort {
        circuit: vrf.clone(),
        vrf: vrf.clone(),
        address: "172.16.1.2/30".parse().unwrap(),
        peer: Ipv4Addr::new(172, 16, 1, 1),
        peer_mac: Some(CE_MAC.parse::<MacAddress>().unwrap()),
        interface: "eth1".to_owned(),
        tags: Tags::Untagged,
        cpu: Some("xcpu1".to_owned()),
        ipv6: None,
        bandwidth: None,
        validate_source: false,
    };
    MseeState {
        circuit_ports: [("eth1".to_owned(), circuit_port)].into(),
        fabric_ports: [(
            "eth2".to_owned(),
            FabricPort { vnets: [("hub".to_owned(), hub)].into(), vxlan: None },
        )]
        .into(),
        vrfs: [(vrf, Vrf { routes: routes.into() })].into(),
    }
}

/// Pings under way.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(u16, u16)>,
}

impl Traffic {
    /// How many were sent, and how many of them had no answer.
    pub(crate) fn stop(self) -> (u16, u16) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// A running router; killed when the test ends before it does.
pub(crate) struct Msee {
    child: Mutex<Child>,
    admin: PathBuf,
    log: PathBuf,
}

impl Msee {
    pub(crate) fn get(&self, path: &str) -> Value {
        self.http(&format!("GET {path} HTTP/1.1\r\nHost: msee\r\nConnection: close\r\n\r\n"))
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Value {
        let length = body.len();
        self.http(&format!(
            "POST {path} HTTP/1.1\r\nHost: msee\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn http(&self, request: &str) -> Value {
        let mut stream = UnixStream::connect(&self.admin).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {response}"))
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.lock().unwrap().id().cast_signed());
        kill(pid, signal).unwrap();
    }

    /// SIGTERM; it must end in order.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
        let status = self.child.lock().unwrap().wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// SIGKILL.
    pub(crate) fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Msee {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        if let Ok(None) = child.try_wait() {
            if thread::panicking() {
                eprintln!("{}", fs::read_to_string(&self.log).unwrap_or_default());
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
