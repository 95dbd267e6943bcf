// The Lease service.
#pragma once

#include <cstdint>
#include <memory>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/api/quota.h"

namespace stele::server {

struct LeaseLimits {
  std::int64_t ttl_seconds_min = 2;  // shorter ones are raised to it: ceil(1.5 election timeouts)
};

// Adds the rows of etcdserverpb.Lease.
void AddLeaseMethods(const LeaseLimits& limits, const ClientPorts& ports,
                     std::shared_ptr<const Quota> quota, MethodRows* rows);

}  // namespace stele::server
