//! `wasi:sockets`: there is no network.
//!
//! What wasmtime-wasi answers where nothing is allowed: no socket is made, no name resolved. So no guest has a handle of a socket
//! or of one's streams, and the functions of those only have their types here.

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets as bindings;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use bindings::network::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress};
use bindings::tcp::ShutdownType;
use bindings::udp::{IncomingDatagram, OutgoingDatagram};
use deterministic_wasi::{HANDLE, HostCall};

use crate::DeterministicCtxView;
use crate::component::{NoSocket, linked, p2_name};

/// What a guest hands to functions that would use the network.
struct Network;

type Net = Resource<Network>;
type Tcp = Resource<NoSocket<0>>;
type Udp = Resource<NoSocket<1>>;
type Incoming = Resource<NoSocket<2>>;
type Outgoing = Resource<NoSocket<3>>;
type Addresses = Resource<NoSocket<4>>;
type Outcome<T> = Result<T, ErrorCode>;

linked! {
    /// `wasi:sockets/network`: the code of an error of a stream of the embedder's.
    network, p2_name!("wasi:sockets/network"), |network| {
        network.resource_taken::<Network>(HostCall::network_drop)?;
        network.func(HostCall::network_error_code, |view, (error,)| error_code(view, error))?;
    }
}

fn error_code(view: &mut DeterministicCtxView<'_>, error: Resource<IoError>) -> Result<Option<ErrorCode>> {
    Ok(view.table.get(&error)?.downcast_ref::<std::io::Error>().map(ErrorCode::from))
}

linked! {
    /// `wasi:sockets/instance-network`: a handle that gives nothing.
    instance_network, p2_name!("wasi:sockets/instance-network");
    instance_network() = make_network;
}

fn make_network(view: &mut DeterministicCtxView<'_>) -> Result<Net> {
    view.ctx.held.account().room(HANDLE).map_err(crate::Error::from)?;
    let network = view.table.push(Network)?;
    view.held(network)
}

linked! {
    /// `wasi:sockets/ip-name-lookup`: no name is resolved: `permanent-resolver-failure`.
    ip_name_lookup, p2_name!("wasi:sockets/ip-name-lookup"), |lookup| {
        lookup.resource_taken::<NoSocket<4>>(HostCall::resolve_address_stream_drop)?;
        lookup.func(HostCall::resolve_addresses, |view, (network, name)| resolve(view, &network, name))?;
        lookup.never::<(Addresses,), Outcome<Option<IpAddress>>>(HostCall::resolve_address_stream_resolve_next_address)?;
        lookup.never::<(Addresses,), Resource<DynPollable>>(HostCall::resolve_address_stream_subscribe)?;
    }
}

fn resolve(view: &mut DeterministicCtxView<'_>, network: &Net, _name: String) -> Result<Outcome<Addresses>> {
    view.table.get(network)?;
    Ok(Err(ErrorCode::PermanentResolverFailure))
}

linked! {
    /// `wasi:sockets/tcp-create-socket`: `access-denied`.
    tcp_create_socket, p2_name!("wasi:sockets/tcp-create-socket");
    create_tcp_socket(family) = create::<0>;
}

linked! {
    /// `wasi:sockets/udp-create-socket`: `access-denied`.
    udp_create_socket, p2_name!("wasi:sockets/udp-create-socket");
    create_udp_socket(family) = create::<1>;
}

fn create<const KIND: u8>(
    _: &mut DeterministicCtxView<'_>,
    _family: IpAddressFamily,
) -> Result<Outcome<Resource<NoSocket<KIND>>>> {
    Ok(Err(ErrorCode::AccessDenied))
}

