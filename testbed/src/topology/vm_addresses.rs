//! A VM's addresses: `10.254.10.4`, or `[10.254.10.4, fd00:254::4]`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use super::located::{Located, Span};

/// The addresses of one VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmAddresses {
    /// Every VM has it.
    pub ipv4: Ipv4Addr,
    /// With its own place in the file: it stands in a list.
    pub ipv6: Option<Located<Ipv6Addr>>,
}

impl VmAddresses {
    /// Its addresses, IPv4 first.
    pub fn all(&self) -> impl Iterator<Item = IpAddr> {
        let ipv6 = self.ipv6.as_ref().map(|address| address.value.into());
        std::iter::once(self.ipv4.into()).chain(ipv6)
    }
}

impl Serialize for VmAddresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.ipv6 {
            None => self.ipv4.serialize(serializer),
            Some(_) => serializer.collect_seq(self.all()),
        }
    }
}

impl<'de> Deserialize<'de> for VmAddresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AddressesVisitor)
    }
}

struct AddressesVisitor;

impl<'de> Visitor<'de> for AddressesVisitor {
    type Value = VmAddresses;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an IPv4 address, or a list of it and an IPv6 address")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<VmAddresses, E> {
        let wrong = || E::custom(format!("`{text}` is not an IPv4 address such as 10.254.10.4"));
        Ok(VmAddresses { ipv4: text.parse().map_err(|_| wrong())?, ipv6: None })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<VmAddresses, A::Error> {
        let (mut ipv4, mut ipv6) = (None, None);
        while let Some(Located { value, span }) = list.next_element::<Located<String>>()? {
            let second = match value.parse() {
                Ok(IpAddr::V4(address)) => ipv4.replace(address).is_some(),
                Ok(IpAddr::V6(address)) => ipv6.replace(located(address, span)).is_some(),
                Err(_) => return Err(de::Error::custom(format!("`{value}` is not an address"))),
            };
            if second {
                let text = format!("`{value}` is a second address of its family");
                return Err(de::Error::custom(text));
            }
        }
        let ipv4 = ipv4.ok_or_else(|| de::Error::custom("a VM has an IPv4 address"))?;
        Ok(VmAddresses { ipv4, ipv6 })
    }
}

fn located<T>(value: T, span: Span) -> Located<T> {
    Located { value, span }
}
