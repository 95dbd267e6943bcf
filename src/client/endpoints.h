// Addresses of members as users write them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace stele::client {

struct Endpoint {
  std::string text;       // as the user wrote it; used in messages and outputs
  std::string authority;  // host:port, what a connection is made to
};

// Accepts `http://host:port`, `host:port` and `[v6]:port`; a missing port is 2379. A path behind
// the address, an empty host and any scheme but http are InvalidArgument; https says that TLS is
// not supported yet.
absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text);

// A comma-separated list; blanks around an address are dropped. At least one address.
absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(const std::string& list);

}  // namespace stele::client
