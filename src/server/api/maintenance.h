// The Maintenance service.
#pragma once

#include <cstdint>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

// The etcd release whose behaviour clients may expect; they choose their own by it.
inline constexpr char kApiVersion[] = "3.6.6";
inline constexpr char kClusterVersion[] = "3.6.0";
inline constexpr char kStorageVersion[] = "3.6.0";

// Adds the rows of etcdserverpb.Maintenance that exist so far.
void AddMaintenanceMethods(std::int64_t quota_bytes, const ClientPorts& ports, MethodRows* rows);

}  // namespace stele::server
