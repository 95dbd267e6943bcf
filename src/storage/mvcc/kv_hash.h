// The hash that etcd's HashKV answers, over the very bytes that etcd's store would hold, so that
// the hashes of an etcd and of this store with the same history are equal.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "src/storage/engine/engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

// Hashes the changes up to `revision` (0: `current_revision`). Below `compact_revision` only what a
// compaction leaves counts, whether or not it is physically finished here. Reads the history twice
// if there was a compaction; takes a while on a large store. Errors carry the wire's code and text.
absl::StatusOr<KvHash> HashKeyValues(const EngineSnapshot& snapshot, std::int64_t revision,
                                     std::int64_t current_revision, std::int64_t compact_revision);

}  // namespace stele::storage
