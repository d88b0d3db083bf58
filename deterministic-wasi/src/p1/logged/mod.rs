//! What a call of WASI 0.1 asks and gets, for the [call log](crate::log).
//!
//! What the guest wrote is read before the call, and what the host wrote after it. A pointer that leads nowhere is no fault here, but
//! [`Value::Unreadable`]: what the call itself says of it is logged as its outcome. So the log changes nothing.

mod read;
mod shapes;

use self::read::{Buffers, Memory};
use self::shapes::{Shape, shape};
use super::abi::Version;
use super::guest::GuestMemory;
use super::table::{Function, Parameter, Points, function};
use super::types::Errno;
use crate::Wasi;
use crate::calls::HostCall;
use crate::fault::{Answer, Fault, TrapKind};
use crate::log::{Begun, Field, Outcome, Value};

/// What a call of a row of [`p1_functions!`](crate::p1_functions) answers: `plain`, or `logged`, which tells a log if there is one and stops where
/// the run is to be stopped. The row's names, and the answer, are the adapter's.
#[macro_export]
macro_rules! p1_told {
    (plain $wasi:expr, $memory:expr, $module:ident $name:ident($($arg:ident),*) => $answer:expr) => {
        $answer
    };
    (logged $wasi:expr, $memory:expr, $module:ident $name:ident($($arg:ident),*) => $answer:expr) => {{
        use $crate::p1::{Logged, Version};
        match Logged::begin($wasi, &$memory, Version::$module, $crate::HostCall::$name, &[$($arg.into()),*]) {
            Ok(logged) => {
                let answer = $answer;
                Logged::end(logged, $wasi, &$memory, answer)
            }
            Err(stopped) => Err(stopped),
        }
    }};
}

/// A call of WASI 0.1 that is being logged: made before it, and ended after it.
///
/// ```text
/// let logged = Logged::begin(ctx.wasi, &memory, version, HostCall::fd_tell, &[fd.into(), out.into()])?;
/// let answer = functions::fd_tell(&mut ctx, &mut memory, version, (fd, out));
/// let answer = Logged::end(logged, ctx.wasi, &memory, answer);
/// ```
#[derive(Debug)]
pub struct Logged {
    begun: Begun,
    version: Version,
    function: &'static Function,
    /// As the guest passes them. One of 32 bits may be extended by whatever.
    passed: Vec<i64>,
    arguments: Vec<Field>,
    /// Those that are written to, as they were before.
    buffers: Option<Buffers>,
}

impl Version {
    /// What a guest imports it from.
    fn module(self) -> &'static str {
        match self {
            Version::wasi_snapshot_preview1 => "wasi_snapshot_preview1",
            Version::wasi_unstable => "wasi_unstable",
        }
    }
}

impl Logged {
    /// The call begins, with these arguments in order. `None`, if there is no log.
    ///
    /// # Errors
    ///
    /// What ends the guest, if this is where it is to be [stopped](Wasi::set_stop).
    pub fn begin(
        wasi: &mut Wasi,
        memory: &GuestMemory<'_>,
        version: Version,
        call: HostCall,
        passed: &[i64],
    ) -> Answer<Option<Box<Self>>> {
        if !wasi.is_logged() {
            return Ok(None);
        }
        let Some(function) = function("wasi_snapshot_preview1", call.name()) else { return Ok(None) };
        let Some(begun) = wasi.log_begins((version.module(), function.name))? else { return Ok(None) };
        let mut logged =
            Logged { begun, version, function, passed: passed.to_vec(), arguments: Vec::new(), buffers: None };
        logged.read_arguments(Memory(memory.0));
        Ok(Some(Box::new(logged)))
    }

