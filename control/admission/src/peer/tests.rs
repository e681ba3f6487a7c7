use nix::unistd::{getegid, getgroups};

use super::*;

const RULE: Rule = Rule { owner: 1_000, group: Some(2_000) };

fn peer(user: u32, groups: &[u32]) -> Peer {
    Peer { process: None, user, groups: groups.to_vec() }
}

#[test]
fn root_the_owner_and_the_group_are_admitted() {
    assert!(RULE.admits(&peer(0, &[0])));
    assert!(RULE.admits(&peer(1_000, &[1_000])));
    assert!(RULE.admits(&peer(1_001, &[1_001, 5, 2_000])));
}

#[test]
fn another_user_is_refused() {
    assert!(!RULE.admits(&peer(1_001, &[1_001])));
}

#[test]
fn root_s_group_is_no_root() {
    assert!(!RULE.admits(&peer(1_001, &[0])));
}

#[test]
fn without_a_file_the_group_is_refused() {
    let rule = Rule::of(Path::new("/nowhere/a.sock"));
    assert_eq!(rule, Rule { owner: geteuid().as_raw(), group: None });
    assert!(!rule.admits(&peer(geteuid().as_raw() + 1, &[getegid().as_raw()])));
}

#[tokio::test]
async fn the_kernel_tells_all_groups_of_a_peer() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let peer = Peer::of(&ours).unwrap();
    assert_eq!(peer.process, Some(std::process::id().cast_signed()));
    assert_eq!(peer.user, geteuid().as_raw());
    let expected = getgroups().unwrap().into_iter().chain([getegid()]);
    assert_eq!(peer.groups, expected.map(nix::unistd::Gid::as_raw).collect::<Vec<_>>());
}
