//! The layouts are those of the version that `abi::VERSION` names.
//!
//! `layouts/N.txt` says what version N looks like. A change of a layout without another version fails
//! here. With a new version, `ERLAB_WRITE_LAYOUT=1 cargo test -p abi` writes its file; the files of
//! versions that were released are never changed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write, fs, path::PathBuf};

use abi::{image, limits, police, punt, trace, tunnel, verdict};

macro_rules! describe {
    ($text:ident, $($type:ty { $($field:ident),+ $(,)? })+) => {
        $(
            let name = std::any::type_name::<$type>();
            writeln!($text, "{name}: {} bytes", size_of::<$type>()).unwrap();
            $(
                let offset = std::mem::offset_of!($type, $field);
                writeln!($text, "  {offset:>3} {}", stringify!($field)).unwrap();
            )+
        )+
    };
}

macro_rules! constants {
    ($text:ident, $($constant:path),+ $(,)?) => {
        $(writeln!($text, "{} = {}", stringify!($constant), $constant).unwrap();)+
    };
}

fn layout() -> String {
    let mut text = format!("ABI version {}\n\n", abi::VERSION);
    describe!(text,
        image::Active { generation }
        image::PortKey { ifindex, outer, inner }
        image::PortSlot { key, slot, reserved }
        image::Port {
            kind, tag_length, mac, tags, peer, root_ipv4, root_ipv6, address_ipv4, address_ipv6,
            byte_cost, burst, flags, reserved,
        }
        image::Vnet { root_ipv4, root_ipv6, address_ipv4, address_ipv6, reserved }
        image::Adjacency {
            kind, reserved, verdict, port, mtu, header, tag_length, reserved_tail,
            tunnel,
        }
        image::Tunnel { header, port, resolver, reserved }
        punt::Metadata {
            generation, verdict, port, adjacency, vnet, host, host_mac, reserved, vni,
        }
        image::NextHop { address, kind, resolver, reserved }
        trace::Step { stage, verdict, value }
        trace::Record { length, generation, steps }
    );
    text.push('\n');
    constants!(
        text,
        image::UNTAGGED,
        image::PORT_ABSENT,
        image::PORT_CIRCUIT,
        image::PORT_FABRIC,
        image::PORT_CPU,
        image::PORT_UNDERLAY,
        image::ADJACENCY_DROP,
        image::ADJACENCY_CE,
        image::ADJACENCY_DIRECT,
        image::ADJACENCY_GATEWAY,
        image::ADJACENCY_UNRESOLVED,
        image::RESOLVER_NONE,
        image::RESOLVER_DECLARED,
        image::RESOLVER_MSEE,
        image::RESOLVER_KERNEL,
        image::RESOLVER_NOBODY,
        image::NO_ROUTE,
        image::LEAF,
        image::GROUP,
        image::PORT_VALIDATE_SOURCE,
        limits::BANKS,
        limits::PORTS,
        limits::PORT_BUCKETS,
        limits::PORT_PROBES,
        limits::VNETS,
        limits::ADJACENCIES,
        limits::GROUPS,
        limits::GROUP_PLACES,
        limits::TUNNELS,
        limits::NODES,
        limits::NODE_ENTRIES,
        police::SHIFT,
        police::CLASSES,
        trace::STEPS,
        trace::INTO_TUNNEL,
        tunnel::HEADERS,
        tunnel::UDP_PORT,
        tunnel::FIRST_SOURCE_PORT,
        tunnel::SOURCE_PORT_BITS,
    );
    let (map, count) = (abi::DAEMON_COUNTERS, verdict::COUNT);
    writeln!(text, "map {map}: 1 mapped entry of {count} 8-byte counters").unwrap();
    text.push('\n');
    for verdict in verdict::ALL {
        let (number, stage) = (verdict.number(), verdict.stage() as u16);
        writeln!(text, "verdict {number} {} stage {stage}", verdict.name()).unwrap();
    }
    text
}

#[test]
fn a_layout_does_not_change_without_its_version() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("layouts");
    let file = directory.join(format!("{}.txt", abi::VERSION));
    if std::env::var_os("ERLAB_WRITE_LAYOUT").is_some() {
        fs::write(&file, layout()).unwrap();
    }
    let recorded = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        recorded == layout(),
        "the layouts are not those of {}: raise abi::VERSION and write the new file with \
         ERLAB_WRITE_LAYOUT=1, or take the change back\n{}",
        file.display(),
        difference(&recorded, &layout())
    );
}

fn difference(recorded: &str, now: &str) -> String {
    let lost = recorded.lines().filter(|line| !now.lines().any(|other| other == *line));
    let new = now.lines().filter(|line| !recorded.lines().any(|other| other == *line));
    let lost = lost.map(|line| format!("- {line}\n"));
    lost.chain(new.map(|line| format!("+ {line}\n"))).collect()
}
