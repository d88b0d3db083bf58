//! The streams are ChaCha's, not a crate's: the RustCrypto implementation gives the same bytes as the one that is used, so
//! that one may be replaced by the other.

use chacha20::{ChaCha8Rng, ChaCha12Rng, ChaCha20Rng};
use deterministic_core::{ByteStream, Rng, Seed};
use deterministic_policies::{ChaCha8, ChaCha12, ChaCha20};
use rand_core::SeedableRng;

/// Around words, blocks of 64 bytes, and the four blocks that are made at once.
const LENGTHS: &[usize] = &[0, 1, 3, 4, 7, 8, 9, 63, 64, 65, 255, 256, 257, 1000, 4096, 70_001];

fn same<R: SeedableRng<Seed = [u8; 32]> + rand_core::Rng>(name: &str, ours: fn([u8; 32]) -> Box<dyn Rng>) {
    let seeds = [Seed::from_u64(0), Seed::from_u64(7), Seed::from_bytes([255; 32])];
    for key in seeds.iter().flat_map(|seed| [*seed.as_bytes(), seed.stream("secure")]) {
        let mut whole = vec![0; LENGTHS.iter().sum::<usize>() + 8];
        R::from_seed(key).fill_bytes(&mut whole);
        // Each length begins where those before it end, so that each is read at another offset.
        let (mut stream, mut at) = (ByteStream::new(ours(key)), 0);
        for &length in LENGTHS {
            let mut bytes = vec![0; length];
            stream.fill(&mut bytes).unwrap();
            assert!(bytes == whole[at..at + length], "{name}: {length} bytes at {at}");
            at += length;
        }
        assert_eq!(stream.next_u64().unwrap().to_le_bytes(), whole[at..], "{name}");
        // Whole words are asked of a generator as they are.
        let (mut ours, mut theirs) = (ours(key), R::from_seed(key));
        for words in [1, 2, 7, 8, 31, 32, 33, 63, 64, 65, 512] {
            let (mut a, mut b) = (vec![0; 8 * words], vec![0; 8 * words]);
            ours.fill(&mut a).unwrap();
            theirs.fill_bytes(&mut b);
            assert!(a == b, "{name}: {words} words");
            assert_eq!(ours.draw_u64().unwrap(), theirs.next_u64(), "{name}");
        }
    }
}

#[test]
fn both_implementations_of_chacha_give_the_same_bytes() {
    same::<ChaCha8Rng>("ChaCha8", |key| Box::new(ChaCha8::from_key(key)));
    same::<ChaCha12Rng>("ChaCha12", |key| Box::new(ChaCha12::from_key(key)));
    same::<ChaCha20Rng>("ChaCha20", |key| Box::new(ChaCha20::from_key(key)));
}
