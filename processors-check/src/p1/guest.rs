//! A guest that is nothing but a memory and calls, with arguments that are mostly right.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use deterministic_wasi::p1::{GuestMemory, P1, Points, State, Version, Wait, functions};
use deterministic_wasi::{Fault, Wasi, p1_functions};

use crate::draws::Draws;

pub(super) const MEMORY: usize = 8 << 10;

/// Names, at every eighth byte. What is shorter than one is a name, too.
const NAMES: [&[u8; 3]; 8] = [b"f12", b"g/h", b"l12", b"n/m", b"./f", b"f/.", b"abc", b"g/l"];
/// A list of buffers, at every eighth byte from here on.
const BUFFERS: usize = 256;
/// Records for `poll_oneoff`.
const RECORDS: usize = 512;
/// What the buffers are.
const DATA: usize = 1024;
/// Where answers go.
const ANSWERS: u64 = 2048;

pub(super) struct Guest {
    pub(super) wasi: Wasi,
    pub(super) state: State,
    pub(super) memory: Vec<u8>,
    pub(super) version: Version,
}

impl Guest {
    /// Writes what arguments point to.
    pub(super) fn prepare(&mut self, draws: &mut Draws) {
        let mut put = |at: usize, bytes: &[u8]| self.memory[at..at + bytes.len()].copy_from_slice(bytes);
        for (at, name) in (0..).step_by(8).zip(NAMES) {
            put(at, name);
        }
        for i in 0..8 {
            put(BUFFERS + 8 * i, &((DATA + 64 * i) as u32).to_le_bytes());
            put(BUFFERS + 8 * i + 4, &(13 * i as u32).to_le_bytes());
        }
        let (size, clock) = match self.version {
            Version::wasi_snapshot_preview1 => (48, 16),
            _ => (56, 24),
        };
        for i in 0..8 {
            let at = RECORDS + size * i;
            let tag = draws.below(3) as u8;
            put(at, &draws.any().to_le_bytes());
            put(at + 8, &[tag]);
            if tag > 0 {
                put(at + 16, &(draws.below(5) as u32).to_le_bytes());
                continue;
            }
            put(at + clock, &(draws.below(2) as u32).to_le_bytes());
            put(at + clock + 8, &draws.below(5_000_000_000).to_le_bytes());
            put(at + clock + 24, &(draws.below(2) as u16).to_le_bytes());
        }
        put(DATA, &draws.bytes(64));
    }

    /// Calls the function of this number; with what, and what it answers.
    pub(super) fn call(&mut self, number: usize, draws: &mut Draws) -> (Vec<i64>, Result<(), Fault>) {
        let mut arguments = Vec::new();
        let ctx = &mut P1 { state: &mut self.state, wasi: &mut self.wasi };
        ctx.state.set_allowance(1 << 20);
        let mut draw = |name: &str, points| {
            let argument = argument(name, points, draws);
            arguments.push(argument);
            argument
        };
        let answer = dispatch(number, ctx, &mut GuestMemory::new(&mut self.memory), self.version, &mut draw);
        (arguments, answer)
    }
}

fn argument(name: &str, points: Points, draws: &mut Draws) -> i64 {
    // One of forty is anything.
    if draws.below(40) == 0 {
        return draws.any() as i64 >> draws.below(64);
    }
    (match (points, name) {
        (Points::Length, "buf_len" | "len") => 1 + draws.below(200),
        (Points::Length, _) => 1 + draws.below(3),
        (Points::ReadsText, _) => 8 * draws.below(8),
        (Points::ReadsRecords, _) => RECORDS as u64,
        (Points::ReadsBuffers | Points::WritesBuffers, _) => BUFFERS as u64 + 8 * draws.below(5),
        (Points::Writes, _) => ANSWERS + 8 * draws.below(600),
        // The standard streams, the directory, and what was opened.
        (_, "fd" | "to" | "new_fd") => draws.one_of(&[0, 1, 2, 3, 3, 3, 3, 3, 4, 4, 5, 6, 7, 8]),
        (_, "id" | "whence" | "advice") => draws.below(3),
        (_, "flags" | "fdflags" | "dirflags") => draws.one_of(&[0, 0, 1]),
        (_, "fst_flags") => draws.one_of(&[0, 1, 2, 4, 5]),
        (_, "oflags") => draws.one_of(&[0, 0, 1, 2, 9]),
        // Nothing, reading, writing, both, everything.
        (_, "base" | "inheriting") => draws.one_of(&[0, 0x2, 0x40, 0x42, 0x42, 0x42, 0x1fff_ffff]),
        // Sizes, offsets, times.
        _ => draws.one_of(&[0, 0, 1, 2, 3, 10, 100, 5_000_000_000]),
    }) as i64
}

fn finish(ctx: &mut P1<'_>, memory: &mut GuestMemory<'_>, wait: Wait) -> Result<(), Fault> {
    match pin!(wait.finish(ctx, memory)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("these streams never wait"),
    }
}

macro_rules! dispatch {
    (; $($kind:ident $modules:ident $name:ident($($arg:ident: $ty:ident [$points:ident]),*)
        -> $ret:tt, $label:ident [$($policy:literal)?];)*) => {
        fn dispatch(
            number: usize, ctx: &mut P1<'_>, memory: &mut GuestMemory<'_>, version: Version,
            draw: &mut dyn FnMut(&str, Points) -> i64,
        ) -> Result<(), Fault> {
            let mut number = number;
            $(
                if number == 0 {
                    $(let $arg = draw(stringify!($arg), Points::$points) as $ty;)*
                    return dispatch!(@ $kind $name ctx memory version ($($arg,)*));
                }
                number = number.wrapping_sub(1);
            )*
            unreachable!("there is none of number {number} beyond the last")
        }
    };
    (@ asks $name:ident $ctx:ident $memory:ident $version:ident $args:tt) => {
        functions::$name($ctx.wasi, $memory, $version, $args)
    };
    (@ yields $name:ident $ctx:ident $memory:ident $version:ident $args:tt) => {
        functions::$name($ctx.wasi)
    };
    (@ copies $name:ident $ctx:ident $memory:ident $version:ident $args:tt) => {
        functions::$name($ctx, $memory, $version, $args)
    };
    (@ waits $name:ident $ctx:ident $memory:ident $version:ident $args:tt) => {
        match functions::$name($ctx, $memory, $version, $args)? {
            Some(wait) => finish($ctx, $memory, wait),
            None => Ok(()),
        }
    };
}

p1_functions!(dispatch! {});
