// One simulated machine and the daemon on it: the real RaftLoop, Proposals, Reads, RawNode and
// LogStore over a simulated disk, clock and network, and an application that the loop feeds. The
// process can die at any event and inside any disk operation; the machine starts it again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/command.pb.h"
#include "src/raft/trace.h"
#include "src/server/clock.h"
#include "src/server/proposals.h"
#include "src/server/raft_loop.h"
#include "src/server/reads.h"
#include "src/server/transport.h"
#include "src/storage/log_store.h"
#include "tests/sim/application.h"
#include "tests/sim/cluster_history.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/planted_bug.h"
#include "tests/sim/random_stream.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

class Member final : public server::Transport, public raft::TraceSink, public server::Clock {
 public:
  struct Surroundings {
    const Swarm* swarm = nullptr;
    EventQueue* queue = nullptr;
    ClusterHistory* history = nullptr;
    Journal* journal = nullptr;
    PlantedBug bug;
    std::uint64_t seed = 0;
    int members = 0;
    std::function<void(raft::Message, Micros at)> send;
    std::function<void(raft::NodeId from, raft::NodeId to)> send_snapshot;
    std::function<void(raft::NodeId)> died;
    std::function<void(raft::NodeId)> leads;  // has just become leader
    // The member's log has a snapshot from `at` on that its store has not yet.
    std::function<void(raft::NodeId member, Micros at)> installs;
    std::function<std::unique_ptr<Application>(Member*)> make_application;
  };

  Member(raft::NodeId id, Surroundings around);
  ~Member() override;
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  raft::NodeId id() const { return id_; }
  bool is_up() const { return process_ != nullptr; }
  bool is_paused() const { return around_.queue->now() < paused_until_; }
  // Removed from the cluster and stopped for good.
  bool is_retired() const { return retired_; }
  // Since when it has been up without anything that slows it; kNever while it is not.
  Micros SteadySince() const;
  // Numbers the process; a number is never used again.
  std::uint64_t life() const { return life_; }

  void Boot();
  // Plans a crash; an earlier plan prevails.
  void CrashAt(Micros time);
  void PauseUntil(Micros time);
  // Each pass takes longer by `cost`.
  void SlowUntil(Micros time, Micros cost);
  // Faults end: starts if it is down and not removed, goes on if it is paused.
  void Calm();

  // Faults of its own are over.
  bool is_calm() const { return calm_; }
  // Calls `action` in this life of the process, not before `time` and not while it is paused.
  void InThisLife(Micros time, std::function<void()> action);
  SimDisk* disk() { return &disk_; }
  Application* application() { return application_.get(); }
  absl::Duration Now() const override;

  // REQUIRES for all below: is_up().
  void Post(server::RaftInput input) { process_->loop->Post(std::move(input)); }
  void Propose(stelepb::Command* command, server::Proposer::Done done);
  void Read(server::Reader::Done done);
  const server::RaftFacts& facts() const { return process_->loop->facts(); }
  raft::EntryId applied() const { return application_->applied(); }
  std::size_t waiting_proposals() const { return process_->proposals->waiting(); }

  // A snapshot has arrived completely; whether it could be kept. REQUIRES: is_up().
  bool Receive(SnapshotCargo cargo, raft::Message message);

 private:
  struct Process {
    std::unique_ptr<server::Proposals> proposals;
    std::unique_ptr<server::Reads> reads;
    const storage::LogStore* log = nullptr;  // the loop's
    std::unique_ptr<server::RaftLoop> loop;
    const raft::RawNode* node = nullptr;  // the loop's
  };

  void Send(std::vector<raft::Message> messages) override;
  void On(raft::NodeId node, const raft::TraceEvent& event) override;

  absl::StatusOr<std::unique_ptr<storage::LogStore>> OpenLog();
  void MakeProcess(std::unique_ptr<storage::LogStore> log);
  std::unique_ptr<raft::RawNode> MakeRawNode(const storage::LogStore& log);
  void MakeLoop(std::unique_ptr<storage::LogStore> log);

  void ScheduleLoop(Micros time);
  void RunLoop();
  void GoOn();
  void ScheduleApply(Micros time);
  void RunApply();
  void CheckConf() const;
  void CrashIfDue();
  void OnProcessDeath(bool in_pass);
  void OnConfApplied(const raft::ConfState& conf);
  void Die(bool in_pass, bool cut_power);
  void Tell(std::string_view line) const;

  const raft::NodeId id_;
  const Surroundings around_;
  RandomStream random_;
  SimDisk disk_;
  const std::int64_t drift_ppm_;
  const Micros clock_offset_;

  const std::unique_ptr<Application> application_;
  std::unique_ptr<Process> process_;
  std::uint64_t life_ = 0;
  bool in_pass_ = false;
  bool calm_ = false;
  Micros crash_at_ = kNever;
  Micros paused_until_ = 0;
  std::vector<std::function<void()>> held_;  // wait for the end of the pause
  Micros slow_until_ = 0;
  Micros slow_cost_ = 0;
  Micros up_since_ = kNever;
  bool retired_ = false;
  bool ran_out_of_space_ = false;
  Micros busy_until_ = 0;     // the loop's pass
  Micros loop_due_ = kNever;  // the time of the one event that counts
  Micros apply_busy_until_ = 0;
};

}  // namespace stele::sim
