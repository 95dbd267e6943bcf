// The one record of kMeta that every batch rewrites: which entry the store is at and where its
// history begins and ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "src/raft/types.h"
#include "src/storage/mvcc/compactor.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

struct StoredState {
  raft::EntryId applied;
  std::int64_t current_revision = 1;
  std::int64_t compact_revision = -1;
  CompactionCursor compaction;
  StateDigest digest;  // behind `applied`

  friend bool operator==(const StoredState&, const StoredState&) = default;
};

std::string EncodeStoredState(const StoredState& state);
// Fails for bytes of another format version.
absl::StatusOr<StoredState> DecodeStoredState(std::string_view bytes);

}  // namespace stele::storage
