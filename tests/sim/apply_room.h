// The raft tier's application: applies what the RaftLoop hands on to a toy store, switches to
// received snapshots, flushes now and then, and lets the log go up to what is flushed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "src/server/raft_loop.h"
#include "src/storage/state_machine/state_machine.h"
#include "tests/sim/application.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/journal.h"
#include "tests/sim/planted_bug.h"
#include "tests/sim/swarm.h"
#include "tests/sim/toy_store.h"

namespace stele::sim {

class ApplyRoom final : public Application {
 public:
  // All pointers outlive the room.
  ApplyRoom(raft::NodeId member, const Swarm* swarm, ClusterHistory* history, Journal* journal,
            ModelBug bug);

  bool Recover(const storage::LogStore& log) override;
  void Start(Process process) override;
  void Stop() override;
  raft::EntryId applied() const override { return state_.last; }
  std::shared_ptr<const storage::ReadView> View() override;
  void Post(server::ApplyWork work) override;
  bool RunApply() override;
  void OnRoleChange(const server::RaftLoop::RoleChange& /*change*/) override {}
  void MakeSnapshot(std::function<void(SnapshotCargo)> done) override;
  bool Receive(SnapshotCargo cargo) override;

 private:
  void Install(const raft::SnapshotMeta& meta);
  void Apply(const std::vector<raft::Entry>& entries);
  void FlushIfDue();

  const raft::NodeId member_;
  const Swarm* const swarm_;
  ClusterHistory* const history_;
  Journal* const journal_;
  const ModelBug bug_;
  StoreDisk disk_;
  Process process_;
  StoreState state_;
  std::optional<raft::ConfState> conf_;  // applied in this pass
  raft::Index released_;
  std::vector<server::ApplyWork> inputs_;
  std::vector<storage::CommandResult> results_;
};

}  // namespace stele::sim
