//! Arguments, environment, the end of the process.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use super::abi::{Version, write_bytes, write_u32};
use super::guest::{GuestMemory, GuestPtr};
use super::types::{Errno, Fdflags, Riflags, SIGNAL, Sdflags, member};
use super::{P1, State};
use crate::Error;
use crate::fault::{Answer, TrapKind};

/// The arguments or the environment, each string with the zero behind it that the guest expects.
#[derive(Debug, Default)]
pub(super) struct Strings(Vec<Box<[u8]>>);

impl Strings {
    pub(super) fn arguments(arguments: Vec<String>) -> Self {
        Strings(arguments.into_iter().map(terminated).collect())
    }

    pub(super) fn environment(variables: Vec<(String, String)>) -> Self {
        Strings(variables.into_iter().map(|(name, value)| terminated(format!("{name}={value}"))).collect())
    }

    fn write(&self, memory: &mut GuestMemory<'_>, pointers: i32, bytes: i32) -> Answer {
        let mut pointer = GuestPtr::<u32>::new(pointers as u32);
        let mut at = GuestPtr::<u8>::new(bytes as u32);
        for string in &self.0 {
            memory.write(pointer, at.offset())?;
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

fn terminated(string: String) -> Box<[u8]> {
    let mut bytes = string.into_bytes();
    bytes.push(0);
    bytes.into()
}

/// What there is before the start.
static NONE: Strings = Strings(Vec::new());

impl State {
    fn arguments(&self) -> &Strings {
        self.started.as_ref().map_or(&NONE, |started| &started.arguments)
    }

    fn environment(&self) -> &Strings {
        self.started.as_ref().map_or(&NONE, |started| &started.environment)
    }
}

type Memory<'a, 'b> = &'a mut GuestMemory<'b>;

pub fn args_get(ctx: &mut P1<'_>, memory: Memory, _: Version, (argv, buf): (i32, i32)) -> Answer {
    ctx.state.arguments().write(memory, argv, buf)
}

pub fn args_sizes_get(ctx: &mut P1<'_>, memory: Memory, _: Version, (count, size): (i32, i32)) -> Answer {
    ctx.state.arguments().write_sizes(memory, count, size)
}

pub fn environ_get(ctx: &mut P1<'_>, memory: Memory, _: Version, (environ, buf): (i32, i32)) -> Answer {
    ctx.state.environment().write(memory, environ, buf)
}

pub fn environ_sizes_get(ctx: &mut P1<'_>, memory: Memory, _: Version, (count, size): (i32, i32)) -> Answer {
    ctx.state.environment().write_sizes(memory, count, size)
}

/// Never succeeds: the guest ends. Statuses from 126 on are the host's own on many systems, and stock refuses them.
pub fn proc_exit(_: &mut P1<'_>, _: Memory, _: Version, (status,): (i32,)) -> Answer {
    if status as u32 >= 126 {
        return Err(Error::InvalidExitStatus { status: status as u32 }.into());
    }
    Err(TrapKind::Exit(status).into())
}

pub fn proc_raise(_: &mut P1<'_>, _: Memory, _: Version, (signal,): (i32,)) -> Answer {
    member(signal, SIGNAL.0, SIGNAL.1)?;
    Err(Errno::Notsup.into())
}

pub fn sock_accept(ctx: &mut P1<'_>, _: Memory, _: Version, (fd, flags, _): (i32, i32, i32)) -> Answer {
    Fdflags::try_from(flags)?;
    no_socket(ctx, fd)
}

pub fn sock_recv(
    ctx: &mut P1<'_>,
    _: Memory,
    _: Version,
    (fd, _, _, flags, _, _): (i32, i32, i32, i32, i32, i32),
) -> Answer {
    Riflags::try_from(flags)?;
    no_socket(ctx, fd)
}

/// No flag is defined for sending; any bit that the type has room for is let through, as on stock.
pub fn sock_send(ctx: &mut P1<'_>, _: Memory, _: Version, (fd, _, _, flags, _): (i32, i32, i32, i32, i32)) -> Answer {
    u16::try_from(flags).map_err(|_| super::guest::GuestError::InvalidFlagValue("siflags"))?;
    no_socket(ctx, fd)
}

pub fn sock_shutdown(ctx: &mut P1<'_>, _: Memory, _: Version, (fd, how): (i32, i32)) -> Answer {
    Sdflags::try_from(how)?;
    no_socket(ctx, fd)
}

/// There are no sockets.
fn no_socket(ctx: &mut P1<'_>, fd: i32) -> Answer {
    ctx.table()?.get(fd)?;
    Err(Errno::Notsock.into())
}
