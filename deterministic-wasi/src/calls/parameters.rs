//! What components' functions call their parameters, for the [call log](crate::log).

use super::HostCall;

impl HostCall {
    /// The names of a component's function's parameters, if it has `count` of them: versions of one function may have different ones. Of
    /// WASI 0.1, [`p1::FUNCTIONS`](crate::p1::FUNCTIONS) knows.
    ///
    /// What 0.3 calls `max-len` where random bytes are asked for is `len` here, as before.
    pub fn parameters(self, count: usize) -> &'static [&'static str] {
        use HostCall::*;
        match (self, count) {
            (create_tcp_socket | sockets_tcp_create | sockets_udp_create | create_udp_socket, 1) => &["address-family"],
            (stderr_write_via_stream | stdout_write_via_stream, 1) => &["data"],
            (fields_from_list, 1) => &["entries"],
            (filesystem_error_code | http_error_code | network_error_code, 1) => &["err"],
            (outgoing_request_new | outgoing_response_new, 1) => &["headers"],
            (monotonic_clock_wait_for, 1) => &["how-long"],
            (keyvalue_open, 1) => &["identifier"],
            (poll, 1) => &["in"],
            (config_get, 1) => &["key"],
            (get_insecure_random_bytes | get_random_bytes, 1) => &["len"],
            (resolve_addresses, 1) => &["name"],
            (http_send, 1) => &["request"],
            (exit, 1) => &["status"],
            (exit_with_code, 1) => &["status-code"],
            (incoming_body_finish, 1) => &["this"],
            (
                monotonic_clock_subscribe_instant
                | monotonic_clock_subscribe_duration
                | monotonic_clock_wait_until
                | timezone_display
                | timezone_utc_offset,
                1,
            ) => &["when"],
            (keyvalue_set_many, 2) => &["bucket", "key-values"],
            (keyvalue_get_many | keyvalue_delete_many, 2) => &["bucket", "keys"],
            (resolve_addresses, 2) => &["network", "name"],
            (response_outparam_set, 2) => &["param", "response"],
            (http_handle, 2) => &["request", "options"],
            (outgoing_request_set_authority | request_set_authority, 2) => &["self", "authority"],
            (output_stream_write | output_stream_blocking_write_and_flush, 2) => &["self", "contents"],
            (bucket_list_keys, 2) => &["self", "cursor"],
            (descriptor_append_via_stream | sockets_tcp_send, 2) => &["self", "data"],
            (outgoing_datagram_stream_send, 2) => &["self", "datagrams"],
            (
                request_options_set_connect_timeout
                | request_options_set_first_byte_timeout
                | request_options_set_between_bytes_timeout,
                2,
            ) => &["self", "duration"],
            (bucket_get | bucket_delete | bucket_exists, 2) => &["self", "key"],
            (
                input_stream_read
                | input_stream_blocking_read
                | input_stream_skip
                | input_stream_blocking_skip
                | output_stream_write_zeroes
                | output_stream_blocking_write_zeroes_and_flush,
                2,
            ) => &["self", "len"],
            (sockets_tcp_bind | sockets_udp_bind, 2) => &["self", "local-address"],
            (incoming_datagram_stream_receive, 2) => &["self", "max-results"],
            (outgoing_request_set_method | request_set_method, 2) => &["self", "method"],
            (fields_get | fields_has | fields_delete | fields_get_and_delete, 2) => &["self", "name"],
            (descriptor_read_via_stream | descriptor_write_via_stream, 2) => &["self", "offset"],
            (descriptor_is_same_object, 2) => &["self", "other"],
            (
                descriptor_create_directory_at
                | descriptor_readlink_at
                | descriptor_remove_directory_at
                | descriptor_unlink_file_at,
                2,
            ) => &["self", "path"],
            (outgoing_request_set_path_with_query | request_set_path_with_query, 2) => &["self", "path-with-query"],
            (sockets_tcp_connect | sockets_udp_connect | udp_socket_stream, 2) => &["self", "remote-address"],
            (outgoing_request_set_scheme | request_set_scheme, 2) => &["self", "scheme"],
            (tcp_socket_shutdown, 2) => &["self", "shutdown-type"],
            (descriptor_set_size, 2) => &["self", "size"],
            (outgoing_response_set_status_code | response_set_status_code, 2) => &["self", "status-code"],
            (
                tcp_socket_set_listen_backlog_size
                | tcp_socket_set_keep_alive_enabled
                | tcp_socket_set_keep_alive_idle_time
                | tcp_socket_set_keep_alive_interval
                | tcp_socket_set_keep_alive_count
                | tcp_socket_set_hop_limit
                | tcp_socket_set_receive_buffer_size
                | tcp_socket_set_send_buffer_size
                | sockets_tcp_set_listen_backlog_size
                | sockets_tcp_set_keep_alive_enabled
                | sockets_tcp_set_keep_alive_idle_time
                | sockets_tcp_set_keep_alive_interval
                | sockets_tcp_set_keep_alive_count
                | sockets_tcp_set_hop_limit
                | sockets_tcp_set_receive_buffer_size
                | sockets_tcp_set_send_buffer_size
                | sockets_udp_set_unicast_hop_limit
                | sockets_udp_set_receive_buffer_size
                | sockets_udp_set_send_buffer_size
                | udp_socket_set_unicast_hop_limit
                | udp_socket_set_receive_buffer_size
                | udp_socket_set_send_buffer_size,
                2,
            ) => &["self", "value"],
            (request_consume_body | response_consume_body, 2) => &["this", "res"],
            (outgoing_body_finish, 2) => &["this", "trailers"],
            (keyvalue_increment, 3) => &["bucket", "key", "delta"],
            (response_new, 3) => &["headers", "contents", "trailers"],
            (descriptor_write, 3) => &["self", "buffer", "offset"],
            (descriptor_write_via_stream, 3) => &["self", "data", "offset"],
            (sockets_udp_send, 3) => &["self", "data", "remote-address"],
            (descriptor_set_times, 3) => &["self", "data-access-timestamp", "data-modification-timestamp"],
            (bucket_set, 3) => &["self", "key", "value"],
            (descriptor_read, 3) => &["self", "length", "offset"],
            (fields_set | fields_append, 3) => &["self", "name", "value"],
            (tcp_socket_start_bind | udp_socket_start_bind, 3) => &["self", "network", "local-address"],
            (tcp_socket_start_connect, 3) => &["self", "network", "remote-address"],
            (descriptor_symlink_at, 3) => &["self", "old-path", "new-path"],
            (descriptor_stat_at | descriptor_metadata_hash_at, 3) => &["self", "path-flags", "path"],
            (output_stream_splice | output_stream_blocking_splice, 3) => &["self", "src", "len"],
            (request_new, 4) => &["headers", "contents", "trailers", "options"],
            (descriptor_advise, 4) => &["self", "offset", "length", "advice"],
            (descriptor_rename_at, 4) => &["self", "old-path", "new-descriptor", "new-path"],
            (descriptor_link_at, 5) => &["self", "old-path-flags", "old-path", "new-descriptor", "new-path"],
            (descriptor_set_times_at, 5) => {
                &["self", "path-flags", "path", "data-access-timestamp", "data-modification-timestamp"]
            }
            (descriptor_open_at, 5) => &["self", "path-flags", "path", "open-flags", "flags"],
            // A method without other parameters, and the end of a handle.
            (_, 1) => &["self"],
            _ => &[],
        }
    }
}
