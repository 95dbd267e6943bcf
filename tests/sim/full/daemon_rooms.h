// The full tier's application: the daemon's own rooms behind the Raft loop (ApplyLoop, store over
// the memory engine, WatchHub, LeaseKeeper, the handlers of the API), wired as src/server/node.cc
// wires them, on one simulated machine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/apply_loop.h"
#include "src/server/current_store.h"
#include "src/server/lease/lease_keeper.h"
#include "src/server/watch/watch_hub.h"
#include "src/server/watch/watch_service.h"
#include "src/storage/engine/mem_engine.h"
#include "tests/sim/application.h"
#include "tests/sim/full/full_marks.h"
#include "tests/sim/full/full_swarm.h"
#include "tests/sim/full/pump_driver.h"
#include "tests/sim/full/sim_call.h"
#include "tests/sim/full/witness.h"
#include "tests/sim/member.h"

namespace stele::sim {

class DaemonRooms final : public Application,
                          public server::NodeFacts,
                          public server::LeaseForwarder {
 public:
  struct Surroundings {
    const Swarm* swarm = nullptr;
    const FullSwarm* full_swarm = nullptr;
    EventQueue* queue = nullptr;
    Journal* journal = nullptr;
    FullCounts* counts = nullptr;
    Witness* witness = nullptr;
    std::uint64_t seed = 0;
    // Carries a follower's question about a lease to another member, and the answer back.
    std::function<void(raft::NodeId from, raft::NodeId to, std::int64_t lease, bool renew,
                       server::LeaseClock::Done done)>
        ask_lease;
  };

  DaemonRooms(Member* member, Surroundings around);
  ~DaemonRooms() override;

  // Application.
  bool Recover(const storage::LogStore& log) override;
  void Start(Process process) override;
  void Stop() override;
  raft::EntryId applied() const override;
  std::shared_ptr<const storage::ReadView> View() override { return store_->View(); }
  void Post(server::ApplyWork work) override { apply_->Post(std::move(work)); }
  bool RunApply() override;
  void OnRoleChange(const server::RaftLoop::RoleChange& change) override;
  void MakeSnapshot(std::function<void(SnapshotCargo)> done) override;
  bool Receive(SnapshotCargo cargo) override;

  // A client's call has arrived. REQUIRES: between Start and Stop. The handler of a stream lives
  // until its call has ended.
  void CallUnary(std::string_view path, const std::shared_ptr<SimCall>& call,
                 const std::string& request);
  std::weak_ptr<server::CallHandler> OpenStream(std::string_view path,
                                                const std::shared_ptr<SimCall>& call);

  server::LeaseKeeper* leases() { return leases_.get(); }
  const server::WatchCounters& watch_counters() const { return hub_->counters(); }
  // Everything that is replicated, once compaction has finished; equal on members at rest.
  std::uint64_t StateHash();
  bool CompactionFinished();

  // NodeFacts and LeaseForwarder.
  std::uint64_t cluster_id() const override { return 7; }
  std::uint64_t member_id() const override { return member_->id().value; }
  std::uint64_t raft_term() const override { return member_->facts().term; }
  bool has_leader() const override { return member_->facts().leader != 0; }
  server::NodeStatus Status() const override { return {}; }
  void Ask(raft::NodeId leader, std::int64_t lease_id, bool renew,
           server::LeaseClock::Done done) override;

 private:
  class CrashingEngine;

  absl::StatusOr<std::unique_ptr<storage::Engine>> OpenEngine(const std::string& dir);
  void MakeHub();
  void MakeLeases();
  void MakeApply();
  void MakeMethods();
  void ForgetEndedCalls();
  absl::Duration ElectionTimeout() const;
  Micros WakeDelay();

  Member* const member_;
  const Surroundings around_;
  RandomStream random_;
  const std::shared_ptr<storage::MemDisk> mem_disk_ = std::make_shared<storage::MemDisk>();
  std::set<CrashingEngine*> engines_;  // open ones
  std::uint64_t next_copy_ = 1;
  bool has_run_ = false;

  // Of one life.
  Process process_;
  std::unique_ptr<server::CurrentStore> store_;
  std::unique_ptr<server::WatchHub> hub_;
  std::unique_ptr<server::WatchService> watches_;
  std::unique_ptr<server::LeaseKeeper> leases_;
  std::unique_ptr<server::ApplyLoop> apply_;
  std::unique_ptr<server::MethodRows> methods_;
  std::unique_ptr<PumpDriver> hub_driver_;
  std::unique_ptr<PumpDriver> lease_driver_;
  struct OpenCall {
    std::shared_ptr<SimCall> call;
    std::shared_ptr<server::CallHandler> handler;  // of a stream
  };
  std::vector<OpenCall> calls_;
  std::int64_t published_compact_revision_ = -1;
};

}  // namespace stele::sim
