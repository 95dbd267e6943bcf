// Finds out which of several endpoints leads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/load/endpoint.h"

namespace stele::load {

// One unary call on a connection of its own; blocks for `timeout` at most. Returns the message.
absl::StatusOr<std::string> CallOnce(const Endpoint& endpoint, std::string_view path,
                                     std::string_view message, absl::Duration timeout);

// Asks Maintenance.Status of each in turn; the first that says it leads is returned.
absl::StatusOr<Endpoint> FindLeader(const std::vector<Endpoint>& endpoints, absl::Duration timeout);

}  // namespace stele::load
