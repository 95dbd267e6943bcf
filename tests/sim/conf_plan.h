// What an operator may want of the members: drawn by chance, and turned into the config that the
// leader is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/raft/types.h"
#include "tests/sim/random_stream.h"

namespace stele::sim {

struct ConfPlan {
  std::vector<raft::NodeId> voters;    // sorted
  std::vector<raft::NodeId> learners;  // sorted
  // "simple": in one step; "joint": in two, the second by itself; "held": the second only when
  // another plan comes; "leave": the second step.
  std::string mode;
};

// From the newest committed config, when `machines` ids were given away so far. Nothing when there
// is nothing to do.
std::optional<ConfPlan> DrawConfPlan(const raft::ConfState& now, std::uint64_t machines,
                                     RandomStream* random);

// The core refuses it if it may not follow.
raft::ConfState NextConf(const raft::ConfState& now, const ConfPlan& plan);

}  // namespace stele::sim
