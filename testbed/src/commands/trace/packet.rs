//! The little language of `erlab trace --inject`: `src A dst B [icmp|udp|tcp] [ttl N] [on PORT]`.
//!
//! Clauses may stand in any order. An error points at the word it is about.

use std::{fmt, net::IpAddr};

use miette::{Diagnostic, SourceSpan};
use serde::Serialize;
use thiserror::Error;

/// TTL of a packet whose description names none: what Linux sends.
const DEFAULT_TTL: u8 = 64;

/// The packet to inject, as `msee` and `ergw` take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Packet {
    /// Ingress interface; by the source address when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// What it carries.
    pub protocol: Protocol,
    /// Time to live, 0-255.
    pub ttl: u8,
}

/// What the packet carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Protocol {
    /// An echo request.
    #[default]
    Icmp,
    /// A UDP datagram.
    Udp,
    /// A TCP SYN.
    Tcp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Icmp => "icmp",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        })
    }
}

/// Why a description is not a packet.
#[derive(Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("cannot read the packet: {problem}")]
#[diagnostic(help(
    "write it as `src A dst B [icmp|udp|tcp] [ttl N] [on PORT]`, for example `src 172.16.1.1 dst 10.254.10.4 icmp ttl 2`"
))]
pub(super) struct PacketError {
    problem: String,
    #[source_code]
    text: String,
    #[label("here")]
    place: SourceSpan,
}

/// A word and where it starts, in bytes.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    start: usize,
}

/// Reads a description; `resolve` turns an address or the name of a node into an address.
pub(super) fn parse(
    text: &str,
    resolve: &dyn Fn(&str) -> Option<IpAddr>,
) -> Result<Packet, PacketError> {
    Parser { text, resolve }.packet()
}

struct Parser<'a> {
    text: &'a str,
    resolve: &'a dyn Fn(&str) -> Option<IpAddr>,
}

impl<'a> Parser<'a> {
    fn packet(&self) -> Result<Packet, PacketError> {
        let (mut source, mut destination, mut protocol, mut ttl, mut port) =
            (None, None, None, None, None);
        let words = words(self.text);
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word.text {
                "src" => self.once(&mut source, word, self.address(word, words.next())?)?,
                "dst" => self.once(&mut destination, word, self.address(word, words.next())?)?,
                "icmp" => self.once(&mut protocol, word, Protocol::Icmp)?,
                "udp" => self.once(&mut protocol, word, Protocol::Udp)?,
                "tcp" => self.once(&mut protocol, word, Protocol::Tcp)?,
                "ttl" => self.once(&mut ttl, word, self.ttl(word, words.next())?)?,
                "on" => {
                    let name = self.after(word, words.next())?.text.to_owned();
                    self.once(&mut port, word, name)?;
                }
                other => return Err(self.error(word, format!("`{other}` is not known here"))),
            }
        }
        let end = Word { text: "", start: self.text.trim_end().len() };
        let source = source.ok_or_else(|| self.error(end, "`src` and an address are missing"))?;
        let destination =
            destination.ok_or_else(|| self.error(end, "`dst` and an address are missing"))?;
        if source.is_ipv4() != destination.is_ipv4() {
            let problem = format!("{source} and {destination} are of two families");
            return Err(self.error(Word { text: self.text, start: 0 }, problem));
        }
        Ok(Packet {
            port,
            source,
            destination,
            protocol: protocol.unwrap_or_default(),
            ttl: ttl.unwrap_or(DEFAULT_TTL),
        })
    }

    fn once<T>(&self, slot: &mut Option<T>, word: Word<'_>, value: T) -> Result<(), PacketError> {
        if slot.is_some() {
            return Err(self.error(word, format!("`{}` says again what was said", word.text)));
        }
        *slot = Some(value);
        Ok(())
    }

    fn after(&self, key: Word<'_>, word: Option<Word<'a>>) -> Result<Word<'a>, PacketError> {
        word.ok_or_else(|| self.error(key, format!("`{}` needs a value after it", key.text)))
    }

    fn address(&self, key: Word<'_>, word: Option<Word<'a>>) -> Result<IpAddr, PacketError> {
        let word = self.after(key, word)?;
        (self.resolve)(word.text).ok_or_else(|| {
            let problem = format!("`{}` is neither an address nor a node", word.text);
            self.error(word, problem)
        })
    }

    fn ttl(&self, key: Word<'_>, word: Option<Word<'a>>) -> Result<u8, PacketError> {
        let word = self.after(key, word)?;
        let problem = || format!("`{}` is not a TTL (0 to 255)", word.text);
        word.text.parse().map_err(|_| self.error(word, problem()))
    }

    fn error(&self, word: Word<'_>, problem: impl Into<String>) -> PacketError {
        PacketError {
            problem: problem.into(),
            text: self.text.to_owned(),
            place: (word.start, word.text.len()).into(),
        }
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut start = 0;
    let mut words = Vec::new();
    for piece in text.split(' ') {
        if !piece.is_empty() {
            words.push(Word { text: piece, start });
        }
        start += piece.len() + 1;
    }
    words
}

#[cfg(test)]
mod tests;
