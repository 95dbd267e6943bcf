// What a log holds: the one meaning of its records, used both while they are written and when they
// are replayed.
//
// Payloads are shared with the entries handed in. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "src/raft/log_reader.h"
#include "src/raft/types.h"
#include "src/storage/wal/payloads.h"

namespace stele::storage::wal {

class LogContents {
 public:
  // The entries up to `summary.last` are unknown until a release, an install or an overwriting
  // entry shows that they are not needed; a new log has none.
  explicit LogContents(const LogSummary& summary);

  // Whether `id` continues the log or replaces a part of it that is not yet released.
  bool Accepts(const raft::EntryId& id) const;

  // Drops everything at and after the entry's index, then appends it. `segment` is where it is
  // stored. REQUIRES: Accepts(entry.id).
  void Append(raft::Entry entry, std::uint32_t segment);

  void SetHardState(const raft::HardState& hard_state);

  // What installing `snapshot` will do.
  Install PlanInstall(const raft::SnapshotMeta& snapshot) const;
  // False when the log cannot have been asked this.
  [[nodiscard]] bool Apply(const Install& install);

  // What releasing up to `release_to` will do. Fewer entries go when the config at `release_to`
  // lies inside an entry that only the core can decode.
  Release PlanRelease(const raft::SnapshotMeta& snapshot, raft::Index release_to) const;
  [[nodiscard]] bool Apply(const Release& release);

  const LogSummary& summary() const { return summary_; }
  raft::Index first_index() const { return summary_.base.index.Next(); }
  raft::Index last_index() const { return summary_.last.index; }

  // The first entry that should be here and was in a segment before those replayed.
  std::optional<raft::Index> missing_entry() const;

  // The oldest segment that still holds an entry of this log; `active` when none does.
  std::uint32_t oldest_needed_segment(std::uint32_t active) const;

  raft::LogReadStatus TermAt(raft::Index index, raft::Term* term) const;
  raft::LogReadStatus Entries(raft::Index from, raft::Index to, std::uint64_t bytes_max,
                              std::vector<raft::Entry>* entries) const;

 private:
  struct StoredEntry {
    raft::Entry entry;
    std::uint32_t segment = 0;
  };

  const StoredEntry& At(raft::Index index) const;
  void DropThrough(raft::Index index);
  void Clear(const raft::EntryId& base);

  LogSummary summary_;
  // Entries in (base, missing_to_] are not known, those in (missing_to_, last] are in `entries_`.
  // Only replay ever has missing_to_ > base.
  raft::Index missing_to_;
  std::deque<StoredEntry> entries_;
};

}  // namespace stele::storage::wal
