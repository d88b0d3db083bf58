//! Whatever a guest of WASI 0.1 calls, with whatever memory and arguments: it gets an answer or is ended, and the same in two runs.
#![no_main]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use arbitrary::Arbitrary;
use bytes::{Buf as _, Bytes};
use deterministic_core::Policies;
use deterministic_fs::{Access, Tree};
use deterministic_wasi::p1::{
    FUNCTIONS, GuestMemory, Input, Output, P1, Pending, State, Stdio, StreamError, StreamResult, Version, Wait,
    functions,
};
use deterministic_wasi::{Fault, Wasi, p1_functions};
use libfuzzer_sys::fuzz_target;

/// Arguments that are often right, and sometimes anything.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Argument {
    Small(u8),
    Pointer(u16),
    Negative(i8),
    Any(i64),
}

impl Argument {
    fn value(self) -> i64 {
        match self {
            Argument::Small(value) => value.into(),
            Argument::Pointer(value) => value.into(),
            Argument::Negative(value) => value.into(),
            Argument::Any(value) => value,
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Guest<'a> {
    unstable: bool,
    waits: bool,
    captures: bool,
    input: &'a [u8],
    calls: Vec<(u8, [Argument; 9], Vec<(u16, &'a [u8])>)>,
}

const MEMORY: usize = 64 << 10;

/// What was given; each second read has to be waited for, if it `waits`.
struct Given {
    bytes: Bytes,
    waits: bool,
    waited: bool,
}

impl Given {
    fn take(&mut self, size: usize) -> StreamResult<Bytes> {
        if !self.bytes.has_remaining() {
            return Err(StreamError::Closed);
        }
        Ok(self.bytes.split_to(size.min(self.bytes.len())))
    }
}

impl Input for Given {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.waited = self.waits && !self.waited;
        if self.waited { Ok(Bytes::new()) } else { self.take(size) }
    }
    fn blocking_read(&mut self, size: usize) -> Pending<'_, StreamResult<Bytes>> {
        Box::pin(async move { self.take(size) })
    }
    fn is_ready(&mut self) -> bool {
        true
    }
}

/// Takes so many bytes at once, in `room`.
struct Taken {
    room: usize,
    bytes: Vec<u8>,
}

impl Output for Taken {
    fn write(&mut self, bytes: Bytes) -> StreamResult<Option<Bytes>> {
        if bytes.len() > self.room {
            return Ok(Some(bytes));
        }
        self.bytes.extend_from_slice(&bytes);
        Ok(None)
    }
    fn blocking_write_and_flush(&mut self, bytes: Bytes) -> Pending<'_, StreamResult<()>> {
        Box::pin(async move {
            self.bytes.extend_from_slice(&bytes);
            Ok(())
        })
    }
    fn is_ready(&mut self) -> bool {
        true
    }
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
        /// Calls the function of this number.
        fn call(
            number: u8, ctx: &mut P1<'_>, memory: &mut GuestMemory<'_>, version: Version, arguments: &[Argument],
        ) -> Result<(), Fault> {
            let mut arguments = arguments.iter().map(|argument| argument.value());
            let mut number = usize::from(number) % FUNCTIONS.len();
            $(
                if number == 0 {
                    $(let $arg = arguments.next().expect("no function has more") as $ty;)*
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

fn run(guest: &Guest<'_>, tree: &Arc<Tree>) -> (Vec<String>, Vec<u8>) {
    let version = if guest.unstable { Version::wasi_unstable } else { Version::wasi_snapshot_preview1 };
    let mut wasi = Wasi::new(Policies::default());
    wasi.files().mount_hermetic(tree, "/d", Access::ReadWrite).expect("a tree of ours");
    let mut state = State::default();
    if guest.captures {
        state.capture_output(1000);
    }
    let stdio = Stdio {
        input: Box::new(Given { bytes: Bytes::copy_from_slice(guest.input), waits: guest.waits, waited: false }),
        output: Box::new(Taken { room: if guest.waits { 3 } else { 1 << 20 }, bytes: Vec::new() }),
        error: Box::new(Taken { room: 1 << 20, bytes: Vec::new() }),
        terminals: [false, true, false],
    };
    state.start(&mut wasi, stdio, vec!["guest".into(), "a b".into()], vec![("KEY".into(), "value".into())]);

    let mut bytes = vec![0; MEMORY];
    // The names of what is there, where a pointer of 0 finds one.
    bytes[..4].copy_from_slice(b"f/gl");
    let mut answers = Vec::new();
    for (number, arguments, writes) in guest.calls.iter().take(64) {
        for (at, what) in writes {
            let at = usize::from(*at);
            let end = MEMORY.min(at + what.len());
            bytes[at..end].copy_from_slice(&what[..end - at]);
        }
        state.set_allowance(1 << 20);
        let ctx = &mut P1 { state: &mut state, wasi: &mut wasi };
        let answer = call(*number, ctx, &mut GuestMemory::new(&mut bytes), version, arguments);
        answers.push(format!("{answer:?}"));
        if let Err(Fault::Trap(_)) = answer {
            break;
        }
    }
    answers.push(wasi.now().to_string());
    (answers, bytes)
}

fuzz_target!(|guest: Guest<'_>| {
    let mut tree = Tree::new();
    tree.insert_file("f", *b"contents").expect("a good name");
    tree.insert_file("g/h", vec![1; 70_000]).expect("a good name");
    tree.insert_symlink("l", "g/h").expect("a good name");
    let tree = Arc::new(tree);
    assert!(run(&guest, &tree) == run(&guest, &tree), "two runs differ");
});
