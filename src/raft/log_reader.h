// What the core may ask of the stored (durable) part of its log. Read-only: the caller writes.
#pragma once

#include <cstdint>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

enum class LogReadStatus : std::uint8_t {
  kOk,
  kCompacted,    // asked below first_index(); a follower that needs it gets a snapshot
  kUnavailable,  // asked above last_index()
};

class LogReader {
 public:
  virtual ~LogReader() = default;

  // Index of the first entry that is still stored; last_index() + 1 when none is.
  virtual Index first_index() const = 0;
  virtual Index last_index() const = 0;

  // The term of the entry at `index`. Also answers for first_index() - 1, whose term is kept.
  virtual LogReadStatus TermAt(Index index, Term* term) const = 0;

  // Appends to `entries` those in [from, to), at least one and then as many as fit `bytes_max`.
  virtual LogReadStatus Entries(Index from, Index to, std::uint64_t bytes_max,
                                std::vector<Entry>* entries) const = 0;

  // The newest snapshot that a lagging follower can be given; index 0 when there is none.
  virtual SnapshotMeta LatestSnapshot() const = 0;
};

}  // namespace stele::raft
