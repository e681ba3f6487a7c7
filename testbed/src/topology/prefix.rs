//! Prefixes as the file writes them: `10.254.0.0/16`, `fd00:254::/48`.

use std::{fmt, ops::Deref, str::FromStr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use serde::{Deserialize, Serialize};

use super::quantity::{QuantityError, error, text};

/// Makes a newtype of a network a prefix of the file.
macro_rules! prefix {
    ($name:ident, $network:ty, $expected:literal) => {
        text!($name, $network);

        impl $name {
            /// The prefix with its host bits cleared.
            pub fn masked(self) -> $network {
                // A network address with its own length is always valid; the fallback is never taken.
                <$network>::new(self.0.network(), self.0.prefix()).unwrap_or(self.0)
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            fn from_str(text: &str) -> Result<Self, QuantityError> {
                // Without the slash `ipnetwork` reads one address: never what the file's author meant.
                let parsed = text.contains('/').then(|| text.parse().ok()).flatten();
                parsed.map(Self).ok_or_else(|| error(text, $expected))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for IpNetwork {
            fn from(prefix: $name) -> Self {
                prefix.0.into()
            }
        }
    };
}

/// An IPv4 address with a prefix length; host bits may be set (an interface's address).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(pub Ipv4Network);
prefix!(Prefix, Ipv4Network, "an IPv4 prefix such as 10.254.0.0/16");

/// An IPv6 address with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix6(pub Ipv6Network);
prefix!(Prefix6, Ipv6Network, "an IPv6 prefix such as fd00:254::/48");

/// An address of either family with a prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AnyPrefix(pub IpNetwork);
prefix!(AnyPrefix, IpNetwork, "a prefix such as 10.254.0.0/16 or fd00:254::/48");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_need_their_length() {
        assert!("10.254.0.0/16".parse::<Prefix>().is_ok());
        for wrong in ["10.254.0.0", "10.254.0.0/33", "10.254.0/16", "fd00::/8"] {
            assert!(wrong.parse::<Prefix>().is_err(), "{wrong}");
        }
        let address: Prefix = "10.10.10.4/24".parse().unwrap();
        assert_eq!(address.masked().to_string(), "10.10.10.0/24");
    }

    #[test]
    fn each_family_has_a_type_and_one_takes_both() {
        assert!("fd00::/8".parse::<Prefix6>().is_ok());
        for wrong in ["fd00::", "fd00::/129", "10.254.0.0/16"] {
            assert!(wrong.parse::<Prefix6>().is_err(), "{wrong}");
        }
        let address: Prefix6 = "fd00:10:10::4/64".parse().unwrap();
        assert_eq!(address.masked().to_string(), "fd00:10:10::/64");
        for either in ["10.254.0.0/16", "fd00::/8"] {
            assert_eq!(either.parse::<AnyPrefix>().unwrap().to_string(), either);
        }
        assert!("fd00::1".parse::<AnyPrefix>().is_err());
    }
}
