//! The program's own checksum code, compiled for the host.

#[allow(clippy::inline_always, reason = "it is the program's file, and eBPF inlines everything")]
#[path = "../../../../ebpf/programs/src/msee/checksum.rs"]
mod program;

/// The checksum of a header whose other words add up to `rest`, from scratch.
fn recomputed(rest: u16, ttl_protocol: u16) -> u16 {
    let sum = u32::from(rest) + u32::from(ttl_protocol);
    !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap()
}

#[test]
fn the_update_equals_a_recomputation_for_every_checksum_and_ttl() {
    const UDP: u16 = 17;
    for rest in 0..=u16::MAX {
        for ttl in 2..=255_u16 {
            let (before, after) = (ttl << 8 | UDP, (ttl - 1) << 8 | UDP);
            let updated = program::updated(recomputed(rest, before), before, after);
            assert_eq!(updated, recomputed(rest, after), "rest {rest:#06x}, TTL {ttl}");
        }
    }
}

#[test]
fn a_header_is_intact_when_its_sum_is_one_of_the_ones() {
    assert!(program::is_intact(0xffff));
    assert!(program::is_intact(0x1_fffe));
    assert!(!program::is_intact(0));
    assert!(!program::is_intact(0xfffe));
    // Thirty words of ones, the longest header there is.
    assert!(program::is_intact(30 * 0xffff));
}
