//! What a component's call asks and gets, for the call log ([`deterministic_wasi::log`]).
//!
//! A call that is attended, by a clock that observes fuel or a log, takes [`begin`] and [`end`] around it. What the guest passes is
//! lifted already; a value says itself what it looks like ([`AsValue`]), and [`HostCall::parameters`] what it is called.

mod bindings;
mod value;

use deterministic_wasi::log::{Begun, Field, Outcome};
use deterministic_wasi::{HostCall, Trap};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::I32Exit;

pub(crate) use bindings::{by_name, named};
pub(crate) use value::{AsValue, Values};

use super::door::tell_fuel;
use crate::DeterministicView;
use crate::end::end as ended;

/// A function as it is linked.
#[derive(Clone, Copy)]
pub(super) struct Function {
    pub(super) call: HostCall,
    /// With its version.
    pub(super) interface: &'static str,
}

/// A call that is being logged.
pub(super) struct Logged {
    begun: Begun,
    function: Function,
    arguments: Vec<Field>,
}

/// A call that is attended begins: the clock hears of consumed fuel if it wants to, and the call is begun in the log, if there is one,
/// or is where the run is to be stopped.
#[cold]
#[inline(never)]
pub(super) fn begin<T: DeterministicView>(
    store: &mut StoreContextMut<'_, T>,
    function: Function,
    params: &impl Values,
) -> Result<Option<Box<Logged>>> {
    tell_fuel(store)?;
    let ctx = store.data_mut().deterministic_view().ctx;
    if !ctx.is_logged() {
        return Ok(None);
    }
    let name = (function.interface, function.call.parts().1);
    let Some(begun) = ctx.log_begins(name).map_err(|kind| ended(Trap::from(kind)))? else { return Ok(None) };
    let values = params.values();
    let names = function.call.parameters(values.len());
    let name = |position: usize| names.get(position).copied().unwrap_or_default();
    let arguments = values.into_iter().enumerate().map(|(position, value)| Field::new(name(position), value));
    Ok(Some(Box::new(Logged { begun, function, arguments: arguments.collect() })))
}

/// It is over, with these results or what ends the guest. Gives that back, unless the log cannot take it.
pub(super) fn end<T: DeterministicView, R: Values>(
    store: &mut StoreContextMut<'_, T>,
    logged: Option<Box<Logged>>,
    done: Result<R>,
) -> Result<R> {
    match logged {
        Some(logged) => logged.log(store, done),
        None => done,
    }
}

impl Logged {
    #[cold]
    fn log<T: DeterministicView, R: Values>(self, store: &mut StoreContextMut<'_, T>, done: Result<R>) -> Result<R> {
        let outcome = match &done {
            Ok(results) => {
                let results = results.values().into_iter().map(|value| Field::new("", value));
                Outcome::Returned(results.collect())
            }
            Err(error) => match error.downcast_ref() {
                Some(I32Exit(status)) => Outcome::Exit(*status),
                None => Outcome::Trap(error.to_string()),
            },
        };
        let Function { call, interface } = self.function;
        let name = (interface, call.parts().1);
        let ctx = store.data_mut().deterministic_view().ctx;
        ctx.log_ends(self.begun, name, &self.arguments, &outcome).map_err(|kind| ended(Trap::from(kind)))?;
        done
    }
}
