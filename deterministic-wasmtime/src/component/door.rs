//! The one door: whatever a component calls enters here and comes back here.
//!
//! 1. An interface is linked as a list of functions, each a [`HostCall`], whose name it is linked by, and what it does.
//! 2. A guest calls one: its arguments are lifted, and it is counted. Where the store is attended, a clock that observes fuel is told how
//!    much is left, and the call is logged.
//! 3. The function works on the view; where it may wait, or starts something, on the store, or on the accessor of 0.3.
//! 4. What it gives is an [`Answer`], which becomes what the guest gets: a value, an error of the interface's, or a trap.
//!
//! So there is no way to link a function that is not counted, and a place where its name, its arguments and its results are
//! all known.

use std::pin::Pin;

use deterministic_wasi::HostCall;
use wasmtime::component::{
    Accessor, ComponentNamedList, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType,
};
use wasmtime::{AsContextMut as _, Result, StoreContextMut, bail};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi::p2::StreamError;
use wasmtime_wasi_io::bindings::wasi::io::streams;

use super::logged::{self, AsValue, Function, Logged, Values};
use crate::{DeterministicCtxView, DeterministicView};

/// What each call begins with that is not logged by [`attended`].
#[inline(always)]
fn enter<T: DeterministicView>(
    store: &mut StoreContextMut<'_, T>,
    function: Function,
    params: &impl Values,
) -> Result<Option<Box<Logged>>> {
    let ctx = store.data_mut().deterministic_view().ctx;
    ctx.calls.count(function.call);
    if ctx.is_attended() { logged::begin(store, function, params) } else { Ok(None) }
}

/// The whole of a call that is attended, apart from the others, which so do nothing for it.
#[cold]
#[inline(never)]
fn attended<T: DeterministicView, P: Values, R: Values>(
    mut store: StoreContextMut<'_, T>,
    function: Function,
    params: P,
    work: impl Fn(StoreContextMut<'_, T>, P) -> Result<R>,
) -> Result<R> {
    let logged = enter(&mut store, function, &params)?;
    let done = work(store.as_context_mut(), params);
    logged::end(&mut store, logged, done)
}

/// Tells a clock that minds it how much fuel is left.
pub(super) fn tell_fuel<T: DeterministicView>(store: &mut StoreContextMut<'_, T>) -> Result<()> {
    if store.data_mut().deterministic_view().ctx.time.observes_fuel() {
        let fuel = store.get_fuel();
        store.data_mut().deterministic_view().ctx.time.fuel_left(fuel.ok())?;
    }
    Ok(())
}

/// What a function gives that may fail.
pub(crate) trait Answer {
    /// What the guest gets.
    type Lowered: ComponentType + Lower + AsValue + 'static;

    fn lowered(self, view: &mut DeterministicCtxView<'_>) -> Result<Self::Lowered>;
}

impl<R: ComponentType + Lower + AsValue + 'static> Answer for Result<R> {
    type Lowered = R;

    #[inline(always)]
    fn lowered(self, _: &mut DeterministicCtxView<'_>) -> Result<R> {
        self
    }
}

impl<R, E> Answer for Result<R, TrappableError<E>>
where
    R: ComponentType + Lower + AsValue + 'static,
    E: ComponentType + Lower + AsValue + std::error::Error + Send + Sync + 'static,
{
    type Lowered = Result<R, E>;

    #[inline(always)]
    fn lowered(self, _: &mut DeterministicCtxView<'_>) -> Result<Result<R, E>> {
        match self {
            Ok(result) => Ok(Ok(result)),
            Err(error) => error.downcast().map(Err),
        }
    }
}

impl<R: ComponentType + Lower + AsValue + 'static> Answer for Result<R, StreamError> {
    type Lowered = Result<R, streams::StreamError>;

    #[inline(always)]
    fn lowered(self, view: &mut DeterministicCtxView<'_>) -> Result<Result<R, streams::StreamError>> {
        match self {
            Ok(result) => Ok(Ok(result)),
            Err(error) => streams::Host::convert_stream_error(view, error).map(Err),
        }
    }
}

/// The same where no view is available, as the tuple of results that a function has.
pub(crate) trait Results {
    type Lowered;

    fn results(self) -> Result<(Self::Lowered,)>;
}

impl<R> Results for Result<R> {
    type Lowered = R;

