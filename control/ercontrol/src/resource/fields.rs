//! Reading a JSON document field by field, with errors that name the field and the cure.
//!
//! `null` counts as absent everywhere: clients that send back what they got are full of nulls.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use serde_json::{Map, Value};

use super::ResourceId;

/// A property that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}: {cure}")]
pub struct InvalidField {
    /// Path of the property: `properties.addressSpace.addressPrefixes[0]`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to write instead.
    pub cure: String,
}

/// An object inside a document, with its path.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    path: String,
    map: Option<&'a Map<String, Value>>,
}

/// A value inside a document, with its path.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    path: String,
    value: &'a Value,
}

impl<'a> Fields<'a> {
    /// The whole document.
    pub fn root(map: &'a Map<String, Value>) -> Self {
        Self { path: String::new(), map: Some(map) }
    }

    /// The path of one of its properties.
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// An error about one of its properties.
    pub fn invalid(&self, name: &str, problem: &str, cure: &str) -> InvalidField {
        InvalidField {
            field: self.path_of(name),
            problem: problem.to_owned(),
            cure: cure.to_owned(),
        }
    }

    /// One property, unless absent or null.
    pub fn item(&self, name: &str) -> Option<Item<'a>> {
        let value = self.map?.get(name).filter(|value| !value.is_null())?;
        Some(Item { path: self.path_of(name), value })
    }

    /// A nested object; an absent one reads as empty.
    pub fn object(&self, name: &str) -> Result<Self, InvalidField> {
        match self.item(name) {
            None => Ok(Self { path: self.path_of(name), map: None }),
            Some(item) => item.object(),
        }
    }

    /// The elements of a list; an absent one reads as empty.
    pub fn list(&self, name: &str) -> Result<Vec<Item<'a>>, InvalidField> {
        let Some(item) = self.item(name) else { return Ok(Vec::new()) };
        let values = item.value.as_array().ok_or_else(|| item.not("a list"))?;
        Ok(values
            .iter()
            .enumerate()
            .map(|(index, value)| Item { path: format!("{}[{index}]", item.path), value })
            .collect())
    }

    /// Text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, InvalidField> {
        self.item(name).map(|item| item.text()).transpose()
    }

    /// A truth value; `false` when absent.
    pub fn boolean(&self, name: &str) -> Result<bool, InvalidField> {
        match self.item(name) {
            None => Ok(false),
            Some(item) => item.value.as_bool().ok_or_else(|| item.not("true or false")),
        }
    }

    /// A whole number within `range`.
    pub fn number(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, InvalidField> {
        let Some(item) = self.item(name) else { return Ok(None) };
        item.value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| range.contains(number))
            .map(Some)
            .ok_or_else(|| {
                item.not(&format!("a whole number from {} to {}", range.start(), range.end()))
            })
    }

    /// Text that reads as a `T`, described by `expected`.
    pub fn parsed<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, InvalidField> {
        self.item(name).map(|item| item.parsed(expected)).transpose()
    }

    /// A prefix of either family.
    pub fn prefix(&self, name: &str) -> Result<Option<IpNetwork>, InvalidField> {
        self.item(name).map(|item| item.prefix()).transpose()
    }

    /// An IPv4 prefix.
    pub fn ipv4_prefix(&self, name: &str) -> Result<Option<Ipv4Network>, InvalidField> {
        let expected = "an IPv4 prefix such as 10.0.0.0/16";
        self.item(name).map(|item| item.network(expected)).transpose()
    }

    /// An IPv6 prefix.
    pub fn ipv6_prefix(&self, name: &str) -> Result<Option<Ipv6Network>, InvalidField> {
        let expected = "an IPv6 prefix such as fd00:10::/48";
        self.item(name).map(|item| item.network(expected)).transpose()
    }

    /// The id inside `{"id": "..."}`.
    pub fn reference(&self, name: &str) -> Result<Option<ResourceId>, InvalidField> {
        self.item(name).map(|item| item.reference()).transpose()
    }

    /// Turns an absent property into an error.
    pub fn required<T>(&self, name: &str, value: Option<T>, cure: &str) -> Result<T, InvalidField> {
        value.ok_or_else(|| self.invalid(name, "is missing", cure))
    }
}

impl<'a> Item<'a> {
    /// Its path in the document.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The object it is.
    pub fn object(&self) -> Result<Fields<'a>, InvalidField> {
        let map = self.value.as_object().ok_or_else(|| self.not("an object"))?;
        Ok(Fields { path: self.path.clone(), map: Some(map) })
    }

    /// The text it is.
    pub fn text(&self) -> Result<&'a str, InvalidField> {
        self.value.as_str().ok_or_else(|| self.not("text"))
    }

    /// Text that reads as a `T`, described by `expected`.
    pub fn parsed<T: FromStr>(&self, expected: &str) -> Result<T, InvalidField> {
        self.text()?.parse().map_err(|_| self.not(expected))
    }

    /// A prefix of either family without host bits.
    pub fn prefix(&self) -> Result<IpNetwork, InvalidField> {
        self.network("a prefix such as 10.0.0.0/16 or fd00:10::/48")
    }

    /// A prefix without host bits, described by `expected`.
    fn network<T: FromStr + Copy + Into<IpNetwork>>(
        &self,
        expected: &str,
    ) -> Result<T, InvalidField> {
        let parsed: T = self.parsed(expected)?;
        let prefix: IpNetwork = parsed.into();
        if prefix.ip() != prefix.network() {
            return Err(self.wrong(
                format!("is {prefix}, which has bits set outside its mask"),
                format!("write {}/{}", prefix.network(), prefix.prefix()),
            ));
        }
        Ok(parsed)
    }

    /// The id inside `{"id": "..."}`.
    pub fn reference(&self) -> Result<ResourceId, InvalidField> {
        let fields = self.object()?;
        let text = fields.text("id")?;
        let text = fields.required("id", text, "give the resource's id")?;
        text.parse().map_err(|error: super::IdError| InvalidField {
            field: fields.path_of("id"),
            problem: "is not usable".to_owned(),
            cure: error.to_string(),
        })
    }

    /// An error about it.
    pub fn wrong(&self, problem: impl Display, cure: impl Display) -> InvalidField {
        InvalidField {
            field: self.path.clone(),
            problem: problem.to_string(),
            cure: cure.to_string(),
        }
    }

    /// The value itself is left out: it may be a secret in the wrong place.
    fn not(&self, expected: &str) -> InvalidField {
        self.wrong(format!("is not {expected}"), format!("write {expected}"))
    }
}
