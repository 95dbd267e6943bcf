// The whole table of the client port.
#pragma once

#include <cstdint>

#include "src/server/api/kv.h"
#include "src/server/api/lease.h"
#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/api/range_stream.h"

namespace stele::server {

struct ClientLimits {
  KvLimits kv;
  LeaseLimits lease;
  RangeStreamLimits range_stream;
  std::int64_t quota_bytes = -1;  // negative: no quota
};

// Adds a row for every method of etcd's services, of gRPC's health service, and `watch`. Methods
// that no one serves yet answer Unimplemented.
void AddClientMethods(const ClientPorts& ports, const ClientLimits& limits, Method watch,
                      MethodRows* rows);

}  // namespace stele::server
