// How a client reaches its cluster.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace stele::client {

struct ClientOptions {
  // Members to talk to, `http://host:port` or `host:port`; see endpoints.h. Any one of them serves.
  std::vector<std::string> endpoints = {"127.0.0.1:2379"};

  // How long to look for an endpoint that answers before giving up.
  absl::Duration dial_timeout = absl::Seconds(2);

  // The limit of one call, repetitions included; a call may ask for another.
  absl::Duration call_timeout = absl::Seconds(5);

  // A connection with work on it is pinged after this silence and dropped when the answer is
  // missing. Servers refuse clients that ping more often than every five seconds.
  absl::Duration keepalive_time = absl::Seconds(10);
  absl::Duration keepalive_timeout = absl::Seconds(6);

  // Watches leave a member that has lost contact with its leader.
  bool watch_requires_leader = true;
};

}  // namespace stele::client
