// Every limit of the network front. The defaults are the daemon's; docs/front.md says why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace stele::server {

struct FrontOptions {
  // "127.0.0.1:2379", "[::]:2379", "unix:/run/stele.sock". Port 0 lets the kernel choose.
  std::vector<std::string> listen_addresses;
  // Threads, each with its own share of the connections. Cut to the number of cores.
  int loops = 1;

  // Accepting pauses at this many open connections; the kernel's backlog holds the rest.
  std::size_t max_connections = 20'000;
  std::uint32_t max_concurrent_streams = 1'000;  // per connection
  std::size_t max_header_list_bytes = 32 * 1024;
  // etcd's --max-request-bytes (1.5 MiB) and the 512 KiB it allows on top.
  std::size_t max_receive_message_bytes = 1'572'864 + 512 * 1024;
  // Request messages that arrived in part, over all connections of a loop.
  std::size_t max_partial_request_bytes = 256 * 1024 * 1024;
  std::size_t max_http_body_bytes = 64 * 1024;

  // What a client may send ahead of us.
  std::uint32_t stream_window_bytes = 512 * 1024;
  std::uint32_t connection_window_bytes = 2 * 1024 * 1024;

  // From accept to the end of the client's HTTP/2 preface and SETTINGS or first HTTP/1.1 head, and
  // from the first to the last byte of a later head.
  absl::Duration header_timeout = absl::Seconds(10);
  // A request body that stops arriving (unary and server-streaming calls).
  absl::Duration receive_stall_timeout = absl::Seconds(30);
  // A response that the client stops taking (not for bidirectional streams, whose senders bound
  // themselves by queued_bytes()).
  absl::Duration write_stall_timeout = absl::Seconds(30);
  absl::Duration http1_idle_timeout = absl::Minutes(1);
  // HTTP/2 connections without streams; clients keep such connections for later use.
  absl::Duration http2_idle_timeout = absl::InfiniteDuration();
  // The kernel gives a peer up when our bytes stay unacknowledged this long.
  absl::Duration unacknowledged_timeout = absl::Seconds(30);

  // The server asks a silent connection for a sign of life, as etcd does.
  absl::Duration keepalive_interval = absl::Hours(2);
  absl::Duration keepalive_timeout = absl::Seconds(20);
  // Clients that ping more often, or without a call, are sent away with "too_many_pings".
  absl::Duration keepalive_min_client_interval = absl::Seconds(5);

  // Token buckets: at most `burst` at once, `per_second` over time.
  std::uint64_t stream_reset_burst = 1'000;
  std::uint64_t stream_reset_per_second = 200;
  std::uint64_t control_frame_burst = 10'000;
  std::uint64_t control_frame_per_second = 1'000;
};

}  // namespace stele::server
