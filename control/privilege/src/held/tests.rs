use super::*;

const STATUS: &str = "Name:\tergw
CapInh:\t0000000000000000
CapPrm:\t000000c000003000
CapEff:\t0000008000000000
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000000
NoNewPrivs:\t1
";

#[test]
fn each_set_is_read_from_its_own_line() {
    let held = parse(STATUS).unwrap();
    assert_eq!(held.effective, Capabilities::BPF);
    let network = Capabilities::NET_ADMIN | Capabilities::NET_RAW;
    assert_eq!(held.permitted, network | Capabilities::BPF | Capabilities::PERFMON);
    assert_eq!(held.bounding.bits(), 0x1ff_ffff_ffff);
    assert!(held.inheritable.is_empty() && held.ambient.is_empty() && held.no_new_privs);
    assert_eq!(parse(&STATUS.replace("CapBnd", "CapXyz")), None);
}

#[test]
fn a_process_without_threads_is_an_error() {
    // Process numbers are below 2^22.
    assert_eq!(of_process(1 << 23).unwrap_err().kind(), io::ErrorKind::NotFound);
}
