//! What is promised of every generator.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::any::type_name;

use deterministic_core::{ByteStream, Rng};
use proptest::prelude::*;

use super::{Has, suite};

/// Tests that the generators that `make` makes keep the contract of [`Rng`].
///
/// # Panics
///
/// Where one does not, with the fewest cuts of a read that show it.
pub fn rng<R: Rng + 'static>(make: impl Fn() -> R) -> Has {
    test(make, true)
}

/// As [`rng`], for a generator whose [`draw_u64`](Rng::draw_u64) is deliberately something else than the next eight bytes: what
/// another host gave a guest of WASI 0.2, say.
///
/// # Panics
///
/// As [`rng`].
pub fn rng_with_numbers_of_its_own<R: Rng + 'static>(make: impl Fn() -> R) -> Has {
    test(make, false)
}

fn test<R: Rng + 'static>(make: impl Fn() -> R, numbers_are_bytes: bool) -> Has {
    let boxed = || Box::new(make()) as Box<dyn Rng>;
    let policy = type_name::<R>();
    let word = boxed().word().get();
    assert!(
        word <= ByteStream::MAX_WORD,
        "{policy} breaks its contract: its word of {word} bytes is larger than `ByteStream::MAX_WORD`"
    );
    suite::check(policy, prop::collection::vec(0usize..70, 1..20), |cuts| {
        let mut stream = ByteStream::new(boxed());
        let mut pieces = Ok(Vec::new());
        for &cut in &cuts {
            let piece = if cut == 8 && numbers_are_bytes {
                stream.next_u64().map(|number| number.to_le_bytes().to_vec())
            } else {
                let mut piece = vec![0; cut];
                stream.fill(&mut piece).map(|()| piece)
            };
            pieces = pieces.and_then(|all: Vec<u8>| Ok([all, piece.map_err(|error| format!("{error}"))?].concat()));
        }
        let whole = whole(boxed(), cuts.iter().sum());
        prop_assert_eq!(pieces, whole, "the bytes depend on how a read is cut");
        prop_assert_eq!(boxed().word().get(), word, "its word changed");
        Ok(())
    });
    suite::every(policy, &boxed)
}

fn whole(rng: Box<dyn Rng>, len: usize) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; len];
    ByteStream::new(rng).fill(&mut bytes).map(|()| bytes).map_err(|error| format!("{error}"))
}
