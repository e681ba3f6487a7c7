//! The prefix structure: a trie with a stride of 8 bits, all tables of both IP versions in one pool
//! of nodes. A table holds prefixes of one version.
//!
//! Prefixes are inserted in order of length, so each one simply overwrites the entries it covers,
//! and what a shorter one left behind is pushed down into every node made later. A lookup then
//! ends at the first leaf: there is no backtracking, and no prefix length in the image.

use std::{collections::BTreeSet, net::IpAddr};

use abi::{
    image::{LEAF, NO_ROUTE, Node},
    limits,
};
use ipnetwork::IpNetwork;

/// The pool has no room for another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the routing tables need more than {} prefix nodes", limits::NODES)]
pub struct NodesExhausted;

/// The nodes of one image. Node 0 is empty, and the root of every empty table.
#[derive(Clone, Debug)]
pub(super) struct Prefixes {
    nodes: Vec<Node>,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self { nodes: vec![[NO_ROUTE; limits::NODE_ENTRIES]] }
    }
}

impl Prefixes {
    /// Adds a table of prefixes with the index each leads to, and returns its root. Host bits of
    /// the prefixes are ignored.
    pub(super) fn add_table(
        &mut self,
        prefixes: impl IntoIterator<Item = (IpNetwork, u32)>,
    ) -> Result<u32, NodesExhausted> {
        let mut prefixes: Vec<_> = prefixes.into_iter().collect();
        prefixes.sort_by_key(|(prefix, _)| prefix.prefix());
        if prefixes.is_empty() {
            return Ok(0);
        }
        let root = self.push(NO_ROUTE)?;
        for (prefix, index) in prefixes {
            self.insert(root, prefix, LEAF | index)?;
        }
        Ok(root)
    }

    /// The index behind the longest match, walked exactly as the XDP program walks.
    pub(super) fn lookup(&self, root: u32, address: IpAddr) -> Option<u32> {
        let mut index = root;
        for octet in Octets::of(address).used() {
            let entry = *self.nodes.get(index as usize)?.get(usize::from(*octet))?;
            if entry == NO_ROUTE {
                return None;
            }
            if entry & LEAF != 0 {
                return Some(entry & !LEAF);
            }
            index = entry;
        }
        None
    }

    /// Nodes as they were read from an image.
    pub(super) fn from_nodes(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// The indices that the table below `root` leads to. A node is visited once, so nodes that lead
    /// in a circle, which no writer makes, do not.
    pub(super) fn leaves(&self, root: u32) -> BTreeSet<u32> {
        let (mut leaves, mut seen) = (BTreeSet::new(), BTreeSet::from([root]));
        let mut pending = vec![root];
        while let Some(index) = pending.pop() {
            for entry in self.nodes.get(index as usize).into_iter().flatten().copied() {
                if entry & LEAF != 0 {
                    leaves.insert(entry & !LEAF);
                } else if entry != NO_ROUTE && seen.insert(entry) {
                    pending.push(entry);
                }
            }
        }
        leaves
    }

    /// The nodes as they go into the image.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    fn insert(&mut self, root: u32, prefix: IpNetwork, leaf: u32) -> Result<(), NodesExhausted> {
        let length = usize::from(prefix.prefix());
        // The prefix ends in the node reached after this many whole octets; /0 ends in the root.
        let whole = length.saturating_sub(1) / 8;
        let octets = Octets::of(prefix.network());
        let octets = octets.used();
        let mut node = root;
        for octet in octets.iter().take(whole) {
            node = self.descend(node, *octet)?;
        }
        let first = octets.get(whole).copied().map_or(0, usize::from);
        let covered = 1_usize << (8 + whole * 8).saturating_sub(length);
        let entries = self.nodes.get_mut(node as usize).ok_or(NodesExhausted)?;
        for entry in entries.iter_mut().skip(first).take(covered) {
            *entry = leaf;
        }
        Ok(())
    }

    /// The child of `node` at `octet`; made when missing, filled with what covered it before.
    fn descend(&mut self, node: u32, octet: u8) -> Result<u32, NodesExhausted> {
        let index = usize::from(octet);
        let node = node as usize;
        let entry = self.nodes.get(node).and_then(|node| node.get(index)).copied();
        let covering = entry.ok_or(NodesExhausted)?;
        if covering != NO_ROUTE && covering & LEAF == 0 {
            return Ok(covering);
        }
        let child = self.push(covering)?;
        if let Some(entry) = self.nodes.get_mut(node).and_then(|node| node.get_mut(index)) {
            *entry = child;
        }
        Ok(child)
    }

    /// Adds a node with this entry everywhere.
    fn push(&mut self, entry: u32) -> Result<u32, NodesExhausted> {
        let index = self.nodes.len();
        if index >= limits::NODES as usize {
            return Err(NodesExhausted);
        }
        self.nodes.push([entry; limits::NODE_ENTRIES]);
        Ok(index as u32)
    }
}

/// An address of either version, first octet first.
struct Octets {
    octets: [u8; 16],
    length: usize,
}

impl Octets {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let mut octets = [0; 16];
                for (place, octet) in octets.iter_mut().zip(address.octets()) {
                    *place = octet;
                }
                Self { octets, length: 4 }
            }
            IpAddr::V6(address) => Self { octets: address.octets(), length: 16 },
        }
    }

    fn used(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
