// How many keys an interval holds without reading them again, at the newest revision or one not
// long ago. What a large count has read is kept as blocks of some hundred keys, and every creation
// and deletion is carried into them. A page of a list says how many keys follow, so a list in pages
// would otherwise read the whole of the rest for every page.
//
// It is a memory of answers and no part of the state: what it does not know is counted.
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "src/storage/mvcc/key_count_limits.h"
#include "src/storage/mvcc/key_interval.h"
#include "src/storage/mvcc/key_source.h"

namespace stele::storage {

struct EventBatch;

class KeyCounts {
 public:
  // The keys in [begin, end), at a revision.
  struct Block {
    std::string begin;
    std::string end;
    std::int64_t count = 0;
  };
  struct Known {
    std::int64_t count = 0;
    std::vector<KeyInterval> unknown;  // what else belongs to the interval
  };

  explicit KeyCounts(const KeyCountLimits& limits) : limits_(limits) {}

  // REQUIRES: Record was told of `revision`
  Known Lookup(const KeyInterval& interval, std::int64_t revision) const;

  // Blocks that were counted at `revision`. It may be too long ago to be brought up to date; then
  // nothing is learned, but soon after it can be.
  void Learn(std::vector<Block> blocks, std::int64_t revision);

  // For the apply thread, once the engine has the changes up to `revision` and before any reader
  // learns of it: in the other order a count between the two would miss them for ever.
  void Record(std::span<const EventBatch> events, std::int64_t revision);

  const KeyCountLimits& limits() const { return limits_; }

 private:
  // The count from a revision on.
  struct Step {
    std::int64_t revision = 0;
    std::int64_t count = 0;
  };
  struct Entry {
    std::string end;
    absl::InlinedVector<Step, 1> steps;  // ascending, never empty
  };
  using Blocks = std::map<std::string, Entry, std::less<>>;  // by begin; they do not overlap
  // One key came or went.
  struct Change {
    std::int64_t revision = 0;
    int difference = 0;
    std::string key;
  };

  static std::optional<std::int64_t> CountAt(const Entry& block, std::int64_t revision);
  void Carry(const Change& change, Blocks* blocks) const;
  bool IsFree(std::string_view begin, std::string_view end) const;
  void Remember(Change change);

  const KeyCountLimits limits_;

  mutable std::shared_mutex mutex_;
  // All below is guarded by mutex_.
  Blocks blocks_;
  std::int64_t revision_ = 0;
  // Nobody pays for what nobody asks for: it begins with the first blocks.
  bool recording_ = false;
  // All changes above `recorded_since_`, ascending.
  std::deque<Change> recent_;
  std::size_t recent_bytes_ = 0;
  std::int64_t recorded_since_ = 0;
};

// What KeySource::Count says of `source`, which is at `revision`; reads only what `counts` does not
// know.
absl::StatusOr<std::int64_t> CountKeys(const KeySource& source, const KeyInterval& interval,
                                       std::int64_t revision, KeyCounts* counts);

}  // namespace stele::storage
