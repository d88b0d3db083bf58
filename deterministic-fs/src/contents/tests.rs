//! Chunks against one vector of bytes.

use std::sync::Arc;

use super::written::CHUNK;
use super::{Contents, Written};

const CHUNK64: u64 = CHUNK as u64;

fn own(contents: &Contents) -> &Written {
    match contents {
        Contents::Own(written) => written,
        other => panic!("{other:?}"),
    }
}

/// By every way there is to look at it.
fn assert_is(contents: &Contents, bytes: &[u8]) {
    if let Contents::Own(written) = contents {
        written.check();
    }
    assert_eq!(contents.len(), bytes.len() as u64);
    assert!(contents.bytes().unwrap() == bytes);
    assert!(contents.pieces().unwrap().collect::<Vec<_>>().concat() == bytes);
    assert!(contents.pieces().unwrap().all(|piece| !piece.is_empty()));
    assert_eq!(contents.hash().unwrap(), (bytes.len() as u64, blake3::hash(bytes)));
    assert!(contents.same(&Contents::Shared(bytes.into())).unwrap());
}

fn assert_reads(contents: &Contents, bytes: &[u8], at: usize, len: usize) {
    let mut buf = vec![0xaa; len];
    let count = contents.read(&mut buf, at as u64).unwrap();
    let there = bytes.get(at..).unwrap_or_default();
    let there = &there[..there.len().min(len)];
    assert_eq!(count, there.len(), "{len} at {at} of {}", bytes.len());
    assert!(&buf[..count] == there, "{len} at {at} of {}", bytes.len());
    assert!(buf[count..].iter().all(|byte| *byte == 0xaa));
}

/// Sizes around the borders of chunks, and any other.
fn sizes(below: &mut impl FnMut(usize) -> usize) -> usize {
    match below(4) {
        0 => below(300),
        1 => (CHUNK * (1 + below(3)) + below(5)).saturating_sub(2),
        _ => below(4 * CHUNK),
    }
}

#[test]
fn chunks_are_as_one_piece() {
    for seed in 1..=24_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % bound
        };
        let mut bytes: Vec<u8> = (0..sizes(&mut below)).map(|at| at as u8 | 1).collect();
        let before = bytes.clone();
        let shared: Arc<[u8]> = bytes.clone().into();
        let mut contents = Contents::Shared(shared.clone());
        // What was taken from the run stays as it was.
        let mut taken: Vec<(Contents, Vec<u8>)> = Vec::new();
        for step in 0..60 {
            match below(5) {
                0..=2 => {
                    let (at, len) = (sizes(&mut below), sizes(&mut below) / 2 + 1);
                    let new: Vec<u8> = (0..len).map(|byte| (byte + step) as u8 | 1).collect();
                    contents.write(&new, at as u64).unwrap();
                    bytes.resize(bytes.len().max(at + len), 0);
                    bytes[at..at + len].copy_from_slice(&new);
                }
                3 => {
                    let len = sizes(&mut below);
                    contents.set_len(len as u64).unwrap();
                    bytes.resize(len, 0);
                }
                _ if taken.len() < 4 => taken.push((contents.clone(), bytes.clone())),
                _ => drop(taken.pop()),
            }
            for _ in 0..3 {
                assert_reads(&contents, &bytes, sizes(&mut below), sizes(&mut below));
            }
            if step % 8 == 0 {
                assert_is(&contents, &bytes);
            }
        }
        assert_is(&contents, &bytes);
        taken.iter().for_each(|(contents, bytes)| assert_is(contents, bytes));
        assert!(*shared == *before);
    }
}

#[test]
fn one_byte_costs_one_chunk() {
    let base: Arc<[u8]> = std::iter::repeat_n(7, 200 * CHUNK + 10).collect();
    let mut contents = Contents::Shared(base.clone());
    contents.write(b"x", 100 * CHUNK64 - 1).unwrap();
    assert!(own(&contents).held() <= CHUNK);
    // With a tree that was taken meanwhile, once more for that.
    let taken = contents.clone();
    contents.write(b"y", 100 * CHUNK64 - 1).unwrap();
    contents.write(b"zz", 200 * CHUNK64 + 9).unwrap();
    assert!(own(&contents).held() <= 2 * CHUNK);
    assert!(own(&taken).held() <= CHUNK);
    let mut buf = [0; 3];
    assert_eq!(taken.read(&mut buf, 100 * CHUNK64 - 2).unwrap(), 3);
    assert_eq!(buf, [7, b'x', 7]);
    assert_eq!(contents.read(&mut buf, 100 * CHUNK64 - 2).unwrap(), 3);
    assert_eq!(buf, [7, b'y', 7]);
    assert_eq!(contents.read(&mut buf, 200 * CHUNK64 + 8).unwrap(), 3);
    assert_eq!(buf, [7, b'z', b'z']);
}

#[test]
fn holes_cost_nothing() {
    let mut contents = Contents::empty();
    contents.set_len(1 << 44).unwrap();
    assert_eq!(own(&contents).held(), 0);
    let mut buf = [1; 4];
    assert_eq!(contents.read(&mut buf, (1 << 44) - 2).unwrap(), 2);
    assert_eq!(buf, [0, 0, 1, 1]);
    contents.write(b"end", (1 << 44) - 3).unwrap();
    assert!(own(&contents).held() <= CHUNK);
    assert_eq!(contents.read(&mut buf, (1 << 44) - 4).unwrap(), 4);
    assert_eq!(buf, *b"\0end");
    // What is cut off is gone, also when the file grows again.
    contents.set_len(5).unwrap();
    assert_eq!(own(&contents).held(), 0);
    contents.set_len(3 * CHUNK64).unwrap();
    assert_is(&contents, &vec![0; 3 * CHUNK]);
}

#[test]
fn what_was_cut_off_the_beginning_does_not_come_back() {
    let mut contents = Contents::Shared(Arc::from(*b"abcdef"));
    contents.set_len(2).unwrap();
    contents.set_len(6).unwrap();
    assert_is(&contents, b"ab\0\0\0\0");
    contents.write(b"x", 4).unwrap();
    assert_is(&contents, b"ab\0\0x\0");
    contents.set_len(0).unwrap();
    contents.write(b"y", 1).unwrap();
    assert_is(&contents, b"\0y");
}

#[test]
fn other_bytes_are_not_the_same() {
    let mut holes = Contents::empty();
    holes.set_len(3 * CHUNK64).unwrap();
    let mut zeros = Contents::empty();
    zeros.write(&vec![0; 3 * CHUNK], 0).unwrap();
    assert!(holes.same(&zeros).unwrap() && zeros.same(&holes).unwrap());
    zeros.write(b"x", 2 * CHUNK64).unwrap();
    assert!(!holes.same(&zeros).unwrap() && !zeros.same(&holes).unwrap());
    holes.set_len(3 * CHUNK64 - 1).unwrap();
    zeros.write(b"\0", 2 * CHUNK64).unwrap();
    assert!(!holes.same(&zeros).unwrap());
    assert!(Contents::empty().same(&Contents::Shared([].into())).unwrap());
}
