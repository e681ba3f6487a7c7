use super::*;

#[test]
fn the_default_is_consistent() {
    assert_eq!(Config::default().check(), Ok(()));
}

#[test]
fn every_impossible_size_is_named() {
    let odd = Config { transmit: 1_000, ..Config::default() };
    assert_eq!(odd.check(), Err(ConfigError::RingSize { ring: "transmit", entries: 1_000 }));
    let none = Config { fill: 0, ..Config::default() };
    assert_eq!(none.check(), Err(ConfigError::RingSize { ring: "fill", entries: 0 }));
    let jumbo = Config { frame_size: 9_000, ..Config::default() };
    assert_eq!(jumbo.check(), Err(ConfigError::FrameSize { bytes: 9_000 }));
    let few = Config { frames: 2_047, ..Config::default() };
    assert_eq!(few.check(), Err(ConfigError::Frames { frames: 2_047, fill: 2_048 }));
    let batch = Config { batch: 2_049, ..Config::default() };
    assert_eq!(batch.check(), Err(ConfigError::Batch { batch: 2_049, receive: 2_048 }));
}
