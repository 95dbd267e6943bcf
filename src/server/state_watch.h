// Finds out whether this member's state is what the others' is. The leader proposes a check once in
// a while; behind that entry every member reports the digest of its state to the leader, and a
// majority decides who is right (state_tally.h). Whoever differs learns it and must repair itself.
//
// Everything happens on the loop's thread, except OnChecks and Answer, which any thread may call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/peer.pb.h"
#include "src/server/front/event_loop.h"
#include "src/server/raft_loop.h"
#include "src/server/state_tally.h"

namespace stele::server {

class StateWatch {
 public:
  using Done = std::function<void(absl::StatusOr<stelepb::StateVerdict>)>;
  struct Surroundings {
    raft::NodeId self;
    std::uint64_t cluster_id = 0;
    const RaftFacts* facts = nullptr;
    std::function<std::uint64_t()> applied_index;
    std::function<std::vector<raft::NodeId>()> voters;
    std::function<void()> propose_check;
    std::function<void(raft::NodeId leader, const stelepb::StateReport& report, Done done)> report;
    // This member's state is not that of the majority.
    std::function<void(const absl::Status&)> differs;
  };

  // The loop has stopped before this goes.
  StateWatch(EventLoop* loop, Surroundings surroundings);

  // Begins to propose checks whenever this member leads and something was applied.
  void Start();
  // Checks that this member has applied.
  void OnChecks(std::vector<storage::StateCheckResult> checks);
  // Another member's report. `done` once a majority agrees, or with an error.
  void Answer(const stelepb::StateReport& report, Done done);

 private:
  void Tick();
  void Note(raft::Index index, raft::NodeId member, const storage::StateDigest& digest);
  void OnVerdict(raft::Index index, bool agrees);  // on this member
  void Forget();
  void DropBefore(raft::Index index);

  EventLoop* const loop_;
  const Surroundings around_;
  StateTally tally_;
  std::map<std::pair<raft::Index, raft::NodeId>, Done> waiting_;
  raft::Index last_check_;  // the newest that was applied here
};

}  // namespace stele::server
