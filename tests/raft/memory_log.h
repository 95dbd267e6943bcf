// A durable log that lives in memory: what a LogStore promises, without a disk. It holds exactly
// what was given to it, so a crash is nothing but forgetting the RawNode.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "src/raft/log_reader.h"
#include "src/raft/types.h"

namespace stele::raft {

class MemoryLog final : public LogReader {
 public:
  explicit MemoryLog(SnapshotMeta base) : base_(std::move(base)), snapshot_(base_) {}

  // Replaces everything at and after the first of `entries`.
  void Append(const std::vector<Entry>& entries);
  void SetHardState(const HardState& hard_state) { hard_state_ = hard_state; }
  void InstallSnapshot(const SnapshotMeta& snapshot);
  // Makes a snapshot at `index` and releases the entries up to it.
  void Compact(Index index);

  const HardState& hard_state() const { return hard_state_; }
  const ConfState& base_conf_state() const { return base_.conf_state; }
  const std::vector<Entry>& entries() const { return entries_; }
  ConfState ConfStateAt(Index index) const;

  Index first_index() const override { return base_.last.index.Next(); }
  Index last_index() const override { return Index{base_.last.index.value + entries_.size()}; }
  LogReadStatus TermAt(Index index, Term* term) const override;
  LogReadStatus Entries(Index from, Index to, std::uint64_t bytes_max,
                        std::vector<Entry>* entries) const override;
  SnapshotMeta LatestSnapshot() const override { return snapshot_; }

 private:
  const Entry& At(Index index) const { return entries_[index.value - first_index().value]; }

  SnapshotMeta base_;  // just before entries_
  SnapshotMeta snapshot_;
  std::vector<Entry> entries_;
  HardState hard_state_;
};

}  // namespace stele::raft
