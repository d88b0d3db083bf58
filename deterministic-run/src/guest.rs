//! The guest: from bytes to something that can be compiled.

use std::io;
use std::path::Path;
use std::sync::Arc;

use wasmparser::{Parser, Payload};
use wasmtime::{ResourcesRequired, Trap, WasmBacktrace};

use crate::Error;
use crate::ended::NotProvided;
use crate::text::{chain, one_line};

/// What a binary module and a binary component begin with.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const PAGE: u128 = 1 << 16;

/// A core module or a component, read once. A clone shares the bytes.
#[derive(Clone, Debug)]
pub struct Guest {
    name: Arc<str>,
    binary: Arc<[u8]>,
    kind: Kind,
}

/// What a guest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// How many pages the largest memory has at the beginning.
pub(crate) fn initial_pages(required: &ResourcesRequired) -> u64 {
    required.max_initial_memory_size.unwrap_or(0)
}

impl Guest {
    /// A guest in binary or text format. Errors call it by `name`, which decides nothing else; a file's is its path.
    ///
    /// # Errors
    ///
    /// [`Error::NotWebAssembly`].
    pub fn new(name: impl Into<String>, bytes: &[u8]) -> Result<Self, Error> {
        let name = name.into();
        let binary = match wat::Parser::new().parse_bytes(Some(Path::new(&name)), bytes) {
            Ok(binary) => binary,
            Err(error) => {
                // What is wrong, and the place; the lines after these draw it.
                let reason = error.to_string().lines().take(2).map(one_line).collect::<Vec<_>>().join(" ");
                return Err(Error::NotWebAssembly { guest: name, reason });
            }
        };
        let kind = if binary.starts_with(COMPONENT) {
            Kind::Component
        } else if binary.starts_with(MODULE) {
            Kind::Module
        } else {
            let reason = "it does not begin as version 1 of the format does".into();
            return Err(Error::NotWebAssembly { guest: name, reason });
        };
        Ok(Guest { name: name.into(), binary: Arc::from(&*binary), kind })
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last part of that, if it is a path: where it lies is nobody's business.
    pub(crate) fn file_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// It in binary format.
    pub fn binary(&self) -> &[u8] {
        &self.binary
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it imports anything by which its standard input is read.
    pub fn reads_stdin(&self) -> bool {
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

    /// How many pages the largest memory of a module has at the beginning.
    #[cfg(feature = "wasmi")]
    pub(crate) fn initial_pages(&self) -> u64 {
        let payloads = Parser::new(0).parse_all(&self.binary).map_while(Result::ok);
        let sections = payloads.filter_map(|payload| match payload {
            Payload::MemorySection(section) => Some(section),
            _ => None,
        });
        sections.flat_map(|section| section.into_iter().flatten()).map(|memory| memory.initial).max().unwrap_or(0)
    }

    /// Compiles it by `compile`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with what `compile` says.
    pub fn compile<C>(&self, compile: impl FnOnce(&[u8]) -> wasmtime::Result<C>) -> Result<C, Error> {
        compile(&self.binary).map_err(|error| Error::Invalid { guest: self.called(), reason: chain(&error) })
    }

    /// Sees to it that the memories that it begins with fit into `max` bytes.
    pub(crate) fn fits(&self, pages: u64, max: u64) -> Result<(), Error> {
        let initial = u128::from(pages) * PAGE;
        if initial > max.into() {
            return Err(Error::MemoryTooSmall { guest: self.called(), initial, max });
        }
        Ok(())
    }

    /// Tells a guest that failed while it was instantiated from one that could not be. The first is given back, for [`Ended::of`].
    ///
    /// [`Ended::of`]: crate::Ended::of
    ///
    /// # Errors
    ///
    /// [`Error::Unstartable`] and [`Error::MemoryImage`].
    pub fn unstarted(&self, error: wasmtime::Error) -> Result<wasmtime::Error, Error> {
        // Nothing of the guest's own is among the frames if it is an import that it starts with.
        if error.is::<WasmBacktrace>() || error.is::<Trap>() || error.is::<NotProvided>() {
            return Ok(error);
        }
        let is_too_large = |cause: &io::Error| cause.kind() == io::ErrorKind::FileTooLarge;
        if error.chain().filter_map(|cause| cause.downcast_ref()).any(is_too_large) {
            return Err(Error::MemoryImage { guest: self.called() });
        }
        Err(Error::Unstartable { guest: self.called(), reason: chain(&error) })
    }

    /// Its name, for an error.
    pub(crate) fn called(&self) -> String {
        self.name.to_string()
    }
}
