//! A program that the verifier refuses leaves the old one, and the error ends with the verifier's own
//! words.

use msee::fastpath::{Loader, Neighbours};

use crate::{
    bench::{Bench, names},
    kernel::pinned_tags,
    object, rig,
    traffic::Traffic,
};

#[test]
fn a_refused_program_leaves_the_old_one() {
    let refused = object::directory(&object::refused());
    let (bench, fast_path) = Bench::start();
    let tags = pinned_tags(&bench.pins());
    let generation = fast_path.compiled().generation();
    let traffic = Traffic::start(&bench.hosts);
    drop(fast_path);
    let error = Loader::default().objects(refused.path()).load(&bench.pins()).unwrap_err();
    let told = msee::daemon::chain(&error);
    println!("{told}");
    assert!(told.contains("the kernel refused the program msee_"), "{told}");
    assert!(told.contains("R9 !read_ok"), "the verifier's reason: {told}");
    let tail = told.lines().count() - 2;
    assert!((2..=20).contains(&tail), "{tail} lines of the verifier's log");
    assert_eq!(pinned_tags(&bench.pins()), tags, "the old program stays");
    assert_eq!(names(bench.namespace.bpffs()), ["msee-a"]);

    let mut fast_path = Loader::default().load(&bench.pins()).unwrap();
    assert_eq!(fast_path.compiled().generation(), generation);
    fast_path.apply(&rig::state(), &Neighbours::default()).unwrap();
    traffic.stop("a refused program");
    fast_path.shutdown().unwrap();
}

#[test]
fn a_file_that_is_no_object_changes_nothing() {
    let (bench, fast_path) = Bench::start();
    drop(fast_path);
    let object = object::current();
    for (bytes, reason) in [(&object[..object.len() / 2], "half"), (b"no ELF at all", "text")] {
        let directory = object::directory(bytes);
        let error = Loader::default().objects(directory.path()).load(&bench.pins()).unwrap_err();
        assert!(error.to_string().contains("msee.bpf.o is no eBPF object"), "{reason}: {error}");
    }
    bench.load(&Loader::default()).shutdown().unwrap();
}

#[test]
fn an_object_of_another_abi_version_changes_nothing() {
    let (bench, fast_path) = Bench::start();
    drop(fast_path);
    let ours = abi::VERSION;
    for version in [ours - 1, ours + 1] {
        let directory = object::directory(&object::of_version(version));
        let error = Loader::default().objects(directory.path()).load(&bench.pins()).unwrap_err();
        let told = format!("msee.bpf.o has ABI version {version} and this program version {ours}");
        assert!(error.to_string().contains(&told), "{error}");
    }
    bench.load(&Loader::default()).shutdown().unwrap();
}
