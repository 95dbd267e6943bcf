// The configs that the observer has seen in logs: what is in force where, and whether a set of
// members is a quorum. Reckoned apart from the core's own arithmetic, which it is to check.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "src/raft/types.h"
#include "tests/sim/log_mirror.h"

namespace stele::sim {

using IsIn = std::function<bool(raft::NodeId)>;

// Whether more than half of the voters, and of the outgoing ones if there are any, are in the set.
bool IsQuorum(const raft::ConfState& conf, const IsIn& is_in);
// Whether every quorum of one meets every quorum of the other. By trying all sets.
bool QuorumsMeet(const raft::ConfState& a, const raft::ConfState& b);

class ConfLedger {
 public:
  explicit ConfLedger(raft::ConfState initial) { committed_[raft::Index{0}] = std::move(initial); }

  // Throws a Violation when the entry holds no config.
  void OnEntry(const raft::Entry& entry);
  void OnCommitted(const raft::Entry& entry);

  // The newest committed one.
  const raft::ConfState& committed() const { return committed_.rbegin()->second; }
  raft::Index committed_index() const { return committed_.rbegin()->first; }
  // The committed one at this index.
  const raft::ConfState& CommittedAt(raft::Index index) const;
  // Whether it was a member in some config committed up to this index.
  bool WasMember(raft::NodeId id, raft::Index index) const;
  // The one in force in this log at this index, committed or not.
  const raft::ConfState& InForce(const LogMirror& log, raft::Index index) const;

 private:
  std::map<std::pair<raft::Index, raft::Term>, raft::ConfState> seen_;
  std::map<raft::Index, raft::ConfState> committed_;
};

}  // namespace stele::sim
