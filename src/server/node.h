// One member, wired together: the only place that sees every room. Start recovers, runs the pumps
// and joins the cluster; Stop hands over and makes everything durable.
//
// The owner's thread calls Start, WaitUntilReady and Stop; NodeFacts may be asked by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/boot.pb.h"
#include "src/server/api/method_rows.h"
#include "src/server/api/ports.h"
#include "src/server/apply_loop.h"
#include "src/server/auto_compaction.h"
#include "src/server/clock.h"
#include "src/server/current_store.h"
#include "src/server/data_dir.h"
#include "src/server/disk_space.h"
#include "src/server/front/event_loop.h"
#include "src/server/front/front.h"
#include "src/server/http_endpoints.h"
#include "src/server/lease/lease_keeper.h"
#include "src/server/membership/join_plan.h"
#include "src/server/membership/membership.h"
#include "src/server/node_parts.h"
#include "src/server/options.h"
#include "src/server/peer/admission_desk.h"
#include "src/server/peer/identity.h"
#include "src/server/peer/peer_gate.h"
#include "src/server/peer/peer_service.h"
#include "src/server/peer/peer_transport.h"
#include "src/server/peer/snapshot_receiver.h"
#include "src/server/peer/snapshot_sender.h"
#include "src/server/proposals.h"
#include "src/server/raft_loop.h"
#include "src/server/reads.h"
#include "src/server/scrub.h"
#include "src/server/state_watch.h"
#include "src/server/task_pump.h"
#include "src/server/thread_runner.h"
#include "src/server/watch/internal_watch.h"
#include "src/server/watch/watch_hub.h"
#include "src/server/watch/watch_service.h"
#include "src/storage/posix_file_system.h"

namespace stele::server {

class Node final : public NodeFacts {
 public:
  // The options outlive the node.
  explicit Node(const Options* options);
  ~Node() override;

  // Recovers the log and the store, asks the other members whether they are what they were, and
  // takes part in elections from then on; damaged data is repaired first, which waits for the
  // others. `give_up` is asked again and again while waiting. The error is one line that names the
  // flag or the path and the cause.
  absl::Status Start(const std::function<bool()>& give_up);

  // Once this member is known to a cluster with a leader, opens the client port. `give_up` is asked
  // again and again while waiting; kCancelled when it says so.
  absl::Status ServeClients(const std::function<bool()>& give_up);

  // Told once, by any thread, when the cluster has removed this member for ever: it must stop then.
  // REQUIRES: before Start.
  void set_on_removed(std::function<void()> on_removed) { on_removed_ = std::move(on_removed); }
  bool removed() const { return removed_; }

  // Called by any thread when this member must start over at once, without stopping in order: its
  // data is not what it promised to keep, and it will have itself replaced; or its store met a full
  // disk, and it will wait for space. Does not return in a running daemon; where it does, Start
  // fails. REQUIRES: before Start.
  void set_start_over(std::function<void()> start_over) { start_over_ = std::move(start_over); }
  // Some thread is about to call that, or has.
  bool starts_over() const { return starts_over_; }

  // Hands leadership over, lets running calls finish, and makes everything durable. Idempotent.
  void Stop();

  // NodeFacts
  std::uint64_t cluster_id() const override { return identity_.cluster_id; }
  std::uint64_t member_id() const override { return identity_.self.value; }
  std::uint64_t raft_term() const override;
  bool has_leader() const override;
  bool is_learner() const override { return is_learner_; }
  NodeStatus Status() const override;
  std::uint64_t store_bytes() const override { return apply_loop_->store_bytes(); }

 private:
  struct Pumps;

  absl::Status WatchDisk(const std::function<bool()>& give_up);
  void OnDiskLevel(DiskSpace::Level level);
  storage::LogStoreOptions LogOptions() const;
  absl::Status OpenLog();
  absl::Status Bootstrap();
  absl::Status OpenStore();
  void MakeRooms();
  void MakeRaftLoop(std::unique_ptr<raft::RawNode> raft);
  void MakeApplyLoop();
  void MakeWatchHub();
  void MakePeers();
  void MakeSnapshotPeers();
  std::unique_ptr<raft::RawNode> MakeRawNode();
  void OnLeaderKnown(bool known);
  void TransferLeadership();
  MetricValues Metrics() const;

  // node_clients.cc
  void StartAutoCompaction();
  void TickAutoCompaction();
  void MakeMethods();
  bool IsAnnounced() const;
  absl::Status PublishAttributes(const std::function<bool()>& give_up);

  // node_fronts.cc
  absl::Status BindFronts();
  absl::Status ServePeers();
  void CloseClientPorts(absl::Duration patience);

