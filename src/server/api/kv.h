// The KV service: validate, translate to a command or a read, translate back.
#pragma once

#include <memory>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/api/quota.h"

namespace stele::server {

struct KvLimits {
  int txn_ops_max = 128;
};

// Adds the rows of etcdserverpb.KV but RangeStream.
void AddKvMethods(const KvLimits& limits, const ClientPorts& ports,
                  std::shared_ptr<const Quota> quota, MethodRows* rows);

}  // namespace stele::server
