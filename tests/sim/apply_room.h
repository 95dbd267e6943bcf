// The simulated counterpart of the daemon's ApplyLoop: applies what the RaftLoop hands on, switches
// to received snapshots, flushes now and then, and lets the log go up to what is flushed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "src/server/raft_loop.h"
#include "src/storage/state_machine/state_machine.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/journal.h"
#include "tests/sim/planted_bug.h"
#include "tests/sim/swarm.h"
#include "tests/sim/toy_store.h"

namespace stele::sim {

class ApplyRoom {
 public:
  struct Outputs {
    std::function<void(raft::Index)> applied;
    std::function<void(std::vector<storage::CommandResult>)> resolve;
    std::function<void(raft::EntryId)> release_log;
    // A config was applied; the newest one when a pass brought several.
    std::function<void(const raft::ConfState&)> conf_applied;
  };

  // Starts from what `disk` holds. All pointers outlive the room.
  ApplyRoom(raft::NodeId member, const Swarm* swarm, StoreDisk* disk, ClusterHistory* history,
            Journal* journal, ModelBug bug, Outputs outputs);

  void Post(server::ApplyWork work) { inputs_.push_back(std::move(work)); }
  // Applies all that was posted.
  void RunOnce();

  const StoreState& state() const { return state_; }
  std::shared_ptr<const storage::ReadView> View() const;

 private:
  void Install(const raft::SnapshotMeta& meta);
  void Apply(const std::vector<raft::Entry>& entries);
  void FlushIfDue();

  const raft::NodeId member_;
  const Swarm* const swarm_;
  StoreDisk* const disk_;
  ClusterHistory* const history_;
  Journal* const journal_;
  const ModelBug bug_;
  const Outputs outputs_;
  StoreState state_;
  std::optional<raft::ConfState> conf_;  // applied in this pass
  raft::Index released_;
  std::vector<server::ApplyWork> inputs_;
  std::vector<storage::CommandResult> results_;
};

}  // namespace stele::sim
