//! The table of all host functions.

use super::host_calls;

// Components by interface, in every version by one name, with `[resource-drop]` before the resource for the end of a handle.
crate::p1_functions! { host_calls! {
    "wasi:cli/environment" {
        get_environment ~ "get-environment", get_arguments ~ "get-arguments", initial_cwd ~ "initial-cwd",
        get_initial_cwd ~ "get-initial-cwd",
    }
    "wasi:cli/exit" {
        exit = "exit", exit_with_code = "exit-with-code",
    }
    "wasi:cli/stderr" {
        get_stderr ~ "get-stderr", stderr_write_via_stream = "write-via-stream",
    }
    "wasi:cli/stdin" {
        get_stdin ~ "get-stdin", stdin_read_via_stream = "read-via-stream",
    }
    "wasi:cli/stdout" {
        get_stdout ~ "get-stdout", stdout_write_via_stream = "write-via-stream",
    }
    "wasi:cli/terminal-input" {
        terminal_input_drop ~ "[resource-drop]terminal-input",
    }
    "wasi:cli/terminal-output" {
        terminal_output_drop ~ "[resource-drop]terminal-output",
    }
    "wasi:cli/terminal-stderr" {
        get_terminal_stderr ~ "get-terminal-stderr",
    }
    "wasi:cli/terminal-stdin" {
        get_terminal_stdin ~ "get-terminal-stdin",
    }
    "wasi:cli/terminal-stdout" {
        get_terminal_stdout ~ "get-terminal-stdout",
    }
    "wasi:clocks/monotonic-clock" {
        monotonic_clock_now ~ "now", monotonic_clock_resolution ~ "resolution",
        monotonic_clock_subscribe_instant ~ "subscribe-instant",
        monotonic_clock_subscribe_duration ~ "subscribe-duration", monotonic_clock_get_resolution ~ "get-resolution",
        monotonic_clock_wait_until ~ "wait-until", monotonic_clock_wait_for ~ "wait-for",
    }
    "wasi:clocks/system-clock" {
        system_clock_now ~ "now", system_clock_get_resolution ~ "get-resolution",
    }
    "wasi:clocks/timezone" {
        timezone_display ~ "display", timezone_utc_offset ~ "utc-offset", timezone_iana_id ~ "iana-id",
        timezone_to_debug_string ~ "to-debug-string",
    }
    "wasi:clocks/wall-clock" {
        wall_clock_now ~ "now", wall_clock_resolution ~ "resolution",
    }
    "wasi:config/store" {
        config_get ~ "get", config_get_all ~ "get-all",
    }
    "wasi:filesystem/preopens" {
        get_directories = "get-directories",
    }
    "wasi:filesystem/types" {
        descriptor_read_via_stream = "[method]descriptor.read-via-stream",
        descriptor_write_via_stream = "[method]descriptor.write-via-stream",
        descriptor_append_via_stream = "[method]descriptor.append-via-stream",
        descriptor_advise = "[method]descriptor.advise", descriptor_sync_data = "[method]descriptor.sync-data",
        descriptor_get_flags = "[method]descriptor.get-flags", descriptor_get_type = "[method]descriptor.get-type",
        descriptor_set_size = "[method]descriptor.set-size", descriptor_set_times = "[method]descriptor.set-times",
        descriptor_read = "[method]descriptor.read", descriptor_write = "[method]descriptor.write",
        descriptor_read_directory = "[method]descriptor.read-directory", descriptor_sync = "[method]descriptor.sync",
        descriptor_create_directory_at = "[method]descriptor.create-directory-at",
        descriptor_stat = "[method]descriptor.stat", descriptor_stat_at = "[method]descriptor.stat-at",
        descriptor_set_times_at = "[method]descriptor.set-times-at",
        descriptor_link_at = "[method]descriptor.link-at", descriptor_open_at = "[method]descriptor.open-at",
        descriptor_readlink_at = "[method]descriptor.readlink-at",
        descriptor_remove_directory_at = "[method]descriptor.remove-directory-at",
        descriptor_rename_at = "[method]descriptor.rename-at",
        descriptor_symlink_at = "[method]descriptor.symlink-at",
        descriptor_unlink_file_at = "[method]descriptor.unlink-file-at",
        descriptor_is_same_object = "[method]descriptor.is-same-object",
        descriptor_metadata_hash = "[method]descriptor.metadata-hash",
        descriptor_metadata_hash_at = "[method]descriptor.metadata-hash-at",
        descriptor_drop = "[resource-drop]descriptor",
        directory_entry_stream_read_directory_entry = "[method]directory-entry-stream.read-directory-entry",
        directory_entry_stream_drop ~ "[resource-drop]directory-entry-stream",
        filesystem_error_code ~ "filesystem-error-code",
    }
    "wasi:http/client" {
        http_send = "send",
    }
    "wasi:http/outgoing-handler" {
        http_handle = "handle",
    }
    "wasi:http/types" {
        fields_new = "[constructor]fields", fields_from_list = "[static]fields.from-list",
        fields_get ~ "[method]fields.get", fields_has ~ "[method]fields.has", fields_set = "[method]fields.set",
        fields_delete = "[method]fields.delete", fields_append = "[method]fields.append",
        fields_entries ~ "[method]fields.entries", fields_clone = "[method]fields.clone",
        fields_drop ~ "[resource-drop]fields", incoming_request_method ~ "[method]incoming-request.method",
        incoming_request_path_with_query ~ "[method]incoming-request.path-with-query",
        incoming_request_scheme ~ "[method]incoming-request.scheme",
        incoming_request_authority ~ "[method]incoming-request.authority",
        incoming_request_headers ~ "[method]incoming-request.headers",
        incoming_request_consume = "[method]incoming-request.consume",
        incoming_request_drop ~ "[resource-drop]incoming-request",
        outgoing_request_new = "[constructor]outgoing-request",
        outgoing_request_body = "[method]outgoing-request.body",
        outgoing_request_method ~ "[method]outgoing-request.method",
        outgoing_request_set_method = "[method]outgoing-request.set-method",
        outgoing_request_path_with_query ~ "[method]outgoing-request.path-with-query",
        outgoing_request_set_path_with_query = "[method]outgoing-request.set-path-with-query",
        outgoing_request_scheme ~ "[method]outgoing-request.scheme",
        outgoing_request_set_scheme = "[method]outgoing-request.set-scheme",
        outgoing_request_authority ~ "[method]outgoing-request.authority",
        outgoing_request_set_authority = "[method]outgoing-request.set-authority",
        outgoing_request_headers ~ "[method]outgoing-request.headers",
        outgoing_request_drop ~ "[resource-drop]outgoing-request",
        request_options_new = "[constructor]request-options",
        request_options_connect_timeout ~ "[method]request-options.connect-timeout",
        request_options_set_connect_timeout = "[method]request-options.set-connect-timeout",
        request_options_first_byte_timeout ~ "[method]request-options.first-byte-timeout",
        request_options_set_first_byte_timeout = "[method]request-options.set-first-byte-timeout",
        request_options_between_bytes_timeout ~ "[method]request-options.between-bytes-timeout",
        request_options_set_between_bytes_timeout = "[method]request-options.set-between-bytes-timeout",
        request_options_drop ~ "[resource-drop]request-options",
        response_outparam_set = "[static]response-outparam.set",
        response_outparam_drop ~ "[resource-drop]response-outparam",
        incoming_response_status ~ "[method]incoming-response.status",
        incoming_response_headers ~ "[method]incoming-response.headers",
        incoming_response_consume = "[method]incoming-response.consume",
        incoming_response_drop ~ "[resource-drop]incoming-response",
        incoming_body_stream = "[method]incoming-body.stream", incoming_body_finish = "[static]incoming-body.finish",
        incoming_body_drop ~ "[resource-drop]incoming-body",
        future_trailers_subscribe ~ "[method]future-trailers.subscribe",
        future_trailers_get ~ "[method]future-trailers.get", future_trailers_drop ~ "[resource-drop]future-trailers",
        outgoing_response_new = "[constructor]outgoing-response",
        outgoing_response_status_code ~ "[method]outgoing-response.status-code",
        outgoing_response_set_status_code = "[method]outgoing-response.set-status-code",
        outgoing_response_headers ~ "[method]outgoing-response.headers",
        outgoing_response_body = "[method]outgoing-response.body",
        outgoing_response_drop ~ "[resource-drop]outgoing-response",
        outgoing_body_write = "[method]outgoing-body.write", outgoing_body_finish = "[static]outgoing-body.finish",
        outgoing_body_drop ~ "[resource-drop]outgoing-body",
        future_incoming_response_subscribe ~ "[method]future-incoming-response.subscribe",
        future_incoming_response_get ~ "[method]future-incoming-response.get",
        future_incoming_response_drop ~ "[resource-drop]future-incoming-response",
        http_error_code ~ "http-error-code", fields_get_and_delete = "[method]fields.get-and-delete",
        fields_copy_all ~ "[method]fields.copy-all", request_new = "[static]request.new",
        request_get_method ~ "[method]request.get-method", request_set_method = "[method]request.set-method",
        request_get_path_with_query ~ "[method]request.get-path-with-query",
        request_set_path_with_query = "[method]request.set-path-with-query",
        request_get_scheme ~ "[method]request.get-scheme", request_set_scheme = "[method]request.set-scheme",
        request_get_authority ~ "[method]request.get-authority",
        request_set_authority = "[method]request.set-authority", request_get_options ~ "[method]request.get-options",
        request_get_headers ~ "[method]request.get-headers", request_consume_body = "[static]request.consume-body",
        request_drop ~ "[resource-drop]request",
        request_options_get_connect_timeout ~ "[method]request-options.get-connect-timeout",
        request_options_get_first_byte_timeout ~ "[method]request-options.get-first-byte-timeout",
        request_options_get_between_bytes_timeout ~ "[method]request-options.get-between-bytes-timeout",
        request_options_clone = "[method]request-options.clone", response_new = "[static]response.new",
        response_get_status_code ~ "[method]response.get-status-code",
        response_set_status_code = "[method]response.set-status-code",
        response_get_headers ~ "[method]response.get-headers",
        response_consume_body = "[static]response.consume-body", response_drop ~ "[resource-drop]response",
    }
    "wasi:io/error" {
        error_to_debug_string ~ "[method]error.to-debug-string", error_drop ~ "[resource-drop]error",
    }
    "wasi:io/poll" {
        pollable_ready ~ "[method]pollable.ready", pollable_block ~ "[method]pollable.block",
        pollable_drop ~ "[resource-drop]pollable", poll ~ "poll",
    }
    "wasi:io/streams" {
        input_stream_read = "[method]input-stream.read",
        input_stream_blocking_read = "[method]input-stream.blocking-read",
        input_stream_skip = "[method]input-stream.skip",
        input_stream_blocking_skip = "[method]input-stream.blocking-skip",
        input_stream_subscribe ~ "[method]input-stream.subscribe", input_stream_drop ~ "[resource-drop]input-stream",
        output_stream_check_write ~ "[method]output-stream.check-write",
        output_stream_write = "[method]output-stream.write",
        output_stream_blocking_write_and_flush = "[method]output-stream.blocking-write-and-flush",
        output_stream_flush ~ "[method]output-stream.flush",
        output_stream_blocking_flush ~ "[method]output-stream.blocking-flush",
        output_stream_subscribe ~ "[method]output-stream.subscribe",
        output_stream_write_zeroes = "[method]output-stream.write-zeroes",
        output_stream_blocking_write_zeroes_and_flush = "[method]output-stream.blocking-write-zeroes-and-flush",
        output_stream_splice = "[method]output-stream.splice",
        output_stream_blocking_splice = "[method]output-stream.blocking-splice",
        output_stream_drop ~ "[resource-drop]output-stream",
    }
    "wasi:keyvalue/atomics" {
        keyvalue_increment = "increment",
    }
    "wasi:keyvalue/batch" {
        keyvalue_get_many ~ "get-many", keyvalue_set_many = "set-many", keyvalue_delete_many = "delete-many",
    }
    "wasi:keyvalue/store" {
        bucket_get ~ "[method]bucket.get", bucket_set = "[method]bucket.set", bucket_delete = "[method]bucket.delete",
        bucket_exists ~ "[method]bucket.exists", bucket_list_keys ~ "[method]bucket.list-keys",
        bucket_drop ~ "[resource-drop]bucket", keyvalue_open ~ "open",
    }
    "wasi:random/insecure" {
        get_insecure_random_bytes = "get-insecure-random-bytes", get_insecure_random_u64 = "get-insecure-random-u64",
    }
    "wasi:random/insecure-seed" {
        insecure_seed = "insecure-seed", get_insecure_seed = "get-insecure-seed",
    }
    "wasi:random/random" {
        get_random_bytes = "get-random-bytes", get_random_u64 = "get-random-u64",
    }
    "wasi:sockets/instance-network" {
        instance_network ~ "instance-network",
    }
    "wasi:sockets/ip-name-lookup" {
        resolve_address_stream_resolve_next_address ~ "[method]resolve-address-stream.resolve-next-address",
        resolve_address_stream_subscribe ~ "[method]resolve-address-stream.subscribe",
        resolve_address_stream_drop ~ "[resource-drop]resolve-address-stream",
        resolve_addresses ~ "resolve-addresses",
    }
    "wasi:sockets/network" {
        network_drop ~ "[resource-drop]network", network_error_code ~ "network-error-code",
    }
    "wasi:sockets/tcp" {
        tcp_socket_start_bind ~ "[method]tcp-socket.start-bind",
        tcp_socket_finish_bind ~ "[method]tcp-socket.finish-bind",
        tcp_socket_start_connect ~ "[method]tcp-socket.start-connect",
        tcp_socket_finish_connect ~ "[method]tcp-socket.finish-connect",
        tcp_socket_start_listen ~ "[method]tcp-socket.start-listen",
        tcp_socket_finish_listen ~ "[method]tcp-socket.finish-listen",
        tcp_socket_accept ~ "[method]tcp-socket.accept",
        tcp_socket_local_address ~ "[method]tcp-socket.local-address",
        tcp_socket_remote_address ~ "[method]tcp-socket.remote-address",
        tcp_socket_is_listening ~ "[method]tcp-socket.is-listening",
        tcp_socket_address_family ~ "[method]tcp-socket.address-family",
        tcp_socket_set_listen_backlog_size ~ "[method]tcp-socket.set-listen-backlog-size",
        tcp_socket_keep_alive_enabled ~ "[method]tcp-socket.keep-alive-enabled",
        tcp_socket_set_keep_alive_enabled ~ "[method]tcp-socket.set-keep-alive-enabled",
        tcp_socket_keep_alive_idle_time ~ "[method]tcp-socket.keep-alive-idle-time",
        tcp_socket_set_keep_alive_idle_time ~ "[method]tcp-socket.set-keep-alive-idle-time",
        tcp_socket_keep_alive_interval ~ "[method]tcp-socket.keep-alive-interval",
        tcp_socket_set_keep_alive_interval ~ "[method]tcp-socket.set-keep-alive-interval",
        tcp_socket_keep_alive_count ~ "[method]tcp-socket.keep-alive-count",
        tcp_socket_set_keep_alive_count ~ "[method]tcp-socket.set-keep-alive-count",
        tcp_socket_hop_limit ~ "[method]tcp-socket.hop-limit",
        tcp_socket_set_hop_limit ~ "[method]tcp-socket.set-hop-limit",
        tcp_socket_receive_buffer_size ~ "[method]tcp-socket.receive-buffer-size",
        tcp_socket_set_receive_buffer_size ~ "[method]tcp-socket.set-receive-buffer-size",
        tcp_socket_send_buffer_size ~ "[method]tcp-socket.send-buffer-size",
        tcp_socket_set_send_buffer_size ~ "[method]tcp-socket.set-send-buffer-size",
        tcp_socket_subscribe ~ "[method]tcp-socket.subscribe", tcp_socket_shutdown ~ "[method]tcp-socket.shutdown",
        tcp_socket_drop ~ "[resource-drop]tcp-socket",
    }
    "wasi:sockets/tcp-create-socket" {
        create_tcp_socket ~ "create-tcp-socket",
    }
    "wasi:sockets/types" {
        sockets_tcp_create ~ "[static]tcp-socket.create", sockets_tcp_bind ~ "[method]tcp-socket.bind",
        sockets_tcp_connect ~ "[method]tcp-socket.connect", sockets_tcp_listen ~ "[method]tcp-socket.listen",
        sockets_tcp_send ~ "[method]tcp-socket.send", sockets_tcp_receive ~ "[method]tcp-socket.receive",
        sockets_tcp_get_local_address ~ "[method]tcp-socket.get-local-address",
        sockets_tcp_get_remote_address ~ "[method]tcp-socket.get-remote-address",
        sockets_tcp_get_is_listening ~ "[method]tcp-socket.get-is-listening",
        sockets_tcp_get_address_family ~ "[method]tcp-socket.get-address-family",
        sockets_tcp_set_listen_backlog_size ~ "[method]tcp-socket.set-listen-backlog-size",
        sockets_tcp_get_keep_alive_enabled ~ "[method]tcp-socket.get-keep-alive-enabled",
        sockets_tcp_set_keep_alive_enabled ~ "[method]tcp-socket.set-keep-alive-enabled",
        sockets_tcp_get_keep_alive_idle_time ~ "[method]tcp-socket.get-keep-alive-idle-time",
        sockets_tcp_set_keep_alive_idle_time ~ "[method]tcp-socket.set-keep-alive-idle-time",
        sockets_tcp_get_keep_alive_interval ~ "[method]tcp-socket.get-keep-alive-interval",
        sockets_tcp_set_keep_alive_interval ~ "[method]tcp-socket.set-keep-alive-interval",
        sockets_tcp_get_keep_alive_count ~ "[method]tcp-socket.get-keep-alive-count",
        sockets_tcp_set_keep_alive_count ~ "[method]tcp-socket.set-keep-alive-count",
        sockets_tcp_get_hop_limit ~ "[method]tcp-socket.get-hop-limit",
        sockets_tcp_set_hop_limit ~ "[method]tcp-socket.set-hop-limit",
        sockets_tcp_get_receive_buffer_size ~ "[method]tcp-socket.get-receive-buffer-size",
        sockets_tcp_set_receive_buffer_size ~ "[method]tcp-socket.set-receive-buffer-size",
        sockets_tcp_get_send_buffer_size ~ "[method]tcp-socket.get-send-buffer-size",
        sockets_tcp_set_send_buffer_size ~ "[method]tcp-socket.set-send-buffer-size",
        sockets_tcp_drop ~ "[resource-drop]tcp-socket", sockets_udp_create ~ "[static]udp-socket.create",
        sockets_udp_bind ~ "[method]udp-socket.bind", sockets_udp_connect ~ "[method]udp-socket.connect",
        sockets_udp_disconnect ~ "[method]udp-socket.disconnect", sockets_udp_send ~ "[method]udp-socket.send",
        sockets_udp_receive ~ "[method]udp-socket.receive",
        sockets_udp_get_local_address ~ "[method]udp-socket.get-local-address",
        sockets_udp_get_remote_address ~ "[method]udp-socket.get-remote-address",
        sockets_udp_get_address_family ~ "[method]udp-socket.get-address-family",
        sockets_udp_get_unicast_hop_limit ~ "[method]udp-socket.get-unicast-hop-limit",
        sockets_udp_set_unicast_hop_limit ~ "[method]udp-socket.set-unicast-hop-limit",
        sockets_udp_get_receive_buffer_size ~ "[method]udp-socket.get-receive-buffer-size",
        sockets_udp_set_receive_buffer_size ~ "[method]udp-socket.set-receive-buffer-size",
        sockets_udp_get_send_buffer_size ~ "[method]udp-socket.get-send-buffer-size",
        sockets_udp_set_send_buffer_size ~ "[method]udp-socket.set-send-buffer-size",
        sockets_udp_drop ~ "[resource-drop]udp-socket",
    }
    "wasi:sockets/udp" {
        udp_socket_start_bind ~ "[method]udp-socket.start-bind",
        udp_socket_finish_bind ~ "[method]udp-socket.finish-bind", udp_socket_stream ~ "[method]udp-socket.stream",
        udp_socket_local_address ~ "[method]udp-socket.local-address",
        udp_socket_remote_address ~ "[method]udp-socket.remote-address",
        udp_socket_address_family ~ "[method]udp-socket.address-family",
        udp_socket_unicast_hop_limit ~ "[method]udp-socket.unicast-hop-limit",
        udp_socket_set_unicast_hop_limit ~ "[method]udp-socket.set-unicast-hop-limit",
        udp_socket_receive_buffer_size ~ "[method]udp-socket.receive-buffer-size",
        udp_socket_set_receive_buffer_size ~ "[method]udp-socket.set-receive-buffer-size",
        udp_socket_send_buffer_size ~ "[method]udp-socket.send-buffer-size",
        udp_socket_set_send_buffer_size ~ "[method]udp-socket.set-send-buffer-size",
        udp_socket_subscribe ~ "[method]udp-socket.subscribe", udp_socket_drop ~ "[resource-drop]udp-socket",
        incoming_datagram_stream_receive ~ "[method]incoming-datagram-stream.receive",
        incoming_datagram_stream_subscribe ~ "[method]incoming-datagram-stream.subscribe",
        incoming_datagram_stream_drop ~ "[resource-drop]incoming-datagram-stream",
        outgoing_datagram_stream_check_send ~ "[method]outgoing-datagram-stream.check-send",
        outgoing_datagram_stream_send ~ "[method]outgoing-datagram-stream.send",
        outgoing_datagram_stream_subscribe ~ "[method]outgoing-datagram-stream.subscribe",
        outgoing_datagram_stream_drop ~ "[resource-drop]outgoing-datagram-stream",
    }
    "wasi:sockets/udp-create-socket" {
        create_udp_socket ~ "create-udp-socket",
    }
}}
