//! Calls of WASI 0.1 over a guest's memory as bytes: what each answers and leaves in the memory, under every preset.

mod guest;
mod stdio;

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use deterministic_core::Seed;
use deterministic_fs::{Access, Tree};
use deterministic_policies::Preset;
use deterministic_wasi::Wasi;
use deterministic_wasi::p1::{FUNCTIONS, State, Version};

use crate::draws::Draws;
use crate::report::Report;
use guest::{Guest, MEMORY};

/// Runs under each preset, and the calls of each.
const RUNS: u64 = 40;
const CALLS: u64 = 120;

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    let tree = Arc::new(tree());
    // How often each function gave what it was asked for: a check of calls that all fail would check little.
    let mut successes = vec![0; FUNCTIONS.len()];
    for preset in Preset::ALL.iter().filter(|preset| **preset != Preset::Host) {
        for number in 0..RUNS {
            run(report, *preset, number, &tree, &mut successes)?;
        }
    }
    let named: Vec<_> = FUNCTIONS.iter().zip(&successes).map(|(function, times)| (function.name, times)).collect();
    assert!(
        named.iter().filter(|(_, times)| **times > 0).count() > 33,
        "too few functions do what they are asked for: {named:?}"
    );
    report.line("p1/successes", format!("{named:?}").as_bytes())
}

fn tree() -> Tree {
    let mut tree = Tree::new();
    let inserted = [
        tree.insert_file("f", *b"contents of a file"),
        tree.insert_file("g/h", vec![1; 70_000]),
        tree.insert_symlink("l", "g/h"),
        tree.insert_directory("n"),
    ];
    inserted.into_iter().collect::<Result<Vec<_>, _>>().expect("good names");
    tree
}

/// Any function; but more files are opened than closed, as there would soon be none.
fn choice(draws: &mut Draws) -> usize {
    let any = draws.below(FUNCTIONS.len() as u64) as usize;
    let closes = matches!(FUNCTIONS[any].name, "fd_close" | "fd_renumber");
    let opens = draws.below(if closes { 10 } else { 5 }) < if closes { 9 } else { 1 };
    if opens { FUNCTIONS.iter().position(|function| function.name == "path_open").unwrap_or(any) } else { any }
}

fn run(report: &mut Report, preset: Preset, number: u64, tree: &Arc<Tree>, successes: &mut [u64]) -> io::Result<()> {
    let mut draws = Draws::new(number);
    let version = draws.one_of(&[Version::wasi_snapshot_preview1, Version::wasi_unstable]);
    let mut wasi = Wasi::new(preset.policies(&Seed::from_u64(number)));
    wasi.files().mount_hermetic(tree, "/d", Access::ReadWrite).expect("a tree of ours");
    let mut state = State::default();
    if draws.below(2) == 0 {
        state.capture_output(1_000);
    }
    let stdio = stdio::stdio(&draws.bytes(300), draws.below(2) == 0);
    state.start(&mut wasi, stdio, vec!["guest".into(), "a b".into()], vec![("KEY".into(), "value".into())]);

    let mut guest = Guest { wasi, state, memory: vec![0; MEMORY], version };
    for turn in 0..CALLS {
        guest.prepare(&mut draws);
        let function = choice(&mut draws);
        let (arguments, answer) = guest.call(function, &mut draws);
        let name = FUNCTIONS[function].name;
        let said = format!("{arguments:?} {answer:?} {} {}", guest.wasi.now(), blake3::hash(&guest.memory).to_hex());
        report.line(format_args!("p1/{preset}/{number}/{turn}/{name}"), said.as_bytes())?;
        // After a trap, too, things stand as they stood.
        successes[function] += u64::from(answer.is_ok());
    }

    let mut end = format!("{:?} {:?}\n", guest.wasi.now(), guest.wasi.wall_now());
    writeln!(end, "{:?}", guest.wasi.host_calls().collect::<Vec<_>>()).expect("a string takes all");
    writeln!(end, "{:?} {:?}", guest.state.captured_stdout(), guest.state.captured_stderr())
        .expect("a string takes all");
    writeln!(end, "{:?}", guest.wasi.save()).expect("a string takes all");
    writeln!(end, "{:?}", guest.wasi.files().changes(0)).expect("a string takes all");
    report.line(format_args!("p1/{preset}/{number}/end"), end.as_bytes())?;
    let left = guest.wasi.files().tree(0).expect("it is hermetic").expect("all is in memory");
    report.line(format_args!("p1/{preset}/{number}/tree"), left.digest().expect("all is in memory").as_bytes())
}
