#include "src/server/node.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <random>
#include <utility>

#include "fmt/format.h"
#include "spdlog/spdlog.h"
#include "src/raft/check.h"
#include "src/server/api/errors.h"
#include "src/server/logging.h"
#include "src/server/node_parts.h"
#include "src/storage/engine/rocks_engine.h"

namespace stele::server {
namespace {

constexpr absl::Duration kDrainPatience = absl::Seconds(5);

// Four ticks to a heartbeat: fine enough that randomised election timeouts spread.
constexpr int kTicksPerHeartbeat = 4;

absl::Duration TickInterval(const Options& options) {
  return absl::Milliseconds(options.heartbeat_interval_ms) / kTicksPerHeartbeat;
}

}  // namespace

// The threads of the rooms, in the order in which they stop: inputs first.
struct Node::Pumps {
  explicit Pumps(Node* node)
      : raft(node->raft_loop_.get(), "raft"),
        apply(node->apply_loop_.get(), "apply"),
        reads(node->reads_.get(), "reads"),
        watch(node->watch_hub_.get(), "watch"),
        lease(node->lease_keeper_.get(), "lease"),
        disk(node->disk_space_.get(), "disk"),
        files(&node->files_, "files"),
        scans(&node->scans_, "scans"),
        pages(&node->pages_, "pages"),
        scrub(node->scrub_.get(), "scrub") {}

  void Start() {
    for (ThreadRunner* runner :
         {&raft, &apply, &reads, &watch, &lease, &disk, &files, &scans, &pages, &scrub}) {
      runner->Start();
    }
  }
  void Stop() {
    for (ThreadRunner* runner :
         {&scrub, &pages, &scans, &files, &lease, &disk, &raft, &apply, &reads, &watch}) {
      runner->Stop();
    }
  }

