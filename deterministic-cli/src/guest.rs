//! The guest: from a file to something that can be compiled.

use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use deterministic_wasmtime::shown;
use indicatif::{ProgressBar, ProgressStyle};
use wasmparser::{Parser, Payload};
use wasmtime::{ResourcesRequired, Trap, WasmBacktrace};

use crate::bounded::Bounded;
use crate::frames;
use crate::problem::{Problem, one_line};
use crate::sort;

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
    kind: Kind,
}

/// What a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

impl Guest {
    /// Reads a guest in binary or text format, `-` from standard input.
    pub(crate) fn read(path: PathBuf) -> Result<Self, Problem> {
        let bytes = match bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(Problem::GuestUnreadable { path, error }),
        };
        if let Some((what, fix)) = sort::binary(&bytes) {
            return Err(Problem::ForeignFile { path, what, fix });
        }
        let binary = match wat::Parser::new().parse_bytes(Some(&path), &bytes) {
            Ok(binary) => binary.into_owned(),
            Err(error) => {
                if let Some((what, fix)) = sort::text(&path, &bytes) {
                    return Err(Problem::ForeignFile { path, what, fix });
                }
                // What is wrong, and the place; the lines after these draw it.
                let reason = error.to_string().lines().take(2).map(one_line).collect::<Vec<_>>().join(" ");
                return Err(Problem::NotWebAssembly { path, reason });
            }
        };
        let kind = if binary.starts_with(COMPONENT) {
            Kind::Component
        } else if binary.starts_with(MODULE) {
            Kind::Module
        } else {
            let reason = "it does not begin as version 1 of the format does".into();
            return Err(Problem::NotWebAssembly { path, reason });
        };
        Ok(Guest { path, binary, kind })
    }

    pub(crate) fn binary(&self) -> &[u8] {
        &self.binary
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it imports anything by which its standard input is read.
    pub(crate) fn reads_stdin(&self) -> bool {
        // What is wrong with the guest is for the compiler to say.
        let mut payloads = Parser::new(0).parse_all(&self.binary).map_while(Result::ok);
        match self.kind {
            Kind::Module => payloads.any(|payload| match payload {
                Payload::ImportSection(section) => section.into_imports().flatten().any(|import| {
                    import.name == "fd_read" && ["wasi_snapshot_preview1", "wasi_unstable"].contains(&import.module)
                }),
                _ => false,
            }),
            Kind::Component => payloads.any(|payload| match payload {
                Payload::ComponentImportSection(section) => {
                    section.into_iter().flatten().any(|import| import.name.name.starts_with("wasi:cli/stdin@"))
                }
                _ => false,
            }),
        }
    }

    /// Whether it is a module with a function that is called when it is instantiated.
    pub(crate) fn has_start_function(&self) -> bool {
        let mut payloads = Parser::new(0).parse_all(&self.binary).map_while(Result::ok);
        payloads.any(|payload| matches!(payload, Payload::StartSection { .. }))
    }

    /// Compiles it by `compile`.
    pub(crate) fn compile<C>(&self, compile: impl FnOnce(&[u8]) -> wasmtime::Result<C>) -> Result<C, Problem> {
        let progress = self.progress();
        let compiled = compile(&self.binary);
        progress.finish_and_clear();
        compiled.map_err(|error| Problem::Invalid { path: self.path.clone(), reason: chain(&error) })
    }

    /// Sees to it that the memories that it begins with fit into `max` bytes.
    pub(crate) fn fits(&self, required: Option<ResourcesRequired>, max: u64) -> Result<(), Problem> {
        let pages = required.and_then(|required| required.max_initial_memory_size).unwrap_or(0);
        let initial = u128::from(pages) * PAGE;
        if initial > max.into() {
            return Err(Problem::MemoryTooSmall { path: self.path.clone(), initial, max });
        }
        Ok(())
    }

    /// Tells a guest that failed while it was instantiated from one that could not be.
    pub(crate) fn unstarted(&self, error: wasmtime::Error) -> Result<wasmtime::Error, Problem> {
        if error.is::<WasmBacktrace>() || error.is::<Trap>() {
            return Ok(error);
        }
        let is_too_large = |cause: &io::Error| cause.kind() == io::ErrorKind::FileTooLarge;
        if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_too_large) {
            return Err(Problem::MemoryImage { path: self.path.clone() });
        }
        Err(Problem::Unstartable { path: self.path.clone(), reason: chain(&error) })
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

/// Whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if !is_stdin(path) {
        return fs::read(path);
    }
    if io::stdin().is_terminal() {
        return Err(io::Error::other("standard input is a terminal"));
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The message of an error and of those behind it, in one line and without the guest's frames, which have lines of their own.
pub(crate) fn chain(error: &wasmtime::Error) -> String {
    let causes = error.chain().filter_map(|cause| {
        let mut text = Bounded::new(CAUSE);
        let _ = write!(NoFrames(&mut text), "{cause}");
        (!text.text().starts_with(frames::HEAD)).then(|| text.finish())
    });
    one_line(&causes.take(CAUSES).collect::<Vec<_>>().join(": "))
}

/// How many messages of an error are told, and how many bytes of each.
const CAUSES: usize = 16;
const CAUSE: usize = 2048;

/// Stops who begins to write frames: Wasmtime demangles their names, whatever comes of it.
struct NoFrames<'a>(&'a mut Bounded);

impl fmt::Write for NoFrames<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.0.write_str(more)?;
        if self.0.text().starts_with(frames::HEAD) { Err(fmt::Error) } else { Ok(()) }
    }
}

/// Exports or imports in a message, of which a guest may have thousands.
pub(crate) fn listed(exports: impl IntoIterator<Item = String>) -> String {
    const MOST: usize = 20;
    let mut exports = exports.into_iter();
    let mut shown: Vec<_> = exports.by_ref().take(MOST).map(|export| format!("`{}`", shown(&export))).collect();
    match exports.count() {
        0 if shown.is_empty() => return "no function at all".into(),
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
}
