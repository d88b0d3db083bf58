//! Arguments, environment, the end of the process.

use wasmtime_wasi::cli::WasiCliCtxView;
use wasmtime_wasi::p1::types;
use wasmtime_wasi::p1::types::Errno;
use wasmtime_wasi::p2::bindings::cli::environment::Host as _;
use wasmtime_wasi::{I32Exit, ResourceTable, WasiCtx};
use wiggle::{GuestMemory, GuestPtr};

use super::P1Ctx;
use super::abi::{Version, write_bytes, write_u32};
use super::fault::{Answer, Fault, argument};
use crate::Error;

/// The arguments or the environment, each string with the zero behind it that the guest expects.
#[derive(Debug, Default)]
pub(super) struct Strings(Vec<Box<[u8]>>);

impl Strings {
    pub(super) fn arguments(wasi: &mut WasiCtx) -> wasmtime::Result<Self> {
        let mut table = ResourceTable::new();
        let arguments = WasiCliCtxView { ctx: wasi.cli(), table: &mut table }.get_arguments()?;
        Ok(arguments.into_iter().map(terminated).collect())
    }

    pub(super) fn environment(wasi: &mut WasiCtx) -> wasmtime::Result<Self> {
        let mut table = ResourceTable::new();
        let variables = WasiCliCtxView { ctx: wasi.cli(), table: &mut table }.get_environment()?;
        Ok(variables.into_iter().map(|(name, value)| terminated(format!("{name}={value}"))).collect())
    }

    fn write(&self, memory: &mut GuestMemory<'_>, pointers: i32, bytes: i32) -> Answer {
        let mut pointer = GuestPtr::<GuestPtr<u8>>::new(pointers as u32);
        let mut at = GuestPtr::<u8>::new(bytes as u32);
        for string in &self.0 {
            memory.write(pointer, at)?;
            pointer = pointer.add(1)?;
            at = write_bytes(memory, at, string)?;
        }
        Ok(())
    }

    fn write_sizes(&self, memory: &mut GuestMemory<'_>, count: i32, size: i32) -> Answer {
        let fits = |number: usize| u32::try_from(number).map_err(|_| Errno::Overflow);
        let bytes = fits(self.0.iter().map(|string| string.len()).sum())?;
        write_u32(memory, count, fits(self.0.len())?)?;
        write_u32(memory, size, bytes)
    }
}

impl FromIterator<Box<[u8]>> for Strings {
    fn from_iter<I: IntoIterator<Item = Box<[u8]>>>(strings: I) -> Self {
        Strings(strings.into_iter().collect())
    }
}

fn terminated(string: String) -> Box<[u8]> {
    let mut bytes = string.into_bytes();
    bytes.push(0);
    bytes.into()
}

type Memory<'a, 'b> = &'a mut GuestMemory<'b>;

pub(super) fn args_get(ctx: &mut P1Ctx, memory: Memory, _: Version, (argv, buf): (i32, i32)) -> Answer {
    ctx.arguments()?.write(memory, argv, buf)
}

pub(super) fn args_sizes_get(ctx: &mut P1Ctx, memory: Memory, _: Version, (count, size): (i32, i32)) -> Answer {
    ctx.arguments()?.write_sizes(memory, count, size)
}

pub(super) fn environ_get(ctx: &mut P1Ctx, memory: Memory, _: Version, (environ, buf): (i32, i32)) -> Answer {
    ctx.environment()?.write(memory, environ, buf)
}

pub(super) fn environ_sizes_get(ctx: &mut P1Ctx, memory: Memory, _: Version, (count, size): (i32, i32)) -> Answer {
    ctx.environment()?.write_sizes(memory, count, size)
}

/// Never succeeds: the guest ends. Statuses from 126 on are the host's own on many systems, and stock refuses them.
pub(super) fn proc_exit(_: &mut P1Ctx, _: Memory, _: Version, (status,): (i32,)) -> Answer {
    if status as u32 >= 126 {
        return Err(Fault::Trap(Error::InvalidExitStatus { status: status as u32 }.into()));
    }
    Err(Fault::Trap(I32Exit(status).into()))
}

pub(super) fn proc_raise(_: &mut P1Ctx, _: Memory, _: Version, (signal,): (i32,)) -> Answer {
    argument(types::Signal::try_from(signal))?;
    Err(Errno::Notsup.into())
}

pub(super) fn sock_accept(ctx: &mut P1Ctx, _: Memory, _: Version, (fd, flags, _): (i32, i32, i32)) -> Answer {
    argument(types::Fdflags::try_from(flags))?;
    no_socket(ctx, fd)
}

pub(super) fn sock_recv(
    ctx: &mut P1Ctx,
    _: Memory,
    _: Version,
    (fd, _, _, flags, _, _): (i32, i32, i32, i32, i32, i32),
) -> Answer {
    argument(types::Riflags::try_from(flags))?;
    no_socket(ctx, fd)
}

/// No flag is defined for sending; any bit that the type has room for is let through, as on stock.
pub(super) fn sock_send(
    ctx: &mut P1Ctx,
    _: Memory,
    _: Version,
    (fd, _, _, flags, _): (i32, i32, i32, i32, i32),
) -> Answer {
    argument(u16::try_from(flags))?;
    no_socket(ctx, fd)
}

pub(super) fn sock_shutdown(ctx: &mut P1Ctx, _: Memory, _: Version, (fd, how): (i32, i32)) -> Answer {
    argument(types::Sdflags::try_from(how))?;
    no_socket(ctx, fd)
}

/// There are no sockets.
fn no_socket(ctx: &mut P1Ctx, fd: i32) -> Answer {
    ctx.table()?.get(fd)?;
    Err(Errno::Notsock.into())
}