  // node_members.cc
  absl::StatusOr<BootstrapPlan> PlanBeginning();
  absl::Status FoundStore();
  absl::Status CheckCluster() const;
  absl::Status AnotherCluster(const BootstrapPlan& plan) const;
  absl::Status CheckNotRemoved();
  void MakeMembership();
  void OnMembersChanged();
  void OnRemoved();
  absl::Status AwaitVote(const std::function<bool()>& give_up) const;
  PeerServiceOutputs MakePeerOutputs();

  // node_repair.cc
  absl::Status Recover();
  absl::Status OpenBoot();
  absl::Status FoundBoot();
  absl::Status CheckBoot() const;
  absl::Status WriteBoot();
  absl::Status NoteLogEnd(const storage::LogEnd& end);
  void NoteStop(const storage::LogEnd& end);
  void NoteMembers(const std::vector<stelepb::MemberRecord>& members);
  void AnnounceOthers();
  absl::Status SeekAdmissionOfOthers(const std::function<bool()>& give_up);
  absl::Status FindFormerSelf();
  void EnterQuarantine(const absl::Status& damage);
  void StartOver(const std::string& why);
  absl::Status NoteDamage(const absl::Status& damage);
  void GuessIdentity();
  absl::Status Heal(const absl::Status& damage, const std::function<bool()>& give_up);
  absl::Status BecomeSuccessor(const JoinPlan& plan);
  absl::Status ConcludeRepair();
  void OnStoreFailure(const absl::Status& status);
  void MakeStateWatch();
  void MakeScrub();
  [[noreturn]] static void FailStop(const absl::Status& status);

  const Options& options_;
  storage::PosixFileSystem file_system_;
  BootTimeClock clock_;
  std::unique_ptr<DataDir> data_dir_;
  std::unique_ptr<DiskSpace> disk_space_;
  std::atomic<std::int64_t> handed_over_at_ns_{std::numeric_limits<std::int64_t>::min() / 2};
  PeerIdentity identity_;
  std::vector<stelepb::MemberRecord> bootstrap_members_;
  std::vector<PeerAddress> joined_through_;  // the other members, as they were when this one joined
  std::mutex boot_mutex_;                    // guards boot_ once the rooms run
  stelepb::BootRecord boot_;                 // as in the file
  std::unique_ptr<AdmissionDesk> admission_desk_;
  std::unique_ptr<StateWatch> state_watch_;
  raft::ConfState conf_at_start_;
  std::atomic<bool> raft_runs_{false};
  std::function<void()> start_over_;
  std::atomic<bool> starts_over_ = false;
  bool quarantined_ = false;                // guarded by boot_mutex_
  std::unique_ptr<storage::LogStore> log_;  // until the raft loop owns it
  std::unique_ptr<CurrentStore> store_;

  std::unique_ptr<EventLoop> peer_loop_;
  std::unique_ptr<PeerTransport> transport_;
  std::unique_ptr<SnapshotSender> snapshot_sender_;
  std::unique_ptr<SnapshotReceiver> snapshot_receiver_;
  TaskPump files_;  // reads and writes the files of snapshots
  TaskPump scans_;  // what reads or rewrites the whole store
  TaskPump pages_;  // pieces of long answers
  std::unique_ptr<Scrub> scrub_;
  std::unique_ptr<Proposals> proposals_;
  std::unique_ptr<Reads> reads_;
  std::unique_ptr<WatchHub> watch_hub_;
  std::unique_ptr<WatchService> watch_service_;
  std::unique_ptr<HubWatchSource> internal_watches_;
  std::unique_ptr<AutoCompaction> auto_compaction_;  // peer loop's thread
  std::unique_ptr<LeaseKeeper> lease_keeper_;
  std::unique_ptr<RaftLoop> raft_loop_;
  std::unique_ptr<ApplyLoop> apply_loop_;
  PeerGate gate_;
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<HttpEndpoints> http_;
  MethodRows client_methods_;
  MethodRows peer_methods_;
  std::unique_ptr<Front> peer_front_;
  std::unique_ptr<Front> metrics_front_;  // none without --listen-metrics-urls
  std::unique_ptr<Front> http_front_;     // none without --listen-client-http-urls
  std::unique_ptr<Front> client_front_;
  std::unique_ptr<Pumps> pumps_;
  std::uint64_t log_first_index_ = 0;  // at the start
  std::atomic<std::uint64_t> leader_changes_{0};
  std::int64_t published_compact_revision_ = -1;  // apply thread
  std::function<void()> on_removed_;
  std::atomic<bool> removed_{false};
  std::atomic<bool> is_learner_{false};
  bool stopped_ = false;
  std::atomic<bool> stopping_{false};
};

}  // namespace stele::server