linked! {
    /// `wasi:sockets/tcp`: the functions of sockets that no guest has.
    tcp, p2_name!("wasi:sockets/tcp"), |tcp| {
        tcp.resource_taken::<NoSocket<0>>(HostCall::tcp_socket_drop)?;
        tcp.never::<(Tcp, Net, IpSocketAddress), Outcome<()>>(HostCall::tcp_socket_start_bind)?;
        tcp.never::<(Tcp,), Outcome<()>>(HostCall::tcp_socket_finish_bind)?;
        tcp.never::<(Tcp, Net, IpSocketAddress), Outcome<()>>(HostCall::tcp_socket_start_connect)?;
        tcp.never::<(Tcp,), Outcome<(Resource<DynInputStream>, Resource<DynOutputStream>)>>(HostCall::tcp_socket_finish_connect)?;
        tcp.never::<(Tcp,), Outcome<()>>(HostCall::tcp_socket_start_listen)?;
        tcp.never::<(Tcp,), Outcome<()>>(HostCall::tcp_socket_finish_listen)?;
        tcp.never::<(Tcp,), Outcome<(Tcp, Resource<DynInputStream>, Resource<DynOutputStream>)>>(HostCall::tcp_socket_accept)?;
        tcp.never::<(Tcp,), Outcome<IpSocketAddress>>(HostCall::tcp_socket_local_address)?;
        tcp.never::<(Tcp,), Outcome<IpSocketAddress>>(HostCall::tcp_socket_remote_address)?;
        tcp.never::<(Tcp,), bool>(HostCall::tcp_socket_is_listening)?;
        tcp.never::<(Tcp,), IpAddressFamily>(HostCall::tcp_socket_address_family)?;
        tcp.never::<(Tcp, u64), Outcome<()>>(HostCall::tcp_socket_set_listen_backlog_size)?;
        tcp.never::<(Tcp,), Outcome<bool>>(HostCall::tcp_socket_keep_alive_enabled)?;
        tcp.never::<(Tcp, bool), Outcome<()>>(HostCall::tcp_socket_set_keep_alive_enabled)?;
        tcp.never::<(Tcp,), Outcome<u64>>(HostCall::tcp_socket_keep_alive_idle_time)?;
        tcp.never::<(Tcp, u64), Outcome<()>>(HostCall::tcp_socket_set_keep_alive_idle_time)?;
        tcp.never::<(Tcp,), Outcome<u64>>(HostCall::tcp_socket_keep_alive_interval)?;
        tcp.never::<(Tcp, u64), Outcome<()>>(HostCall::tcp_socket_set_keep_alive_interval)?;
        tcp.never::<(Tcp,), Outcome<u32>>(HostCall::tcp_socket_keep_alive_count)?;
        tcp.never::<(Tcp, u32), Outcome<()>>(HostCall::tcp_socket_set_keep_alive_count)?;
        tcp.never::<(Tcp,), Outcome<u8>>(HostCall::tcp_socket_hop_limit)?;
        tcp.never::<(Tcp, u8), Outcome<()>>(HostCall::tcp_socket_set_hop_limit)?;
        tcp.never::<(Tcp,), Outcome<u64>>(HostCall::tcp_socket_receive_buffer_size)?;
        tcp.never::<(Tcp, u64), Outcome<()>>(HostCall::tcp_socket_set_receive_buffer_size)?;
        tcp.never::<(Tcp,), Outcome<u64>>(HostCall::tcp_socket_send_buffer_size)?;
        tcp.never::<(Tcp, u64), Outcome<()>>(HostCall::tcp_socket_set_send_buffer_size)?;
        tcp.never::<(Tcp,), Resource<DynPollable>>(HostCall::tcp_socket_subscribe)?;
        tcp.never::<(Tcp, ShutdownType), Outcome<()>>(HostCall::tcp_socket_shutdown)?;
    }
}

linked! {
    /// `wasi:sockets/udp`: the functions of sockets that no guest has.
    udp, p2_name!("wasi:sockets/udp"), |udp| {
        udp.resource_taken::<NoSocket<1>>(HostCall::udp_socket_drop)?;
        udp.resource_taken::<NoSocket<2>>(HostCall::incoming_datagram_stream_drop)?;
        udp.resource_taken::<NoSocket<3>>(HostCall::outgoing_datagram_stream_drop)?;
        udp.never::<(Udp, Net, IpSocketAddress), Outcome<()>>(HostCall::udp_socket_start_bind)?;
        udp.never::<(Udp,), Outcome<()>>(HostCall::udp_socket_finish_bind)?;
        udp.never::<(Udp, Option<IpSocketAddress>), Outcome<(Incoming, Outgoing)>>(HostCall::udp_socket_stream)?;
        udp.never::<(Udp,), Outcome<IpSocketAddress>>(HostCall::udp_socket_local_address)?;
        udp.never::<(Udp,), Outcome<IpSocketAddress>>(HostCall::udp_socket_remote_address)?;
        udp.never::<(Udp,), IpAddressFamily>(HostCall::udp_socket_address_family)?;
        udp.never::<(Udp,), Outcome<u8>>(HostCall::udp_socket_unicast_hop_limit)?;
        udp.never::<(Udp, u8), Outcome<()>>(HostCall::udp_socket_set_unicast_hop_limit)?;
        udp.never::<(Udp,), Outcome<u64>>(HostCall::udp_socket_receive_buffer_size)?;
        udp.never::<(Udp, u64), Outcome<()>>(HostCall::udp_socket_set_receive_buffer_size)?;
        udp.never::<(Udp,), Outcome<u64>>(HostCall::udp_socket_send_buffer_size)?;
        udp.never::<(Udp, u64), Outcome<()>>(HostCall::udp_socket_set_send_buffer_size)?;
        udp.never::<(Udp,), Resource<DynPollable>>(HostCall::udp_socket_subscribe)?;
        udp.never::<(Incoming, u64), Outcome<Vec<IncomingDatagram>>>(HostCall::incoming_datagram_stream_receive)?;
        udp.never::<(Incoming,), Resource<DynPollable>>(HostCall::incoming_datagram_stream_subscribe)?;
        udp.never::<(Outgoing,), Outcome<u64>>(HostCall::outgoing_datagram_stream_check_send)?;
        udp.never::<(Outgoing, Vec<OutgoingDatagram>), Outcome<u64>>(HostCall::outgoing_datagram_stream_send)?;
        udp.never::<(Outgoing,), Resource<DynPollable>>(HostCall::outgoing_datagram_stream_subscribe)?;
    }
}
