//! Quantities as the file writes them: `500us`, `1Gbps`.

use std::{fmt, ops::Deref, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// Makes a newtype text in the file.
macro_rules! text {
    ($name:ident, $inner:ty) => {
        impl Deref for $name {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = QuantityError;

            fn try_from(text: String) -> Result<Self, QuantityError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
pub(super) use text;

/// Text that is not the quantity it should be.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct QuantityError {
    text: String,
    expected: &'static str,
}

/// A one-way delay: a number and `ns`, `us`, `ms` or `s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delay(pub Duration);
text!(Delay, Duration);

impl FromStr for Delay {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let units = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
        scaled(text, &units)
            .map(|nanoseconds| Self(Duration::from_nanos(nanoseconds)))
            .ok_or_else(|| error(text, "a delay such as 500us, 35ms or 1s"))
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.as_nanos();
        match nanoseconds {
            n if n % 1_000_000 == 0 => write!(f, "{}ms", n / 1_000_000),
            n if n % 1_000 == 0 => write!(f, "{}us", n / 1_000),
            n => write!(f, "{n}ns"),
        }
    }
}

/// A bandwidth in bits per second: a number and `Kbps`, `Mbps`, `Gbps` or `Tbps` (powers of 1000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bandwidth(pub u64);
text!(Bandwidth, u64);

/// Most that a circuit can have: 400 Gbit/s, the largest ExpressRoute Direct port.
const MOST_MEGABITS: u64 = 400_000;

impl Bandwidth {
    /// Whole megabits per second, the unit of a circuit's `bandwidthInMbps`; `None` when that cannot
    /// say it.
    pub fn megabits(self) -> Option<u64> {
        let megabits = self.0 / 1_000_000;
        let is_whole = self.0.is_multiple_of(1_000_000);
        Some(megabits).filter(|megabits| is_whole && (1..=MOST_MEGABITS).contains(megabits))
    }
}

impl FromStr for Bandwidth {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let units = [("Kbps", 1e3), ("Mbps", 1e6), ("Gbps", 1e9), ("Tbps", 1e12), ("bps", 1.0)];
        scaled(text, &units)
            .filter(|bits| *bits > 0)
            .map(Self)
            .ok_or_else(|| error(text, "a bandwidth such as 50Mbps or 1Gbps"))
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n % 1_000_000_000 == 0 => write!(f, "{}Gbps", n / 1_000_000_000),
            n if n % 1_000_000 == 0 => write!(f, "{}Mbps", n / 1_000_000),
            n => write!(f, "{n}bps"),
        }
    }
}

pub(super) fn error(text: &str, expected: &'static str) -> QuantityError {
    QuantityError { text: text.to_owned(), expected }
}

/// Reads `<number><unit>`; the first unit that ends the text counts, so longer ones come first.
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<u64> {
    let (number, factor) = units.iter().find_map(|(unit, factor)| {
        let number = text.strip_suffix(unit)?.trim_end();
        number.chars().all(|c| c.is_ascii_digit() || c == '.').then_some((number, factor))
    })?;
    let value = number.parse::<f64>().ok()? * factor;
    // 2^53: beyond it a float is no longer exact (104 days in nanoseconds, 9 Pbit/s).
    #[allow(clippy::cast_sign_loss, reason = "digits and a point only: never negative")]
    (value <= 9_007_199_254_740_992.0).then(|| value.round() as u64)
}

#[cfg(test)]
mod tests;
