// Which config holds from which index on. A config takes effect when its entry is appended and is
// undone when that entry is truncated (Raft thesis section 4.1), so the older ones stay known until
// they can no longer be truncated back to.
#pragma once

#include <cstddef>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

class ConfHistory {
 public:
  // `conf` holds from `index` (the log's snapshot) on.
  ConfHistory(Index index, ConfState conf);

  // The newest config, committed or not, and the index from which it holds.
  const ConfState& current() const { return steps_.back().conf; }
  Index current_index() const { return steps_.back().index; }

  // The config in force at `index`. REQUIRES: index is not below the last CompactTo or Reset.
  const ConfState& At(Index index) const;

  // REQUIRES: index > current_index().
  void Append(Index index, ConfState conf);
  // Forgets configs at and above `index`. Returns whether the current one changed.
  // REQUIRES: the base config is below `index`.
  bool TruncateFrom(Index index);
  // The log was released up to `index`: what held there becomes the base.
  void CompactTo(Index index);
  // A snapshot replaces everything.
  void Reset(Index index, ConfState conf);

 private:
  struct Step {
    Index index;
    ConfState conf;
  };
  std::vector<Step> steps_;  // ascending by index; never empty; the first is the base
};

}  // namespace stele::raft
