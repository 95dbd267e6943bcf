// The KV service: validate, translate to a command or a read, translate back.
#pragma once

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"

namespace stele::server {

struct KvLimits {
  int txn_ops_max = 128;
};

// Adds the rows of etcdserverpb.KV. Everything outlives the table.
void AddKvMethods(const KvLimits& limits, const NodeFacts* facts, Proposer* proposer,
                  Reader* reader, CompactionWatch* compaction, MethodRows* rows);

}  // namespace stele::server
