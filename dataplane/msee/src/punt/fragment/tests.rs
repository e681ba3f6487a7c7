use etherparse::{Ipv4Header, Ipv4HeaderSlice, defrag::IpDefragPool};
use proptest::prelude::*;

use super::*;

fn packet(options: &[u8], length: usize) -> Vec<u8> {
    let data: Vec<u8> = (0..length).map(|n| n as u8).collect();
    let mut header =
        Ipv4Header::new(0, 64, etherparse::IpNumber::UDP, [10, 0, 0, 1], [10, 0, 0, 2]).unwrap();
    header.options = options.try_into().unwrap();
    header.identification = 0x1234;
    header.dont_fragment = false;
    header.total_len = u16::try_from(header.header_len() + length).unwrap();
    header.header_checksum = header.calc_header_checksum();
    let mut bytes = Vec::new();
    header.write(&mut bytes).unwrap();
    bytes.extend(data);
    bytes
}

fn fragments(bytes: &[u8], mtu: usize) -> Option<Vec<Vec<u8>>> {
    let mut sent = Vec::new();
    let packet = Ipv4::parse(bytes).unwrap();
    fragment(&packet, mtu, |header, data| sent.push([header, data].concat()))?;
    Some(sent)
}

/// Puts the fragments together by a parser that is not ours, in reverse order.
fn reassembled(fragments: &[Vec<u8>]) -> Vec<u8> {
    let mut pool = IpDefragPool::<(), ()>::new();
    let mut whole = None;
    for fragment in fragments.iter().rev() {
        let frame = [&[0; 12][..], &[8, 0], fragment].concat();
        let sliced = etherparse::SlicedPacket::from_ethernet(&frame).unwrap();
        if let Some(done) = pool.process_sliced_packet(&sliced, (), ()).unwrap() {
            whole = Some(done.payload);
        }
    }
    whole.unwrap()
}

#[test]
fn the_pieces_fit_and_make_the_packet_again() {
    for (length, mtu) in [(1_481, 1_500), (3_000, 1_500), (3_000, 576), (1_400, 68), (21, 40)] {
        let bytes = packet(&[], length);
        let pieces = fragments(&bytes, mtu).unwrap();
        assert!(pieces.len() > 1);
        for piece in &pieces {
            assert!(piece.len() <= mtu);
            let header = Ipv4HeaderSlice::from_slice(piece).unwrap().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum());
            assert_eq!(usize::from(header.total_len), piece.len());
            assert_eq!((header.time_to_live, header.identification), (63, 0x1234));
        }
        assert_eq!(reassembled(&pieces), bytes[20..]);
    }
}

/// The fast path has a packet pay for the pieces before they are cut. The MTUs have every remainder by 8.
#[test]
fn a_packet_pays_for_the_pieces_that_are_sent() {
    for mtu in [28, 68, 576, 1_000, 1_280].into_iter().chain(1_493..=1_500) {
        for length in 1..=9_196 {
            let bytes = packet(&[], length);
            let mut pieces = 0;
            fragment(&Ipv4::parse(&bytes).unwrap(), mtu, |_, _| pieces += 1).unwrap();
            let later = abi::fragment::later_pieces(bytes.len(), mtu);
            assert_eq!(later + 1, pieces, "{length} bytes of data, {mtu}");
        }
    }
    assert_eq!(abi::fragment::later_pieces(1_000, 27), 0, "no piece fits");
}

#[test]
fn a_fragment_is_cut_further_and_keeps_its_place() {
    let mut bytes = packet(&[], 100);
    bytes[6..8].copy_from_slice(&(MORE + 50).to_be_bytes());
    let pieces = fragments(&bytes, 68).unwrap();
    let word = |piece: &[u8]| u16::from_be_bytes([piece[6], piece[7]]);
    let words: Vec<u16> = pieces.iter().map(|piece| word(piece)).collect();
    assert_eq!(words, [MORE + 50, MORE + 56, MORE + 62]);
}

#[test]
fn options_are_in_later_fragments_only_when_they_ask_for_it() {
    // Record route (7) is not copied, loose source route (131) is; a no-operation between them.
    let options = [7, 3, 4, 1, 131, 7, 4, 10, 0, 0, 9, 0];
    let pieces = fragments(&packet(&options, 100), 84).unwrap();
    assert_eq!(pieces[0][..1], [0x48]);
    assert_eq!(pieces[0][20..32], options);
    assert_eq!(pieces[1][..1], [0x47]);
    assert_eq!(pieces[1][20..28], [131, 7, 4, 10, 0, 0, 9, 0]);
}

#[test]
fn what_must_not_be_cut_is_not() {
    let mut bytes = packet(&[], 100);
    bytes[6] = 0x40;
    assert_eq!(fragments(&bytes, 68), None, "don't fragment");
    let mut bytes = packet(&[], 100);
    bytes[8] = 1;
    assert_eq!(fragments(&bytes, 68), None, "its TTL ends here");
    assert_eq!(fragments(&packet(&[], 100), 27), None, "no room for 8 bytes");
}

proptest! {
    #[test]
    fn any_options_and_sizes_give_pieces_that_fit(
        options in prop::collection::vec(any::<u8>(), 0..=40),
        length in 1_usize..4_000, mtu in 0_usize..2_000,
    ) {
        let mut options = options;
        options.truncate(options.len() / 4 * 4);
        let bytes = packet(&options, length);
        let mut sent = 0;
        let packet = Ipv4::parse(&bytes).unwrap();
        let cut = fragment(&packet, mtu, |header, data| {
            assert!(header.len() + data.len() <= mtu);
            sent += data.len();
        });
        prop_assert!(cut.is_none() || sent == length);
    }
}
