// Who is right when members differ: the leader collects the digests that members had at the same
// entry, and a majority of the voters decides. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "src/raft/types.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::server {

class StateTally {
 public:
  struct Verdict {
    raft::NodeId member;
    raft::Index index;
    bool agrees = true;
  };

  // Notes what `member` had at `index` and returns the verdicts that have become clear by it: each
  // member's once for each index. None as long as no majority of `voters` agrees. Old rounds are
  // forgotten.
  std::vector<Verdict> Note(raft::Index index, raft::NodeId member,
                            const storage::StateDigest& digest,
                            const std::vector<raft::NodeId>& voters);
  void Clear() { rounds_.clear(); }

 private:
  static constexpr std::size_t kRoundsMax = 16;

  struct Round {
    std::map<raft::NodeId, storage::StateDigest> digests;
    std::map<raft::NodeId, bool> told;
  };

  std::map<raft::Index, Round> rounds_;
};

}  // namespace stele::server
