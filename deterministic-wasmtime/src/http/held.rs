//! What the resources of `wasi:http` count, and the linking of wasmtime-wasi-http's functions that make, change or drop one.

use std::any::Any;

use ::http::HeaderMap;
use deterministic_wasi::{Exceeded, HANDLE, Held, HostCall};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Lower, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi_http::p2::bindings::http::types::{Method, Scheme};
use wasmtime_wasi_http::p2::types::{HostIncomingResponse, HostOutgoingRequest, HostOutgoingResponse};
use wasmtime_wasi_http::{FieldMap, WasiHttpCtxView, p3};

use super::stock_of;
use crate::component::{AsValue, Interface, Values};
use crate::{DeterministicCtxView, DeterministicView};

/// What a field counts in addition to its name and its value.
const FIELD: u64 = 128;

/// What a field counts, with its name also where another of that name stands before it.
pub(super) fn field(name: &str, value: &[u8]) -> u64 {
    FIELD + (name.len() + value.len()) as u64
}

pub(super) fn fields(fields: &HeaderMap) -> u64 {
    fields.iter().map(|(name, value)| field(name.as_str(), value.as_bytes())).sum()
}

/// What the words of a request count.
pub(super) fn request(request: &::http::Request<()>) -> u64 {
    let uri = request.uri();
    let parts = [
        request.method().as_str(),
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", |authority| authority.as_str()),
        uri.path_and_query().map_or("", |path| path.as_str()),
    ];
    parts.map(len).iter().sum::<u64>() + fields(request.headers())
}

fn len(text: &str) -> u64 {
    text.len() as u64
}

fn text(text: Option<&str>) -> u64 {
    text.map_or(0, len)
}

/// What a resource counts beyond its handle. Fields that several resources share count for each.
fn weight(resource: &dyn Any) -> u64 {
    if let Some(map) = resource.downcast_ref::<FieldMap>() {
        fields(map)
    } else if let Some(request) = resource.downcast_ref::<HostOutgoingRequest>() {
        let method = match &request.method {
            Method::Other(method) => len(method),
            _ => 0,
        };
        let scheme = match &request.scheme {
            Some(Scheme::Other(scheme)) => len(scheme),
            _ => 0,
        };
        let (authority, path) = (request.authority.as_deref(), request.path_with_query.as_deref());
        method + scheme + text(authority) + text(path) + fields(&request.headers)
    } else if let Some(response) = resource.downcast_ref::<HostOutgoingResponse>() {
        fields(&response.headers)
    } else if let Some(response) = resource.downcast_ref::<HostIncomingResponse>() {
        fields(&response.headers)
    } else if let Some(request) = resource.downcast_ref::<p3::Request>() {
        let scheme = request.scheme.as_ref().map(|scheme| scheme.as_str());
        let authority = request.authority.as_ref().map(|authority| authority.as_str());
        let path = request.path_with_query.as_ref().map(|path| path.as_str());
        len(request.method.as_str()) + text(scheme) + text(authority) + text(path) + fields(&request.headers)
    } else if let Some(response) = resource.downcast_ref::<p3::Response>() {
        fields(&response.headers)
    } else {
        0
    }
}

impl DeterministicCtxView<'_> {
    /// Counts a resource of this interface as it is now.
    pub(super) fn recount(&mut self, number: u32) -> Result<(), Exceeded> {
        match self.table.get_any_mut(number) {
            Ok(resource) => self.ctx.held.set(number, HANDLE + weight(resource)),
            Err(_) => {
                self.ctx.held.release(number);
                Ok(())
            }
        }
    }
}

/// wasmtime-wasi-http took trailers of the guest's out of the table.
pub(super) fn swept<T: DeterministicView>(data: &mut T) {
    let DeterministicCtxView { ctx, table } = data.deterministic_view();
    ctx.held.sweep(|number| table.get_any_mut(number).is_ok());
}

/// What a function makes, by its number in the table of resources.
pub(super) trait Made {
    fn made(&self) -> Option<u32>;
}

impl<T: 'static> Made for Resource<T> {
    fn made(&self) -> Option<u32> {
        Some(self.rep())
    }
}

impl<M: Made> Made for Option<M> {
    fn made(&self) -> Option<u32> {
        self.as_ref().and_then(Made::made)
    }
}

impl<M: Made, E> Made for Result<M, E> {
    fn made(&self) -> Option<u32> {
        self.as_ref().ok().and_then(Made::made)
    }
}