    /// It is over, with this answer, which it gives back.
    ///
    /// # Errors
    ///
    /// The answer's own, or what the log says that cannot take it, which ends the guest.
    #[inline]
    pub fn end(logged: Option<Box<Self>>, wasi: &mut Wasi, memory: &GuestMemory<'_>, answer: Answer) -> Answer {
        match logged {
            Some(logged) => logged.log(wasi, memory, answer),
            None => answer,
        }
    }

    fn log(self, wasi: &mut Wasi, memory: &GuestMemory<'_>, answer: Answer) -> Answer {
        let outcome = match &answer {
            Ok(()) => Outcome::Returned(self.results(Memory(memory.0))),
            Err(Fault::Errno(errno)) => Outcome::Returned(vec![Field::new("errno", errno_name(*errno))]),
            Err(Fault::Trap(trap)) => match trap.kind() {
                TrapKind::Exit(status) => Outcome::Exit(*status),
                kind => Outcome::Trap(kind.to_string()),
            },
        };
        let name = (self.version.module(), self.function.name);
        wasi.log_ends(self.begun, name, &self.arguments, &outcome)?;
        answer
    }

    fn pointer(&self, position: usize) -> u32 {
        self.passed.get(position).copied().unwrap_or_default() as u32
    }

    fn read_arguments(&mut self, memory: Memory<'_>) {
        for (position, Parameter { name, ty, points }) in self.function.parameters.iter().enumerate() {
            let at = self.pointer(position);
            let len = self.pointer(position + 1);
            let value = match points {
                Points::Value => {
                    let passed = self.passed.get(position).copied().unwrap_or_default();
                    let bits = if *ty == "i32" { u64::from(passed as u32) } else { passed as u64 };
                    shape(self.function.name, name).value(self.version, bits)
                }
                Points::ReadsText => memory.text(at, len),
                Points::ReadsBuffers => Buffers::of(memory, at, len).data(memory, u64::MAX),
                Points::ReadsRecords => {
                    // Behind it there is where the events go, and then their number.
                    memory.subscriptions(self.version, at, self.pointer(position + 2))
                }
                Points::WritesBuffers => {
                    let buffers = Buffers::of(memory, at, len);
                    let room = buffers.room();
                    self.buffers = Some(buffers);
                    room
                }
                // The room that there is for what is written; other lengths are those of what is shown.
                Points::Length if self.is_room(position) => Value::from(at),
                Points::Length | Points::Writes => continue,
            };
            self.arguments.push(Field::new(*name, value));
        }
    }

    fn is_room(&self, position: usize) -> bool {
        let before = position.checked_sub(1).and_then(|before| self.function.parameters.get(before));
        before.is_some_and(|before| before.points == Points::Writes) && self.function.name != "poll_oneoff"
    }

    /// What a call that succeeded wrote.
    fn results(&self, memory: Memory<'_>) -> Vec<Field> {
        let mut results = Vec::new();
        if self.function.returns {
            results.push(Field::new("errno", errno_name(Errno::Success)));
        }
        for (position, Parameter { name, points, .. }) in self.function.parameters.iter().enumerate() {
            let at = self.pointer(position);
            match points {
                Points::WritesBuffers => {
                    let read = self.written(memory).unwrap_or_default();
                    let data = self.buffers.as_ref().map_or(Value::Unreadable, |it| it.data(memory, read.into()));
                    results.push(Field::new("data", data));
                }
                Points::Writes => {
                    if let Shape::Out(name, out) = shape(self.function.name, name) {
                        let len = || self.pointer(position + 1);
                        results
                            .push(Field::new(name, out.read(memory, self.version, at, len, || self.written(memory))));
                    }
                }
                _ => {}
            }
        }
        results
    }

    /// The number behind the last pointer: how much was read, written, or found.
    fn written(&self, memory: Memory<'_>) -> Option<u32> {
        memory.u32(self.pointer(self.passed.len().checked_sub(1)?))
    }
}

fn errno_name(errno: Errno) -> Value {
    Value::Name(format!("{errno:?}").to_ascii_lowercase().into())
}
