// The Cluster service.
#pragma once

#include <cstdint>
#include <functional>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

// Adds the rows of etcdserverpb.Cluster. `random` returns 64 random bits, for the ids of new
// members; any thread. Everything outlives the table.
void AddClusterMethods(const NodeFacts* facts, Reader* reader, MemberChanger* members,
                       std::function<std::uint64_t()> random, MethodRows* rows);

}  // namespace stele::server
