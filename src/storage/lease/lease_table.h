// The leases that exist, as replicated facts: id and granted TTL. Deadlines are not here.
//
// A copy in memory answers "does it exist", which every put with a lease asks. Belongs to the apply
// thread; readers use the free functions on their own snapshot.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/storage/engine/engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

class LeaseTable {
 public:
  absl::Status Open(const EngineSnapshot& snapshot);

  bool Contains(std::int64_t id) const { return ttl_seconds_.count(id) != 0; }
  // REQUIRES: !Contains(id)
  void Grant(std::int64_t id, std::int64_t ttl_seconds, WriteBatch* batch);
  // REQUIRES: Contains(id)
  void Revoke(std::int64_t id, WriteBatch* batch);

 private:
  absl::btree_map<std::int64_t, std::int64_t> ttl_seconds_;
};

absl::StatusOr<std::optional<LeaseChange>> ReadLease(const EngineSnapshot& snapshot,
                                                     std::int64_t id);
// By id.
absl::StatusOr<std::vector<LeaseChange>> ReadLeases(const EngineSnapshot& snapshot);

}  // namespace stele::storage
