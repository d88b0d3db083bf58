//! Output that the context keeps: the guest gets the answers that a pipe in memory gives it.

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::p1;
use wasmtime::Val;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use crate::probe::{Answer, Bench, Probe, Version};
use deterministic_wasmtime::WasiCtxBuilderExt as _;

const LIMIT: usize = 40;

/// Does the same on a pipe and on captured output, and compares all answers and the guest's memory.
fn both(version: Version, calls: &[(&str, &[i32])]) -> (String, String) {
    let bench = Bench::new();
    let (out, err) = (MemoryOutputPipe::new(LIMIT), MemoryOutputPipe::new(LIMIT));
    let piped =
        WasiCtxBuilder::new().stdout(out.clone()).stderr(err.clone()).build_deterministic_p1(Policies::default());
    let kept = WasiCtxBuilder::new().build_deterministic_p1(Policies::default()).capture_output(LIMIT);
    let mut probes = [piped, kept].map(|ctx| probe(&bench, version, ctx));
    for (name, args) in calls {
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg)).collect();
        let answers = probes.each_mut().map(|probe| probe.answer_to(name, &args));
        assert_eq!(answers[0], answers[1], "{name}{args:?}");
        let [piped, kept] = &probes;
        assert!(piped.memory.data(&piped.store) == kept.memory.data(&kept.store), "{name}{args:?}");
    }
    let ctx = probes[1].store.data();
    assert_eq!(ctx.captured_stdout(), &out.contents()[..]);
    assert_eq!(ctx.captured_stderr(), &err.contents()[..]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(ctx.captured_stdout()), text(ctx.captured_stderr()))
}

/// At 16 are the buffers "one " and "two ", at 32 one outside of the memory, at 40 one of 30 bytes, at 48 an empty one.
fn probe(bench: &Bench, version: Version, ctx: p1::P1Ctx) -> Probe<p1::P1Ctx> {
    let mut probe = Probe::new(&bench.ours, bench.module(version), ctx);
    for (at, numbers) in [(16, [256, 4]), (24, [260, 4]), (32, [65_530, 100]), (40, [256, 30]), (48, [0, 0])] {
        for (place, number) in numbers.iter().enumerate() {
            probe.write(at + 4 * place, &i32::to_le_bytes(*number));
        }
    }
    probe.write(256, b"one two three four five six seven eight");
    probe
}

#[test]
fn answers_are_those_of_a_pipe() {
    for version in [Version::P1, Version::P0] {
        let (stdout, stderr) = both(
            version,
            &[
                ("fd_fdstat_get", &[1, 512]),
                ("fd_filestat_get", &[1, 640]),
                ("fd_write", &[1, 16, 1, 8]),
                ("fd_write", &[1, 16, 2, 8]),
                ("fd_write", &[1, 16, 0, 8]),
                ("fd_write", &[1, 48, 1, 8]),
                ("fd_write", &[2, 24, 1, 8]),
                ("fd_write", &[1, 32, 1, 8]),     // outside
                ("fd_write", &[1, 16, 1, 3]),     // nowhere to say how much
                ("fd_write", &[1, 65_535, 1, 8]), // misaligned
                ("fd_read", &[1, 16, 1, 8]),
                ("fd_tell", &[1, 8]),
                ("fd_sync", &[1]),
                ("fd_fdstat_set_flags", &[1, 1]),
            ],
        );
        // Before the trap nothing was written; where the count could not be told, it was.
        assert_eq!((&*stdout, &*stderr), ("one one two one ", "two "), "{version:?}");
    }
}

#[test]
fn a_full_output_is_closed() {
    let (stdout, _) = both(
        Version::P1,
        &[
            ("fd_write", &[1, 40, 1, 8]),
            ("fd_write", &[1, 16, 1, 8]),
            ("fd_write", &[1, 40, 1, 8]),
            ("fd_write", &[1, 16, 1, 8]),
            ("fd_write", &[1, 48, 1, 8]),
        ],
    );
    assert_eq!(stdout.len(), LIMIT);
}

#[test]
fn descriptors_keep_what_they_are_for() {
    let (stdout, stderr) = both(
        Version::P1,
        &[
            ("fd_renumber", &[1, 2]),
            ("fd_write", &[2, 16, 1, 8]),
            ("fd_write", &[1, 16, 1, 8]), // closed
            ("fd_close", &[2]),
            ("fd_write", &[2, 16, 1, 8]),
        ],
    );
    assert_eq!((&*stdout, &*stderr), ("one ", ""));
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let bench = Bench::new();
    let ctx = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    let mut probe = probe(&bench, Version::P1, ctx);
    let args = [1, 16, 1, 8].map(Val::I32);
    assert_eq!(probe.answer_to("fd_write", &args), Answer::Errno(0));
    assert_eq!(probe.store.data().captured_stdout(), b"");
}

#[test]
fn what_was_captured_can_be_forgotten() {
    let bench = Bench::new();
    let ctx = WasiCtxBuilder::new().build_deterministic_p1(Policies::default()).capture_output(4);
    let mut probe = probe(&bench, Version::P1, ctx);
    for errno in [0, 29, 29] {
        assert_eq!(probe.answer("fd_write", (1, 16, 1, 8)), Answer::Errno(errno));
    }
    probe.store.data_mut().clear_captured();
    assert_eq!(probe.answer("fd_write", (1, 24, 1, 8)), Answer::Errno(0));
    assert_eq!(probe.store.data().captured_stdout(), b"two ");
}
