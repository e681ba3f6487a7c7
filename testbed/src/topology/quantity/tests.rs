use std::time::Duration;

use super::*;

#[test]
fn delays() {
    let read = |text: &str| text.parse::<Delay>().map(|delay| delay.0).ok();
    assert_eq!(read("500us"), Some(Duration::from_micros(500)));
    assert_eq!(read("35ms"), Some(Duration::from_millis(35)));
    assert_eq!(read("0.5 ms"), Some(Duration::from_micros(500)));
    assert_eq!(read("1s"), Some(Duration::from_secs(1)));
    for wrong in ["35", "ms", "-1ms", "35 minutes", "1e3s", ""] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    assert_eq!(Delay(Duration::from_micros(500)).to_string(), "500us");
    assert_eq!(Delay(Duration::from_millis(35)).to_string(), "35ms");
}

#[test]
fn bandwidths() {
    let read = |text: &str| text.parse::<Bandwidth>().map(|bandwidth| bandwidth.0).ok();
    assert_eq!(read("1Gbps"), Some(1_000_000_000));
    assert_eq!(read("2.5Gbps"), Some(2_500_000_000));
    assert_eq!(read("50Mbps"), Some(50_000_000));
    assert_eq!(read("800bps"), Some(800));
    for wrong in ["1G", "1gigabit", "0Mbps", "fast"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
    assert_eq!(Bandwidth(50_000_000).to_string(), "50Mbps");
    assert_eq!(Bandwidth(1_000_000_000).megabits(), Some(1000));
    for bits in [0, 999_999, 1_500_000, 400_001_000_000] {
        assert_eq!(Bandwidth(bits).megabits(), None, "{bits}");
    }
}
