//! Whether a frame that is redirected to an interface leaves it: one is sent, and the counters say.

use std::{
    fs, io,
    thread::sleep,
    time::{Duration, Instant},
};

use afxdp::{
    QueuesError,
    losses::{self, StatisticsError},
    selftest::{SelfTest, SelfTestError},
};

use super::super::BoundPort;

/// A veth counts at once, hardware when it has sent.
const DEADLINE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(2);

/// Position of the sent packets among the numbers behind an interface's name in /proc/net/dev.
const SENT: usize = 9;

/// Nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub(super) enum VerifyError {
    #[error(transparent)]
    Carrier(#[from] QueuesError),
    #[error(transparent)]
    SelfTest(#[from] SelfTestError),
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    #[error("cannot read /proc/thread-self/net/dev")]
    Interfaces(#[from] io::Error),
}

/// Sends the frame and waits for the counter. `None`: without a carrier nothing leaves, and nothing is
/// known.
pub(super) fn leaves(test: &mut SelfTest, port: &BoundPort) -> Result<Option<bool>, VerifyError> {
    if !afxdp::has_carrier(&port.interface)? {
        return Ok(None);
    }
    let before = sent(&port.interface)?;
    test.send(port.ifindex, port.mac.0)?;
    let started = Instant::now();
    loop {
        if sent(&port.interface)? > before {
            return Ok(Some(true));
        }
        if started.elapsed() > DEADLINE {
            // It may have gone down meanwhile.
            return Ok(afxdp::has_carrier(&port.interface)?.then_some(false));
        }
        sleep(PAUSE);
    }
}

/// Frames sent: those that XDP redirected, if the driver counts them apart, else all.
fn sent(interface: &str) -> Result<u64, VerifyError> {
    let statistics = losses::statistics(interface)?;
    let redirected: Vec<u64> =
        statistics.iter().filter(|(name, _)| counts_redirected(name)).map(|it| it.1).collect();
    if redirected.is_empty() {
        return Ok(sent_packets(&fs::read_to_string("/proc/thread-self/net/dev")?, interface));
    }
    Ok(redirected.iter().sum())
}

/// `tx_queue_0_xdp_xmit` of a veth, `tx_xdp_xmit` of mlx5; not `tx_queue_0_xdp_xmit_errors`.
fn counts_redirected(name: &str) -> bool {
    name.ends_with("xdp_xmit")
}

fn sent_packets(table: &str, interface: &str) -> u64 {
    let line = table.lines().find_map(|line| {
        let (name, numbers) = line.split_once(':')?;
        (name.trim() == interface).then_some(numbers)
    });
    let number = line.and_then(|numbers| numbers.split_ascii_whitespace().nth(SENT));
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_read_where_the_driver_counts_it() {
        let names = ["tx_queue_0_xdp_xmit", "tx_xdp_xmit"];
        assert!(names.into_iter().all(counts_redirected));
        assert!(!counts_redirected("tx_queue_0_xdp_xmit_errors"));
        let table = "  lo: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\neth1:1 2 0 0 0 0 0 0 3 17 0 0 0 0 0 0";
        assert_eq!((sent_packets(table, "eth1"), sent_packets(table, "eth2")), (17, 0));
    }
}
