//! The guest: from a file to a module that may be started.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use wasmtime::{Engine, ExternType, InstancePre, Linker, Module, Store, UnknownImportError};

use crate::problem::{Problem, one_line};

/// What a binary module and a binary component begin with.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// Compiling less takes no time that anybody notices.
const LARGE: usize = 1 << 20;
const PAGE: u128 = 1 << 16;

/// A guest that was read.
#[derive(Debug)]
pub(crate) struct Guest {
    path: PathBuf,
    binary: Vec<u8>,
}

impl Guest {
    /// Reads a guest in binary or text format.
    pub(crate) fn read(path: PathBuf) -> Result<Self, Problem> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(Problem::GuestUnreadable { path, error }),
        };
        let binary = match wat::Parser::new().parse_bytes(Some(&path), &bytes) {
            Ok(binary) => binary.into_owned(),
            Err(error) => {
                // What is wrong, and the place; the lines after these draw it.
                let reason = error.to_string().lines().take(2).map(one_line).collect::<Vec<_>>().join(" ");
                return Err(Problem::NotWebAssembly { path, reason });
            }
        };
        if binary.starts_with(COMPONENT) {
            return Err(Problem::Component { path });
        }
        if !binary.starts_with(MODULE) {
            let reason = "it does not begin as version 1 of the format does".into();
            return Err(Problem::NotWebAssembly { path, reason });
        }
        Ok(Guest { path, binary })
    }

    pub(crate) fn binary(&self) -> &[u8] {
        &self.binary
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Compiles it, and sees to it that it is a program whose memories fit into `max_memory` bytes.
    pub(crate) fn compile(&self, engine: &Engine, max_memory: Option<u64>) -> Result<Module, Problem> {
        let progress = self.progress();
        let module = Module::from_binary(engine, &self.binary);
        progress.finish_and_clear();
        let module = module.map_err(|error| Problem::Invalid { path: self.path.clone(), reason: chain(&error) })?;

        if module.imports().any(|import| matches!(import.ty(), ExternType::Memory(memory) if memory.is_shared())) {
            return Err(Problem::Invalid { path: self.path.clone(), reason: "it imports a shared memory".into() });
        }
        let no_command = |reason| Err(Problem::NoCommand { path: self.path.clone(), reason });
        match module.get_export("_start") {
            Some(ExternType::Func(ty)) if ty.params().len() == 0 && ty.results().len() == 0 => {}
            Some(_) => return no_command("its export `_start` is no function without parameters and results"),
            None if module.get_export("_initialize").is_some() => {
                return no_command("it exports `_initialize` and no `_start`, as libraries do");
            }
            None => return no_command("it exports no function `_start`"),
        }
        let initial = u128::from(module.resources_required().max_initial_memory_size.unwrap_or(0)) * PAGE;
        match max_memory {
            Some(max) if initial > max.into() => Err(Problem::MemoryTooSmall { path: self.path.clone(), initial, max }),
            _ => Ok(module),
        }
    }

    /// Finds everything that the module imports in `linker`. `scratch` makes a store, which looking them up needs.
    pub(crate) fn link<T: 'static>(
        &self,
        linker: &Linker<T>,
        module: &Module,
        scratch: impl FnOnce() -> Store<T>,
    ) -> Result<InstancePre<T>, Problem> {
        let error = match linker.instantiate_pre(module) {
            Ok(linked) => return Ok(linked),
            Err(error) => error,
        };
        let path = self.path.clone();
        if !error.is::<UnknownImportError>() {
            return Err(Problem::Unlinkable { path, reason: chain(&error) });
        }
        let mut store = scratch();
        let unknown = module.imports().filter(|import| linker.get_by_import(&mut store, import).is_none());
        let imports = unknown.map(|import| format!("`{}::{}`", import.module(), import.name())).collect();
        Err(Problem::UnknownImports { path, imports })
    }

    /// A sign of life for whoever looks at a terminal.
    fn progress(&self) -> ProgressBar {
        if self.binary.len() < LARGE || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let progress = ProgressBar::new_spinner()
            .with_style(ProgressStyle::default_spinner())
            .with_message(format!("compiling {}", self.path.display()));
        progress.enable_steady_tick(Duration::from_millis(100));
        progress
    }
}

/// The message of an error and of those behind it, in one line.
pub(crate) fn chain(error: &wasmtime::Error) -> String {
    one_line(&error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": "))
}
