//! The guests of the tests on wasmi: output, end, time, calls, files and memory, under every preset.

use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

use deterministic_core::Seed;
use deterministic_fs::{Access, Tree};
use deterministic_policies::Preset;
use deterministic_wasmi::engine::fault_of;
use deterministic_wasmi::{P1Ctx, add_to_linker, configure};
use test_programs::Guest;
use wasmi::{Config, Engine, Linker, Module, Store};

use crate::report::Report;

pub(crate) fn report(report: &mut Report) -> io::Result<()> {
    let engine = Engine::new(configure(&mut Config::default()));
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |ctx: &mut P1Ctx| ctx).expect("nothing else is linked");
    for guest in test_programs::ALL {
        let wasm = wat::parse_bytes(guest.wasm).expect("a guest is a module");
        let module = Module::new(&engine, &wasm).expect("wasmi takes every guest");
        // Looking through its 2 GiB takes seconds.
        let once = guest.name == "wat_high_pointers";
        let presets = Preset::ALL.iter().filter(|preset| **preset != Preset::Host);
        for preset in presets.take(if once { 1 } else { usize::MAX }) {
            let store = Store::new(&engine, context(*guest, preset.policies(&Seed::from_u64(11))));
            run(report, &format!("guest/{}/{preset}", guest.name), &linker, &module, store)?;
        }
    }
    Ok(())
}

/// With what those want that want something.
fn context(guest: Guest, policies: deterministic_core::Policies) -> P1Ctx {
    let (arguments, input): (&[&str], &str) = match guest.name {
        "c_entropy_chunks" | "rust_exit_code" => (&["7"], ""),
        "c_poll" | "wat_poll_stdin_stdout" => (&[], "some input"),
        "rust_args_env" => (&["one", "", "--help"], ""),
        "rust_alloc_grow" => (&["4"], ""),
        "rust_spin" => (&["100000"], ""),
        "rust_stdin_echo" => (&[], "line one\nline two"),
        _ => (&[], ""),
    };
    let ctx = P1Ctx::new(policies).arg(guest.name).args(arguments.iter().copied());
    let ctx = ctx.env("LANG", "C").stdin(input.to_owned()).capture_output(1 << 20);
    let mut tree = Tree::new();
    let access = match guest.name {
        "rust_files" => Access::ReadWrite,
        "c_stat_tree" | "rust_list_dir" | "rust_walk_tree" | "rust_file_times" => {
            for name in ["zeta", "alpha", "directory/inner"] {
                tree.insert_file(name, name.as_bytes()).expect("a good name");
            }
            Access::ReadOnly
        }
        _ => return ctx,
    };
    ctx.hermetic_dir(&Arc::new(tree), "/", access).expect("it fits")
}

fn run(
    report: &mut Report,
    name: &str,
    linker: &Linker<P1Ctx>,
    module: &Module,
    mut store: Store<P1Ctx>,
) -> io::Result<()> {
    let instance = linker.instantiate_and_start(&mut store, module).expect("all it imports is linked");
    let start = instance.get_typed_func::<(), ()>(&store, "_start").expect("every guest is a command");
    let mut said = match start.call(&mut store, ()) {
        Ok(()) => "returned\n".to_owned(),
        Err(error) => format!("{error} {:?}\n", fault_of(&error)),
    };
    let memory = instance.get_memory(&store, "memory");
    memory.map_or(Ok(()), |memory| written(memory.data(&store), &mut said)).expect("a string takes all");
    let ctx = store.data_mut();
    let streams = [ctx.captured_stdout(), ctx.captured_stderr()].map(|bytes| bytes.escape_ascii().to_string());
    let wasi = ctx.deterministic_mut();
    let calls: Vec<_> = wasi.host_calls().collect();
    let tree = wasi.files().tree(0).map(|tree| tree.and_then(|tree| tree.digest()));
    said += &format!("{streams:?} {} {calls:?} {tree:?}", wasi.now());
    report.line(name, said.as_bytes())
}

/// The digest of each page that is not all zeros: a memory may have 2 GiB, of which one page was written.
fn written(memory: &[u8], said: &mut String) -> std::fmt::Result {
    const PAGE: usize = 64 << 10;
    writeln!(said, "{} bytes", memory.len())?;
    for (number, page) in memory.chunks(PAGE).enumerate() {
        if page != &[0; PAGE][..page.len()] {
            writeln!(said, "{number} {}", blake3::hash(page).to_hex())?;
        }
    }
    Ok(())
}
