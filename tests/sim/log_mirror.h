// What one member's log held on its disk after its last complete pass: the claim that the next
// recovery is checked against.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "src/raft/log_reader.h"
#include "src/raft/types.h"

namespace stele::sim {

class LogMirror {
 public:
  raft::Index base() const { return base_.index; }
  raft::Index last() const { return raft::Index{base_.index.value + terms_.size()}; }
  // REQUIRES: base() <= index <= last().
  raft::Term TermAt(raft::Index index) const;
  // The config entries in it, ascending.
  const std::vector<raft::EntryId>& confs() const { return confs_; }
  // Whether the entry is in the log, or was and is now part of a snapshot.
  bool Holds(const raft::EntryId& id) const;

  // Follows `log`; appends to `added` the entries that were not there before. Relies on the log
  // matching property, which the caller checks for all that is added.
  void Follow(const raft::LogReader& log, std::vector<raft::Entry>* added);

  void Clear();

 private:
  raft::EntryId base_;  // just before the first entry
  std::deque<raft::Term> terms_;
  std::vector<raft::EntryId> confs_;
};

}  // namespace stele::sim
