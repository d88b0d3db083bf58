//! `wasi:sockets`: there is no network, as in WASI 0.2.

use wasmtime::Result;
use wasmtime::component::{FutureReader, Resource, StreamReader};
use wasmtime_wasi::p3::bindings::sockets as bindings;

use bindings::ip_name_lookup::ErrorCode as LookupErrorCode;
use bindings::types::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress};
use deterministic_wasi::HostCall;

use crate::DeterministicCtxView;
use crate::component::{NoSocket, linked, p3_name};

type Tcp = Resource<NoSocket<0>>;
type Udp = Resource<NoSocket<1>>;
type Outcome<T> = Result<T, ErrorCode>;

linked! {
    /// `wasi:sockets/ip-name-lookup`: no name is resolved: `permanent-resolver-failure`.
    ip_name_lookup, p3_name!("wasi:sockets/ip-name-lookup"), |lookup| {
        lookup.at_once(HostCall::resolve_addresses, |view, (name,)| resolve(view, name))?;
    }
}

fn resolve(_: &mut DeterministicCtxView<'_>, _name: String) -> Result<Result<Vec<IpAddress>, LookupErrorCode>> {
    Ok(Err(LookupErrorCode::PermanentResolverFailure))
}

linked! {
    /// `wasi:sockets/types`: no socket is made: `access-denied`.
    sockets, p3_name!("wasi:sockets/types"), |sockets| {
        sockets.resource_taken::<NoSocket<0>>(HostCall::sockets_tcp_drop)?;
        sockets.resource_taken::<NoSocket<1>>(HostCall::sockets_udp_drop)?;
        sockets.func(HostCall::sockets_tcp_create, |view, (family,)| create::<0>(view, family))?;
        sockets.func(HostCall::sockets_udp_create, |view, (family,)| create::<1>(view, family))?;
        sockets.never::<(Tcp, IpSocketAddress), Outcome<()>>(HostCall::sockets_tcp_bind)?;
        sockets.never_concurrent::<(Tcp, IpSocketAddress), Outcome<()>>(HostCall::sockets_tcp_connect)?;
        sockets.never::<(Tcp,), Outcome<StreamReader<Tcp>>>(HostCall::sockets_tcp_listen)?;
        sockets.never::<(Tcp, StreamReader<u8>), FutureReader<Outcome<()>>>(HostCall::sockets_tcp_send)?;
        sockets.never::<(Tcp,), (StreamReader<u8>, FutureReader<Outcome<()>>)>(HostCall::sockets_tcp_receive)?;
        sockets.never::<(Tcp,), Outcome<IpSocketAddress>>(HostCall::sockets_tcp_get_local_address)?;
        sockets.never::<(Tcp,), Outcome<IpSocketAddress>>(HostCall::sockets_tcp_get_remote_address)?;
        sockets.never::<(Tcp,), bool>(HostCall::sockets_tcp_get_is_listening)?;
        sockets.never::<(Tcp,), IpAddressFamily>(HostCall::sockets_tcp_get_address_family)?;
        sockets.never::<(Tcp, u64), Outcome<()>>(HostCall::sockets_tcp_set_listen_backlog_size)?;
        sockets.never::<(Tcp,), Outcome<bool>>(HostCall::sockets_tcp_get_keep_alive_enabled)?;
        sockets.never::<(Tcp, bool), Outcome<()>>(HostCall::sockets_tcp_set_keep_alive_enabled)?;
        sockets.never::<(Tcp,), Outcome<u64>>(HostCall::sockets_tcp_get_keep_alive_idle_time)?;
        sockets.never::<(Tcp, u64), Outcome<()>>(HostCall::sockets_tcp_set_keep_alive_idle_time)?;
        sockets.never::<(Tcp,), Outcome<u64>>(HostCall::sockets_tcp_get_keep_alive_interval)?;
        sockets.never::<(Tcp, u64), Outcome<()>>(HostCall::sockets_tcp_set_keep_alive_interval)?;
        sockets.never::<(Tcp,), Outcome<u32>>(HostCall::sockets_tcp_get_keep_alive_count)?;
        sockets.never::<(Tcp, u32), Outcome<()>>(HostCall::sockets_tcp_set_keep_alive_count)?;
        sockets.never::<(Tcp,), Outcome<u8>>(HostCall::sockets_tcp_get_hop_limit)?;
        sockets.never::<(Tcp, u8), Outcome<()>>(HostCall::sockets_tcp_set_hop_limit)?;
        sockets.never::<(Tcp,), Outcome<u64>>(HostCall::sockets_tcp_get_receive_buffer_size)?;
        sockets.never::<(Tcp, u64), Outcome<()>>(HostCall::sockets_tcp_set_receive_buffer_size)?;
        sockets.never::<(Tcp,), Outcome<u64>>(HostCall::sockets_tcp_get_send_buffer_size)?;
        sockets.never::<(Tcp, u64), Outcome<()>>(HostCall::sockets_tcp_set_send_buffer_size)?;
        sockets.never::<(Udp, IpSocketAddress), Outcome<()>>(HostCall::sockets_udp_bind)?;
        sockets.never::<(Udp, IpSocketAddress), Outcome<()>>(HostCall::sockets_udp_connect)?;
        sockets.never::<(Udp,), Outcome<()>>(HostCall::sockets_udp_disconnect)?;
        sockets.never_concurrent::<(Udp, Vec<u8>, Option<IpSocketAddress>), Outcome<()>>(HostCall::sockets_udp_send)?;
        sockets.never_concurrent::<(Udp,), Outcome<(Vec<u8>, IpSocketAddress)>>(HostCall::sockets_udp_receive)?;
        sockets.never::<(Udp,), Outcome<IpSocketAddress>>(HostCall::sockets_udp_get_local_address)?;
        sockets.never::<(Udp,), Outcome<IpSocketAddress>>(HostCall::sockets_udp_get_remote_address)?;
        sockets.never::<(Udp,), IpAddressFamily>(HostCall::sockets_udp_get_address_family)?;
        sockets.never::<(Udp,), Outcome<u8>>(HostCall::sockets_udp_get_unicast_hop_limit)?;
        sockets.never::<(Udp, u8), Outcome<()>>(HostCall::sockets_udp_set_unicast_hop_limit)?;
        sockets.never::<(Udp,), Outcome<u64>>(HostCall::sockets_udp_get_receive_buffer_size)?;
        sockets.never::<(Udp, u64), Outcome<()>>(HostCall::sockets_udp_set_receive_buffer_size)?;
        sockets.never::<(Udp,), Outcome<u64>>(HostCall::sockets_udp_get_send_buffer_size)?;
        sockets.never::<(Udp, u64), Outcome<()>>(HostCall::sockets_udp_set_send_buffer_size)?;
    }
}

fn create<const KIND: u8>(
    _: &mut DeterministicCtxView<'_>,
    _family: IpAddressFamily,
) -> Result<Outcome<Resource<NoSocket<KIND>>>> {
    Ok(Err(ErrorCode::AccessDenied))
}
