// The Lease service.
#pragma once

#include <cstdint>
#include <functional>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

struct LeaseLimits {
  std::int64_t ttl_seconds_min = 2;  // shorter ones are raised to it: ceil(1.5 election timeouts)
};

// Adds the rows of etcdserverpb.Lease. `random` returns 64 random bits, for the ids of leases whose
// client names none; any thread.
void AddLeaseMethods(const LeaseLimits& limits, const NodeFacts* facts, Proposer* proposer,
                     Reader* reader, LeaseClock* clock, std::function<std::uint64_t()> random,
                     MethodRows* rows);

}  // namespace stele::server