    fn results(self) -> Result<(R,)> {
        Ok((self?,))
    }
}

impl<R, E: std::error::Error + Send + Sync + 'static> Results for Result<R, TrappableError<E>> {
    type Lowered = Result<R, E>;

    fn results(self) -> Result<(Result<R, E>,)> {
        match self {
            Ok(result) => Ok((Ok(result),)),
            Err(error) => Ok((Err(error.downcast()?),)),
        }
    }
}

/// A future that has the store for as long as it takes.
pub(crate) type Waiting<'a, R> = Box<dyn Future<Output = Result<R>> + Send + 'a>;

/// The same, pinned, of a function of 0.3, which has the store only now and then.
pub(crate) type Task<'a, R> = Pin<Box<dyn Future<Output = Result<R>> + Send + 'a>>;

/// An interface that is being linked.
pub(crate) struct Interface<'a, T: 'static> {
    linker: LinkerInstance<'a, T>,
    name: &'static str,
}

impl<'a, T: DeterministicView + 'static> Interface<'a, T> {
    /// Of a name with its version.
    pub(crate) fn new(linker: &'a mut Linker<T>, name: &'static str) -> Result<Self> {
        Ok(Interface { linker: linker.instance(name)?, name })
    }

    /// The function of `call`, and its name.
    fn function(&self, call: HostCall) -> Result<(Function, &'static str)> {
        let (interface, function) = call.parts();
        if self.name.split('@').next() != Some(interface) {
            bail!("`{call:?}` is no function of `{}`; please report this", self.name);
        }
        Ok((Function { call, interface: self.name }, function))
    }

    /// A function that works on the view.
    pub(crate) fn func<P, A>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut DeterministicCtxView<'_>, P) -> A + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        A: Answer,
    {
        self.func_of_store(call, move |mut store, params| {
            let mut view = store.data_mut().deterministic_view();
            Ok((work(&mut view, params).lowered(&mut view)?,))
        })
    }

    /// A function that works on the data of the store.
    pub(crate) fn func_of_data<P, R>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut T, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentType + Lower + AsValue + 'static,
    {
        self.func_of_store(call, move |mut store, params| Ok((work(store.data_mut(), params)?,)))
    }

    /// A function that needs the store: it waits, or makes streams of 0.3. Its results are a tuple.
    pub(crate) fn func_of_store<P, R>(
        &mut self,
        call: HostCall,
        work: impl Fn(StoreContextMut<'_, T>, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentNamedList + Lower + Values + 'static,
    {
        let (function, name) = self.function(call)?;
        self.linker.func_wrap(name, move |mut store: StoreContextMut<'_, T>, params: P| {
            let ctx = store.data_mut().deterministic_view().ctx;
            if ctx.is_attended() {
                return attended(store, function, params, &work);
            }
            ctx.calls.count(call);
            work(store, params)
        })
    }

    /// A function that keeps the store while it waits for an executor of the embedder's. Its results are a tuple.
    pub(crate) fn func_async<P, R>(
        &mut self,
        call: HostCall,
        work: impl for<'b> Fn(&'b mut T, P) -> Waiting<'b, R> + Send + Sync + Copy + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + Send + 'static,
        R: ComponentNamedList + Lower + Values + 'static,
    {
        let (function, name) = self.function(call)?;
        self.linker.func_wrap_async(name, move |mut store: StoreContextMut<'_, T>, params: P| {
            Box::new(async move {
                let logged = enter(&mut store, function, &params)?;
                let done = Pin::from(work(store.data_mut(), params)).await;
                logged::end(&mut store, logged, done)
            })
        })
    }

    /// A function of 0.3 that other tasks go on beside. Its results are a tuple.
    pub(crate) fn concurrent<P, R>(
        &mut self,
        call: HostCall,
        work: impl for<'b> Fn(&'b Accessor<T>, P) -> Task<'b, R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentNamedList + Lower + Values + 'static,
    {
        let (function, name) = self.function(call)?;
        self.linker.func_wrap_concurrent(name, move |accessor: &Accessor<T>, params: P| {
            // Wasmtime calls this when it polls the call, and gives it the store.
            match accessor.with(|mut store| enter(&mut store.as_context_mut(), function, &params)) {
                Ok(None) => work(accessor, params),
                Ok(logged) => {
                    let task = work(accessor, params);
                    Box::pin(async move {
                        let done = task.await;
                        accessor.with(|mut store| logged::end(&mut store.as_context_mut(), logged, done))
                    })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        })
    }

    /// A function that is asynchronous to the guest of 0.3, and is done at once.
    pub(crate) fn at_once<P, A>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut DeterministicCtxView<'_>, P) -> A + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        A: Answer,
        A::Lowered: Send,
    {
        let (function, name) = self.function(call)?;
        self.linker.func_wrap_concurrent(name, move |accessor: &Accessor<T>, params: P| {
            let result = accessor.with(|mut store| {
                let mut store = store.as_context_mut();
                let logged = enter(&mut store, function, &params)?;
                let mut view = store.data_mut().deterministic_view();
                let done = work(&mut view, params).lowered(&mut view).map(|lowered| (lowered,));
                logged::end(&mut store, logged, done)
            });
            Box::pin(std::future::ready(result))
        })
    }

    /// A resource, behind which stands an `R` of the host's, and what the end of a handle does.
    pub(crate) fn resource<R: 'static>(
        &mut self,
        call: HostCall,
        end: impl Fn(StoreContextMut<'_, T>, Resource<R>) -> Result<()> + Send + Sync + 'static,
    ) -> Result<()> {
        let (function, name) = self.resource_name(call)?;
        self.linker.resource(name, ResourceType::host::<R>(), move |mut store, number| {
            let ctx = store.data_mut().deterministic_view().ctx;
            if ctx.is_attended() {
                return attended(store, function, (Resource::<R>::new_own(number),), |store, (it,)| end(store, it));
            }
            ctx.calls.count(call);
            end(store, Resource::new_own(number))
        })
    }

    /// A resource of which nothing is to be told when a handle ends.
    pub(crate) fn resource_taken<R: 'static>(&mut self, call: HostCall) -> Result<()> {
        self.resource::<R>(call, |mut store, handle| store.data_mut().deterministic_view().take(handle).map(drop))
    }

    /// The same, for an executor of the embedder's.
    pub(crate) fn resource_async<R: Send + 'static>(
        &mut self,
        call: HostCall,
        end: impl for<'b> Fn(&'b mut T, Resource<R>) -> Waiting<'b, ()> + Send + Sync + Copy + 'static,
    ) -> Result<()> {
        let (function, name) = self.resource_name(call)?;
        self.linker.resource_async(name, ResourceType::host::<R>(), move |mut store, number| {
            Box::new(async move {
                let logged = enter(&mut store, function, &(Resource::<R>::new_own(number),))?;
                let done = Pin::from(end(store.data_mut(), Resource::new_own(number))).await;
                logged::end(&mut store, logged, done)
            })
        })
    }

    fn resource_name(&self, call: HostCall) -> Result<(Function, &'static str)> {
        let (function, name) = self.function(call)?;
        name.strip_prefix("[resource-drop]")
            .map(|name| (function, name))
            .ok_or_else(|| wasmtime::format_err!("`{call:?}` ends no resource; please report this"))
    }
}

/// A module with an `add_to_linker` for an interface: its name with the version, and then its functions, each a
/// [`HostCall`], its parameters, and what it does with them, behind a view.
macro_rules! linked {
    ($(#[$doc:meta])* $name:ident, $interface:expr; $($call:ident($($param:ident),*) = $work:expr;)*) => {
        $crate::component::linked! {
            $(#[$doc])* $name, $interface, |linked| {
                $(linked.func(::deterministic_wasi::HostCall::$call, |view, ($($param,)*)| $work(view, $($param),*))?;)*
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $interface:expr, |$linked:ident| $body:block) => {
        $(#[$doc])*
        pub mod $name {
            #[allow(unused_imports, reason = "not all have something around them")]
            use super::*;

            /// Defines this interface in `linker`.
            ///
            /// # Errors
            ///
            /// If the linker has it already and does not allow shadowing.
            pub fn add_to_linker<T: $crate::DeterministicView + 'static>(
                linker: &mut ::wasmtime::component::Linker<T>,
            ) -> ::wasmtime::Result<()> {
                let mut $linked = $crate::component::Interface::new(linker, $interface)?;
                $body
                Ok(())
            }
        }
    };
}
pub(crate) use linked;
