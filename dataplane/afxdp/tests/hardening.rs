//! The programs load on a host that is hardened against BPF: `kernel.unprivileged_bpf_disabled=2`
//! and `net.core.bpf_jit_harden=2`, which blinds every constant for every user.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use aya::{EbpfLoader, programs::Xdp};

/// A setting of the whole host, put back when dropped. Locked meanwhile: what another test of this
/// kind finds must not be what this one has set.
struct Setting {
    name: &'static str,
    before: String,
    _lock: File,
}

impl Setting {
    fn path(name: &str) -> PathBuf {
        Path::new("/proc/sys").join(name.replace('.', "/"))
    }

    fn set(name: &'static str, value: &str) -> io::Result<Self> {
        let path = Self::path(name);
        let lock = File::open(&path)?;
        lock.lock()?;
        let before = fs::read_to_string(&path)?.trim().to_owned();
        if before != value {
            fs::write(&path, value)?;
        }
        Ok(Self { name, before, _lock: lock })
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        if let Err(error) = fs::write(Self::path(self.name), &self.before) {
            eprintln!("{} is not {} again: {error}", self.name, self.before);
        }
    }
}

/// Sets what it can. Unprivileged BPF that is off for good (1) is as strict as 2 and stays.
fn harden() -> io::Result<Vec<Setting>> {
    let unprivileged = "kernel.unprivileged_bpf_disabled";
    let mut settings = Vec::new();
    if fs::read_to_string(Setting::path(unprivileged))?.trim() != "1" {
        settings.push(Setting::set(unprivileged, "2")?);
    }
    settings.push(Setting::set("net.core.bpf_jit_harden", "2")?);
    Ok(settings)
}

#[test]
fn the_programs_load_on_a_hardened_host() {
    let _settings = match harden() {
        Ok(settings) => settings,
        Err(error) => return eprintln!("skipped: this host's settings cannot be changed: {error}"),
    };
    let prebuilt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ebpf/prebuilt");
    let objects = std::env::var_os(afxdp::DIRECTORY).map_or(prebuilt.into(), PathBuf::from);
    for object in ["ergw.bpf.o", "msee.bpf.o"] {
        let mut ebpf = EbpfLoader::new().load(&fs::read(objects.join(object)).unwrap()).unwrap();
        let mut programs = 0;
        for (name, program) in ebpf.programs_mut() {
            let program: &mut Xdp = program.try_into().unwrap();
            program.load().unwrap_or_else(|error| panic!("{name} of {object}: {error}"));
            programs += 1;
        }
        assert!(programs > 0, "{object} has no program");
    }
}