/// The resource that is a function's first argument.
pub(super) trait First {
    fn first(&self) -> u32;
}

impl<T: 'static> First for (Resource<T>,) {
    fn first(&self) -> u32 {
        self.0.rep()
    }
}

impl<T: 'static, A> First for (Resource<T>, A) {
    fn first(&self) -> u32 {
        self.0.rep()
    }
}

impl<T: 'static, A, B> First for (Resource<T>, A, B) {
    fn first(&self) -> u32 {
        self.0.rep()
    }
}

/// Links functions of wasmtime-wasi-http's `types`, with what they make the host hold counted.
pub(super) struct Counted<'a, T: 'static>(pub(super) Interface<'a, T>);

impl<T: DeterministicView + 'static> Counted<'_, T> {
    /// A function that leaves the resources as they are.
    pub(super) fn asks<P, R>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut WasiHttpCtxView<'_>, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentType + Lower + AsValue + 'static,
    {
        self.0.func_of_data(call, move |data, params: P| work(&mut stock_of(data), params))
    }

    /// A function that makes a resource.
    pub(super) fn makes<P, R>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut WasiHttpCtxView<'_>, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + 'static,
        R: ComponentType + Lower + AsValue + Made + 'static,
    {
        self.0.func_of_store(call, move |mut store: StoreContextMut<'_, T>, params: P| {
            let result = work(&mut stock_of(store.data_mut()), params)?;
            if let Some(number) = result.made() {
                store.data_mut().deterministic_view().recount(number).map_err(crate::Error::from)?;
            }
            Ok((result,))
        })
    }

    /// A function that makes a resource of its first argument, which is then gone.
    pub(super) fn turns<P, R>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut WasiHttpCtxView<'_>, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + First + 'static,
        R: ComponentType + Lower + AsValue + Made + 'static,
    {
        self.0.func_of_store(call, move |mut store: StoreContextMut<'_, T>, params: P| {
            let before = params.first();
            let result = work(&mut stock_of(store.data_mut()), params)?;
            let mut view = store.data_mut().deterministic_view();
            // In this order: the new one may have got the number of the other.
            view.ctx.held.release(before);
            if let Some(number) = result.made() {
                view.recount(number).map_err(crate::Error::from)?;
            }
            Ok((result,))
        })
    }

    /// A function that changes its first argument.
    pub(super) fn changes<P, R>(
        &mut self,
        call: HostCall,
        work: impl Fn(&mut WasiHttpCtxView<'_>, P) -> Result<R> + Send + Sync + 'static,
    ) -> Result<()>
    where
        P: ComponentNamedList + Lift + Values + First + 'static,
        R: ComponentType + Lower + AsValue + 'static,
    {
        self.0.func_of_store(call, move |mut store: StoreContextMut<'_, T>, params: P| {
            let changed = params.first();
            let result = work(&mut stock_of(store.data_mut()), params)?;
            store.data_mut().deterministic_view().recount(changed).map_err(crate::Error::from)?;
            Ok((result,))
        })
    }

    /// A function that adds a field to its first argument. What there is need not be counted again for it.
    pub(super) fn appends<E: ComponentType + Lower + AsValue + 'static>(
        &mut self,
        call: HostCall,
        too_much: impl Fn(Exceeded) -> Result<E> + Send + Sync + 'static,
        work: impl Fn(&mut WasiHttpCtxView<'_>, (Resource<FieldMap>, String, Vec<u8>)) -> Result<Result<(), E>>
        + Send
        + Sync
        + 'static,
    ) -> Result<()> {
        type Params = (Resource<FieldMap>, String, Vec<u8>);
        self.0.func_of_store(call, move |mut store: StoreContextMut<'_, T>, params: Params| {
            let (number, more) = (params.0.rep(), field(&params.1, &params.2));
            let held: &mut Held = &mut store.data_mut().deterministic_view().ctx.held;
            let before = held.of(number);
            if let Err(exceeded) = held.set(number, before + more) {
                return Ok((Err(too_much(exceeded)?),));
            }
            let result = work(&mut stock_of(store.data_mut()), params)?;
            if result.is_err() {
                // Fits, for it is less.
                store.data_mut().deterministic_view().ctx.held.set(number, before).map_err(crate::Error::from)?;
            }
            Ok((result,))
        })
    }

    /// The end of a resource of which nothing else is to be told.
    pub(super) fn drops<R: 'static>(&mut self, call: HostCall) -> Result<()> {
        self.0.resource_taken::<R>(call)
    }
}
