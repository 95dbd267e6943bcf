// The whole table of the client port.
#pragma once

#include <cstdint>
#include <functional>

#include "src/server/api/kv.h"
#include "src/server/api/lease.h"
#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

// What the handlers work with. Everything outlives the table.
struct ClientPorts {
  const NodeFacts* facts = nullptr;
  Proposer* proposer = nullptr;
  Reader* reader = nullptr;
  CompactionWatch* compaction = nullptr;
  LeaseClock* lease_clock = nullptr;
  MemberChanger* members = nullptr;
  std::function<std::uint64_t()> random;  // 64 random bits; any thread
};

struct ClientLimits {
  KvLimits kv;
  LeaseLimits lease;
  std::int64_t quota_bytes = 0;
};

// Adds a row for every method of etcd's services, of gRPC's health service, and `watch`. Methods
// that no one serves yet answer Unimplemented.
void AddClientMethods(const ClientPorts& ports, const ClientLimits& limits, Method watch,
                      MethodRows* rows);

}  // namespace stele::server
