// One question to one member, over a connection of its own: for members that are not, or no longer,
// part of the cluster and so have no links to the others.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace stele::server {

// Sends `request` to `path` at `address` (host:port) and returns the bytes of the answer. Blocks,
// for about twice `timeout` at most.
absl::StatusOr<std::string> CallOnce(const std::string& address, const std::string& path,
                                     const std::string& request, absl::Duration timeout);

}  // namespace stele::server