  ThreadRunner raft;
  ThreadRunner apply;
  ThreadRunner reads;
  ThreadRunner watch;
  ThreadRunner lease;
  ThreadRunner disk;
  ThreadRunner files;
  ThreadRunner scans;
  ThreadRunner pages;
  ThreadRunner scrub;
};

Node::Node(const Options* options) : options_(*options) {}

Node::~Node() { Stop(); }

absl::Status Node::Start(const std::function<bool()>& give_up) {
  absl::StatusOr<std::unique_ptr<DataDir>> data_dir =
      DataDir::Open(&file_system_, options_.data_dir);
  if (!data_dir.ok()) return data_dir.status();
  data_dir_ = *std::move(data_dir);
  absl::Status status = WatchDisk(give_up);
  if (status.ok()) status = Recover();
  if (absl::IsDataLoss(status)) {
    status = Heal(status, give_up);
    if (status.ok()) status = Recover();
  }
  if (!status.ok()) return status;
  MakeRooms();
  status = BindFronts();
  if (status.ok()) status = ServePeers();
  if (!status.ok()) return status;
  spdlog::info("member {:x} '{}' of cluster {:x} starts: term {}, log {} to {}, applied {}",
               identity_.self.value, options_.name, identity_.cluster_id, raft_term(),
               log_first_index_, raft_loop_->facts().last_index.load(),
               apply_loop_->applied_index());
  peer_loop_->Start();
  status = SeekAdmissionOfOthers(give_up);
  if (absl::IsDataLoss(status)) EnterQuarantine(status);
  if (!status.ok()) return status;
  raft_runs_ = true;
  if (removed_ && on_removed_) on_removed_();  // said so at the last moment
  pumps_->Start();
  peer_loop_->Post([this] { state_watch_->Start(); });
  StartAutoCompaction();
  return absl::OkStatus();
}

// A disk that failed once cannot be trusted with the next write: whatever is not yet acknowledged
// must not be, so the process ends at once.
void Node::FailStop(const absl::Status& status) {
  spdlog::critical("stopping: the disk failed: {}", std::string(status.message()));
  StopLogging();
  std::_Exit(1);
}

// Two failures are no reason to stay down. What the store holds is not what was written: others
// have it. A flush found the disk full: the log has all of it, and the next start waits for space.
void Node::OnStoreFailure(const absl::Status& status) {
  if (absl::IsDataLoss(status)) EnterQuarantine(status);
  if (absl::IsResourceExhausted(status)) {
    StartOver(fmt::format("the disk is full, starting over: {}", std::string(status.message())));
  }
  FailStop(status);
}

absl::Status Node::OpenLog() {
  auto log = storage::LogStore::Open(&file_system_, data_dir_->wal(), LogOptions());
  if (!log.ok()) return log.status();
  log_ = *std::move(log);
  identity_ = {log_->identity().cluster_id, raft::NodeId{log_->identity().member_id}};
  return absl::OkStatus();
}

absl::Status Node::Bootstrap() {
  absl::StatusOr<BootstrapPlan> plan = PlanBeginning();
  if (!plan.ok()) return plan.status();
  identity_ = plan->identity;
  bootstrap_members_ = std::move(plan->members);
  if (absl::Status noted = FoundBoot(); !noted.ok()) return noted;
  auto log = storage::LogStore::Create(&file_system_, data_dir_->wal(),
                                       {identity_.cluster_id, identity_.self.value},
                                       {raft::EntryId{}, plan->conf_state}, LogOptions());
  if (!log.ok()) return log.status();
  log_ = *std::move(log);
  return absl::OkStatus();
}

absl::Status Node::OpenStore() {
  const raft::Index base = log_->LatestSnapshot().last.index;
  storage::RocksEngineOptions engine;
  engine.background_failed = [this](const absl::Status& status) { OnStoreFailure(status); };
  engine.damaged = [this](const absl::Status& status) { EnterQuarantine(status); };
  auto store = CurrentStore::Open(
      &file_system_, data_dir_->store(), SnapshotStoreName(base),
      [engine](const std::string& dir) { return storage::OpenRocksEngine(dir, engine); });
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  absl::Status finished = FinishInstall(*log_, store_.get());
  if (!finished.ok()) return Prefix((data_dir_->store() + ": ").c_str(), finished);
  const raft::Index applied = store_->state_machine().applied_index();
  if (applied > log_->last_index()) {
    return absl::DataLossError(
        fmt::format("{}: ends at entry {}, but the store in {} has applied up to {}",
                    data_dir_->wal(), log_->last_index().value, data_dir_->store(), applied.value));
  }
  return applied.value == 0 ? FoundStore() : absl::OkStatus();
}

void Node::MakeRooms() {
  log_first_index_ = log_->first_index().value;
  peer_loop_ = std::make_unique<EventLoop>("peers");
  proposals_ = std::make_unique<Proposals>(
      Proposals::Options{
          .request_timeout = RequestTimeout(options_),
          .command_bytes_max = options_.max_request_bytes,
          .space_is_short = [this] { return disk_space_->level() != DiskSpace::Level::kEnough; }},
      &clock_, RandomBits());
  reads_ = std::make_unique<Reads>(Reads::Options{RequestTimeout(options_)}, &clock_,
                                   [this] { return store_->View(); });
  MakePeers();
  MakeWatchHub();
  lease_keeper_ = std::make_unique<LeaseKeeper>(
      LeaseKeeper::Options{RequestTimeout(options_), ElectionTimeout(options_)}, &clock_,
      proposals_.get(), reads_.get(), transport_.get());
  MakeApplyLoop();
  std::unique_ptr<raft::RawNode> raft = MakeRawNode();
  conf_at_start_ = raft->GetStatus().conf_state;
  // Nobody else could win, so there is nothing to wait for.
  if (conf_at_start_.voters == std::vector<raft::NodeId>{identity_.self}) raft->Campaign();
  MakeRaftLoop(std::move(raft));
  MakeMembership();
  MakeStateWatch();
  MakeScrub();
  MakeMethods();
  pumps_ = std::make_unique<Pumps>(this);
  files_.set_wake([this] { pumps_->files.Wake(); });
  scans_.set_wake([this] { pumps_->scans.Wake(); });
  pages_.set_wake([this] { pumps_->pages.Wake(); });
  raft_loop_->set_wake([this] { pumps_->raft.Wake(); });
  apply_loop_->set_wake([this] { pumps_->apply.Wake(); });
  lease_keeper_->set_wake([this] { pumps_->lease.Wake(); });
  reads_->set_wakes([this] { pumps_->raft.Wake(); }, [this] { pumps_->reads.Wake(); });
  proposals_->set_submit([this](std::uint64_t request_id, raft::Payload data) {
    raft_loop_->Post(ProposalInput{request_id, std::move(data)});
  });
}

std::unique_ptr<raft::RawNode> Node::MakeRawNode() {
  raft::Config config;
  config.id = identity_.self;
  config.heartbeat_interval_ticks = kTicksPerHeartbeat;
  config.election_timeout_ticks = static_cast<int>(
      options_.election_timeout_ms * kTicksPerHeartbeat / options_.heartbeat_interval_ms);
  auto generator = std::make_shared<std::mt19937_64>(RandomBits());
  return std::make_unique<raft::RawNode>(
      config, *log_, log_->hard_state(), log_->base_conf_state(),
      store_->state_machine().applied_index(), [generator](std::uint64_t bound) {
        return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(*generator);
      });
}

void Node::MakeRaftLoop(std::unique_ptr<raft::RawNode> raft) {
  RaftLoop::Options options;
  options.tick_interval = TickInterval(options_);
  options.catch_up_entries = options_.snapshot_catchup_entries;
  options.request_timeout = RequestTimeout(options_);
  // What may be under way when the next segment cannot be had: a pass of appends, and many votes.
  options.log_room_min = std::min(std::uint64_t{16} << 20U, LogOptions().segment_bytes / 2);
  options.disk_exhausted = [this] { return disk_space_->level() == DiskSpace::Level::kExhausted; };
  RaftLoop::Outputs outputs;
  outputs.apply = [this](ApplyWork work) { apply_loop_->Post(std::move(work)); };
  outputs.role_changed = [this](const RaftLoop::RoleChange& change) {
    lease_keeper_->OnRoleChange(change);
    OnLeaderKnown(change.leader != raft::kNoNode);
    OnDiskLevel(disk_space_->level());
    spdlog::info("{} in term {}, leader {:x}", RoleName(change.role), change.term.value,
                 change.leader.value);
  };
  outputs.fail_stop = FailStop;
  raft_loop_ =
      std::make_unique<RaftLoop>(options, std::move(raft), std::move(log_), transport_.get(),
                                 proposals_.get(), reads_.get(), &clock_, std::move(outputs));
}

// Watches that require a leader outlive an election: they end only when none was found for three
// election timeouts.
void Node::OnLeaderKnown(bool known) {
  const std::uint64_t change = ++leader_changes_;
  if (known) return watch_hub_->SetLeaderKnown(true);
  peer_loop_->RunAfter(3 * ElectionTimeout(options_), [this, change] {
    if (leader_changes_ == change) watch_hub_->SetLeaderKnown(false);
  });
}

void Node::MakeApplyLoop() {
  ApplyLoop::Options options;
  options.snapshot_count = options_.snapshot_count;
  options.unflushed_max = 5 * options_.snapshot_count;
  ApplyLoop::Outputs outputs;
  outputs.publish = [this](storage::ApplyOutput* output) {
    if (output->members_changed) OnMembersChanged();
    if (!output->state_checks.empty()) state_watch_->OnChecks(std::move(output->state_checks));
    const bool compacted = output->compact_revision != published_compact_revision_;
    if (!output->events.empty() || compacted) {
      published_compact_revision_ = output->compact_revision;
      watch_hub_->Publish(std::move(output->events), store_->View());
    }
    if (!output->lease_changes.empty()) {
      lease_keeper_->OnLeaseChanges(std::move(output->lease_changes));
    }
  };
  outputs.resolve = [this](std::vector<storage::CommandResult> results) {
    proposals_->Resolve(std::move(results));
  };
  outputs.applied = [this](raft::Index index) {
    reads_->OnApplied(index);
    raft_loop_->Post(AppliedInput{index});
  };
  outputs.release_log = [this](raft::EntryId durable) { raft_loop_->Post(ReleaseInput{durable}); };
  outputs.store_replaced = [this] {
    spdlog::info("installed snapshot of the leader: the store was replaced");
    OnMembersChanged();
    watch_hub_->Reset(store_->View()->current_revision());
    lease_keeper_->OnStoreReplaced();
  };
  outputs.fail_stop = [this](const absl::Status& status) { OnStoreFailure(status); };
  apply_loop_ = std::make_unique<ApplyLoop>(options, store_.get(), &clock_, std::move(outputs));
  reads_->OnApplied(store_->state_machine().applied_index());
}

void Node::MakeWatchHub() {
  WatchOptions options;
  options.ids = {identity_.cluster_id, identity_.self.value};
  options.current_revision = store_->View()->current_revision();
  options.max_fragment_bytes = options_.max_request_bytes + (std::size_t{512} << 10U);
  options.progress_interval = options_.watch_progress_interval;
  WatchSurroundings surroundings;
  surroundings.view = [this] { return store_->View(); };
  surroundings.raft_term = [this] { return raft_term(); };
  surroundings.now = [this] { return absl::UnixEpoch() + clock_.Now(); };
  surroundings.random = [generator = std::make_shared<std::mt19937_64>(RandomBits())] {
    return std::uniform_real_distribution<double>(0, 1)(*generator);
  };
  surroundings.wake = [this] { pumps_->watch.Wake(); };
  watch_hub_ = std::make_unique<WatchHub>(options, std::move(surroundings));
  watch_service_ = std::make_unique<WatchService>(watch_hub_.get(), [this] {
    return is_learner() ? NotSupportedForLearnerError() : absl::OkStatus();
  });
}

void Node::MakePeers() {
  PeerTransport::Outputs outputs;
  outputs.unreachable = [this](raft::NodeId peer) { raft_loop_->Post(UnreachableInput{peer}); };
  outputs.snapshot_wanted = [this](raft::NodeId peer) { snapshot_sender_->Send(peer); };
  outputs.removed = [this] { OnRemoved(); };
  transport_ = std::make_unique<PeerTransport>(peer_loop_.get(), identity_, std::move(outputs));
  AnnounceOthers();
  admission_desk_ = std::make_unique<AdmissionDesk>(
      AdmissionDesk::Surroundings{[this] { return store_->View(); },
                                  [this](std::function<void(const raft::RawNode&)> question) {
                                    if (!raft_runs_) return false;
                                    raft_loop_->Post(NodeInput{std::move(question)});
                                    return true;
                                  }});
  MakeSnapshotPeers();
}

void Node::Stop() {
  if (stopped_ || pumps_ == nullptr) return;
  stopped_ = true;
  stopping_ = true;
  TransferLeadership();
  if (removed_) {
    // Nobody tells this member any more what becomes of what it asked for.
    proposals_->Shutdown();
    reads_->Shutdown();
  }
  watch_hub_->EndAllStreams(StoppedError());
  CloseClientPorts(kDrainPatience);
  proposals_->Shutdown();
  reads_->Shutdown();
  if (metrics_front_ != nullptr) metrics_front_->Stop();
  peer_front_->Stop();
  peer_loop_->Stop();
  pumps_->Stop();
  snapshot_sender_.reset();
  transport_->Close();
  if (absl::Status status = apply_loop_->Flush(); !status.ok()) {
    spdlog::error("the store could not be flushed: {}; the next start replays the log",
                  std::string(status.message()));
  }
  NoteStop(raft_loop_->CloseLog());
}

std::uint64_t Node::raft_term() const { return raft_loop_->facts().term; }

bool Node::has_leader() const { return raft_loop_->facts().leader != 0; }

NodeStatus Node::Status() const {
  const RaftFacts& facts = raft_loop_->facts();
  const storage::EngineStats stats = apply_loop_->engine_stats();
  apply_loop_->RefreshStats();  // for who asks again
  NodeStatus status;
  status.cluster_id = identity_.cluster_id;
  status.member_id = identity_.self.value;
  status.is_learner = is_learner_;
  status.leader_id = facts.leader;
  status.raft_term = facts.term;
  status.last_index = facts.last_index;
  status.applied_index = apply_loop_->applied_index();
  status.bytes_on_disk = stats.bytes_on_disk + stats.memtable_bytes;
  status.bytes_in_use = stats.bytes_live_estimate + stats.memtable_bytes;
  return status;
}

MetricValues Node::Metrics() const {
  const RaftFacts& facts = raft_loop_->facts();
  const WatchCounters& watches = watch_hub_->counters();
  const std::shared_ptr<const storage::ReadView> view = store_->View();
  MetricValues values;
  values.node = Status();
  values.is_leader = facts.is_leader;
  values.leader_changes = facts.leader_changes;
  values.commit_index = facts.commit_index;
  values.proposals_pending = proposals_->waiting();
  values.proposals_failed = proposals_->failed();
  values.current_revision = view->current_revision();
  values.compact_revision = view->compact_revision();
  values.watchers = static_cast<std::uint64_t>(watches.watchers.load());
  values.slow_watchers = static_cast<std::uint64_t>(watches.slow_watchers.load());
  values.watch_streams = static_cast<std::uint64_t>(watches.streams.load());
  values.client_connections = client_front_ != nullptr ? client_front_->connection_count() : 0;
  values.quota_bytes = QuotaBytes(options_);
  return values;
}

}  // namespace stele::server
