// Which config a change of the members leads to, and what must hold before: etcd's strict checks.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/command.pb.h"
#include "src/raft/raw_node.h"

namespace stele::server {

struct MemberRules {
  bool strict = true;            // --strict-reconfig-check
  std::size_t learners_max = 1;  // --max-learners
};

// Clients see a voter: it is one, or becomes one as soon as it has caught up.
bool CountsAsVoter(const stelepb::MemberRecord& member);

// What a decision rests on. The tables must be those of a store that has applied `raft`'s config.
struct MemberFacts {
  std::vector<stelepb::MemberRecord> members;
  std::vector<std::uint64_t> removed;
  raft::Status raft;  // of the leader
};

// The config to propose, or the wire's error. `by_itself`: the leader's own promotion of a member
// that was added as a voter; clients may promote learners only. kAborted: not now.
absl::StatusOr<raft::ConfState> PlanConfChange(const MemberRules& rules, const MemberFacts& facts,
                                               const stelepb::Command& change, bool by_itself);

// The member that is best placed to lead next, or none: the furthest voter heard from lately.
raft::NodeId BestSuccessor(const raft::Status& status);

}  // namespace stele::server
