// The end of the log that is not durable yet: entries, and at most one snapshot that replaces all
// before them. Everything below offset() is durable and read from the LogReader.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "src/raft/types.h"

namespace stele::raft {

class UnstableLog {
 public:
  // `offset`: the first index that is not durable.
  explicit UnstableLog(Index offset) : offset_(offset), taken_to_(offset.Previous()) {}

  Index offset() const { return offset_; }
  Index last_index() const { return Index{offset_.value - 1 + entries_.size()}; }
  // Its entries at and after `from`. REQUIRES: offset() <= from <= last_index().Next().
  std::span<const Entry> From(Index from) const;
  // A restored snapshot that is not durable yet.
  const std::optional<SnapshotMeta>& snapshot() const { return snapshot_; }

  // Replaces everything at and after the first of `entries`, which are contiguous, not empty and
  // leave no gap.
  void Append(std::vector<Entry> entries);
  // The log is empty behind `snapshot`.
  void Restore(const SnapshotMeta& snapshot);

  bool HasUntaken() const;
  // What must be persisted since the last Take.
  void Take(std::vector<Entry>* entries, std::optional<SnapshotMeta>* snapshot);
  // What was taken is durable, except what was replaced since: that is shadowed until its
  // replacement is taken.
  void OnPersisted();

 private:
  std::vector<Entry> entries_;  // contiguous from offset_
  std::optional<SnapshotMeta> snapshot_;
  Index offset_;
  Index taken_to_;  // offset_ - 1 <= taken_to_ <= last_index(); taken, and not replaced since
  bool snapshot_taken_ = false;
};

}  // namespace stele::raft
