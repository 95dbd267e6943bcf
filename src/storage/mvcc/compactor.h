// Removes superseded versions behind the compact revision, a bounded number at a time.
//
// It walks the history that is new since the last compaction once: a change makes the version that
// it superseded superfluous, and a tombstone is itself superfluous once a later revision is
// compacted. So the work is proportional to new history, not to the store.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/revision.h"

namespace stele::storage {

// Where the walk stands; stored with every batch, so that a crash resumes it.
struct CompactionCursor {
  Revision next;               // the first change that is not walked yet
  std::int64_t finished = -1;  // the compaction of this revision is physically complete

  friend bool operator==(const CompactionCursor&, const CompactionCursor&) = default;
};

// The compact revision moves to `target`. A walk that already treated changes at the old target has
// to see them again, because their tombstones were still needed then.
// REQUIRES: target > old_target
void RetargetCompaction(std::int64_t old_target, CompactionCursor* cursor);

// Walks at most `changes_max` changes and adds what is to be removed to `batch`.
// cursor->finished == target afterwards if nothing is left.
absl::Status CompactSome(const EngineSnapshot& snapshot, std::int64_t target,
                         std::size_t changes_max, CompactionCursor* cursor, WriteBatch* batch);

}  // namespace stele::storage
