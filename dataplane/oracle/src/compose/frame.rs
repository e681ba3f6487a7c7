//! Ethernet frames.

use desired::MacAddress;

/// A VLAN tag: TPID and TCI.
pub(crate) type Tag = (u16, u16);

/// A frame with any tags.
pub(crate) fn ethernet(
    destination: MacAddress,
    source: MacAddress,
    tags: &[Tag],
    ethertype: u16,
    carried: &[u8],
) -> Vec<u8> {
    let mut bytes = [destination.0, source.0].concat();
    for (tpid, tci) in tags {
        bytes.extend(tpid.to_be_bytes());
        bytes.extend(tci.to_be_bytes());
    }
    bytes.extend(ethertype.to_be_bytes());
    bytes.extend(carried);
    bytes
}
