//! What is in the memories, as the data section of a core dump.

use std::ops::Range;

use wasm_encoder::{ConstExpr, Encode, SectionId};
use wasmtime::{Memory, Store};

use super::CoreDumpError;

/// Zeros are left out in pieces of this many bytes, or of more where there would be too many pieces.
const GRAIN: usize = 4096;
/// How many segments readers take.
const MAX_SEGMENTS: usize = 100_000;

/// Appends the section, if the format and the host have room for it.
pub(super) fn append<T: 'static>(
    memories: &[Memory],
    store: &Store<T>,
    dump: &mut Vec<u8>,
) -> Result<(), CoreDumpError> {
    let grain = grain(memories.iter().map(|memory| memory.data(store)));
    let segments = || {
        (0_u32..).zip(memories).flat_map(|(number, memory)| {
            let (data, is_64) = (memory.data(store), memory.ty(store).is_64());
            runs(data, grain).map(move |run| (head(number, is_64, &run), &data[run]))
        })
    };
    let (mut count, mut bytes) = (Vec::new(), 0_u64);
    (segments().count() as u32).encode(&mut count);
    for (head, data) in segments() {
        bytes += (head.len() + data.len()) as u64;
    }
    let too_large = |_| CoreDumpError::TooLarge { bytes };
    let len = u32::try_from(bytes + count.len() as u64).map_err(too_large)?;
    dump.try_reserve(len as usize).map_err(|_| CoreDumpError::NoMemory { bytes })?;
    dump.push(SectionId::Data.into());
    len.encode(dump);
    dump.extend_from_slice(&count);
    for (head, data) in segments() {
        dump.extend_from_slice(&head);
        dump.extend_from_slice(data);
    }
    Ok(())
}

/// How large the pieces are, so that readers take the section.
fn grain<'a>(memories: impl Iterator<Item = &'a [u8]> + Clone) -> usize {
    let mut grain = GRAIN;
    while memories.clone().map(|data| runs(data, grain).count()).sum::<usize>() > MAX_SEGMENTS && grain < 1 << 30 {
        grain *= 2;
    }
    grain
}

/// What stands before the bytes of a segment.
fn head(memory: u32, is_64: bool, run: &Range<usize>) -> Vec<u8> {
    let mut head = Vec::new();
    match memory {
        0 => head.push(0),
        _ => {
            head.push(2);
            memory.encode(&mut head);
        }
    }
    let offset = run.start as u64;
    let offset = if is_64 { ConstExpr::i64_const(offset as i64) } else { ConstExpr::i32_const(offset as u32 as i32) };
    offset.encode(&mut head);
    (run.len() as u32).encode(&mut head);
    head
}

/// Where there is something: from the first byte that is not 0 to the last, in neighbouring pieces that are not all 0.
fn runs(data: &[u8], grain: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut pieces = data.chunks(grain).enumerate().filter(|(_, piece)| !is_zero(piece)).map(|(at, _)| at).peekable();
    std::iter::from_fn(move || {
        let first = pieces.next()?;
        let mut last = first;
        while pieces.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        let (start, end) = (first * grain, data.len().min((last + 1) * grain));
        let run = &data[start..end];
        let begins = run.iter().position(|byte| *byte != 0)?;
        let ends = run.iter().rposition(|byte| *byte != 0)? + 1;
        Some(start + begins..start + ends)
    })
}

fn is_zero(piece: &[u8]) -> bool {
    // All bytes of a part at once.
    piece.chunks(128).all(|part| part.iter().fold(0, |all, byte| all | byte) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_left_out() {
        let mut data = vec![0; 10 * GRAIN + 100];
        assert_eq!(runs(&data, GRAIN).count(), 0);
        for at in [5, GRAIN - 1, GRAIN, 3 * GRAIN + 7, 10 * GRAIN + 99] {
            data[at] = 1;
        }
        let found: Vec<_> = runs(&data, GRAIN).collect();
        assert_eq!(found, [5..GRAIN + 1, 3 * GRAIN + 7..3 * GRAIN + 8, 10 * GRAIN + 99..10 * GRAIN + 100]);
    }

    #[test]
    fn there_are_no_more_segments_than_readers_take() {
        let mut data = vec![0; (2 * MAX_SEGMENTS + 10) * GRAIN];
        assert_eq!(grain([&data[..]].into_iter()), GRAIN);
        data.iter_mut().step_by(2 * GRAIN).for_each(|byte| *byte = 1);
        // With pieces of twice the size all of them are neighbours.
        assert_eq!(grain([&data[..]].into_iter()), 2 * GRAIN);
        let mut found = runs(&data, 2 * GRAIN);
        assert_eq!((found.next(), found.next()), (Some(0..2 * GRAIN * (MAX_SEGMENTS + 4) + 1), None));
    }
}
