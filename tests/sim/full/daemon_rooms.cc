#include "tests/sim/full/daemon_rooms.h"

#include <algorithm>
#include <any>
#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "src/server/api/kv.h"
#include "src/server/api/lease.h"
#include "src/storage/mvcc/meta_keys.h"

namespace stele::sim {
namespace {

constexpr char kStoreDir[] = "/store";

}  // namespace

// A memory engine that is on the list of open ones, because a crash strikes those.
class DaemonRooms::CrashingEngine final : public storage::MemEngine {
 public:
  CrashingEngine(std::shared_ptr<storage::MemDisk> disk, std::string dir,
                 std::set<CrashingEngine*>* open)
      : MemEngine(std::move(disk), std::move(dir)), open_(open) {
    open_->insert(this);
  }
  ~CrashingEngine() override { open_->erase(this); }

 private:
  std::set<CrashingEngine*>* const open_;
};

DaemonRooms::DaemonRooms(Member* member, Surroundings around)
    : member_(member),
      around_(std::move(around)),
      random_(around_.seed, "rooms", member->id().value) {}

DaemonRooms::~DaemonRooms() = default;

absl::Duration DaemonRooms::ElectionTimeout() const {
  return absl::Microseconds(around_.swarm->tick * around_.swarm->election_ticks);
}

Micros DaemonRooms::WakeDelay() {
  return 20 + random_.Exponential(member_->is_calm() ? 20 : around_.swarm->apply_mean / 4);
}

// --- A life begins -------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<storage::Engine>> DaemonRooms::OpenEngine(const std::string& dir) {
  if (!member_->disk()->files()->Exists(dir)) return absl::NotFoundError(dir);
  return std::make_unique<CrashingEngine>(mem_disk_, dir, &engines_);
}

bool DaemonRooms::Recover(const storage::LogStore& log) {
  storage::FileSystem* files = member_->disk()->files();
  const raft::Index base = log.LatestSnapshot().last.index;
  if (!files->CreateDir(kStoreDir).ok() || !files->SyncDir("/").ok()) return false;
  auto store =
      server::CurrentStore::Open(files, kStoreDir, server::SnapshotStoreName(base),
                                 [this](const std::string& dir) { return OpenEngine(dir); });
  if (!store.ok()) return false;
  store_ = *std::move(store);
  if (store_->state_machine().applied_index() < log.first_index().Previous()) {
    if (!store_->SwitchTo(server::SnapshotStoreName(base)).ok()) return false;
    around_.journal->Reach(Mark::kSwitchAfterCrash);
  }
  const raft::Index applied = store_->state_machine().applied_index();
  return applied >= log.first_index().Previous() && applied <= log.last_index();
}

void DaemonRooms::Start(Process process) {
  process_ = std::move(process);
  around_.witness->OnState(member_->id(), *store_->View());
  if (std::exchange(has_run_, true)) around_.counts->Reach(FullMark::kStoreReplayed);
  MakeHub();
  MakeLeases();
  MakeApply();
  MakeMethods();
  process_.wake_apply();  // a compaction may be unfinished
}

void DaemonRooms::MakeHub() {
  const FullSwarm& swarm = *around_.full_swarm;
  server::WatchOptions options;
  options.ids = {cluster_id(), member_id()};
  options.current_revision = store_->View()->current_revision();
  options.stream_bytes_max = swarm.stream_bytes;
  options.inbox_bytes_max = swarm.inbox_bytes;
  options.response_bytes = swarm.response_bytes;
  options.max_fragment_bytes = swarm.fragment_bytes;
  options.slice_revisions = swarm.slice_revisions;
  options.pass_inputs = swarm.pass_inputs;
  options.progress_interval = absl::Seconds(2);
  server::WatchSurroundings surroundings;
  surroundings.view = [this] { return store_->View(); };
  surroundings.raft_term = [this] { return raft_term(); };
  surroundings.now = [this] { return absl::UnixEpoch() + member_->Now(); };
  surroundings.random = [this] { return random_.Fraction(); };
  surroundings.wake = [this] { hub_driver_->Wake(WakeDelay()); };
  hub_ = std::make_unique<server::WatchHub>(options, std::move(surroundings));
  hub_driver_ = std::make_unique<PumpDriver>(hub_.get(), around_.queue, member_);
  watches_ = std::make_unique<server::WatchService>(hub_.get());
  published_compact_revision_ = -1;
}

void DaemonRooms::MakeLeases() {
  server::LeaseKeeper::Options options;
  options.election_timeout = ElectionTimeout();
  leases_ = std::make_unique<server::LeaseKeeper>(options, member_, process_.proposals,
                                                  process_.reads, this);
  lease_driver_ = std::make_unique<PumpDriver>(leases_.get(), around_.queue, member_);
  leases_->set_wake([this] { lease_driver_->Wake(WakeDelay()); });
}

void DaemonRooms::MakeApply() {
  server::ApplyLoop::Options options;
  options.snapshot_count = around_.swarm->snapshot_count;
  options.unflushed_max = around_.swarm->flush_every;
  options.entries_per_pass = around_.full_swarm->entries_per_pass;
  server::ApplyLoop::Outputs outputs;
  outputs.publish = [this](storage::ApplyOutput* output) {
    around_.witness->OnPublished(member_->id(), *output);
    if (watch_counters().slow_watchers > 0) around_.counts->Reach(FullMark::kWatcherLagged);
    const bool compacted = output->compact_revision != published_compact_revision_;
    if (!output->events.empty() || compacted) {
      published_compact_revision_ = output->compact_revision;
      hub_->Publish(std::move(output->events), store_->View());
    }
    if (!output->lease_changes.empty()) {
      leases_->OnLeaseChanges(std::move(output->lease_changes));
    }
  };
  outputs.resolve = [this](std::vector<storage::CommandResult> results) {
    around_.witness->OnResults(member_->id(), results);
    process_.proposals->Resolve(std::move(results));
  };
  outputs.applied = [this](raft::Index index) {
    process_.reads->OnApplied(index);
    process_.post(server::AppliedInput{index});
  };
  outputs.release_log = [this](raft::EntryId durable) {
    around_.journal->Reach(Mark::kLogReleased);
    process_.post(server::ReleaseInput{durable});
  };
  outputs.store_replaced = [this] {
    around_.journal->Reach(Mark::kSnapshotInstalled);
    around_.counts->Reach(FullMark::kStoreReplaced);
    around_.counts->Reach(FullMark::kWatchSawSnapshot,
                          static_cast<std::uint64_t>(watch_counters().watchers.load()));
    around_.witness->OnState(member_->id(), *store_->View());
    hub_->Reset(store_->View()->current_revision());
    leases_->OnStoreReplaced();
  };
  outputs.fail_stop = [](const absl::Status& /*status*/) { throw ProcessDeath{}; };
  apply_ = std::make_unique<server::ApplyLoop>(options, store_.get(), member_, std::move(outputs));
  apply_->set_wake([this] { process_.wake_apply(); });
}

void DaemonRooms::MakeMethods() {
  methods_ = std::make_unique<server::MethodRows>();
  server::ClientPorts ports;
  ports.facts = this;
  ports.proposer = process_.proposals;
  ports.reader = process_.reads;
  ports.compaction = apply_.get();
  ports.lease_clock = leases_.get();
  ports.random = [this] { return random_.Next(); };
  const auto no_quota =
      std::make_shared<const server::Quota>(-1, this, process_.proposals, process_.reads);
  server::AddKvMethods({128}, ports, no_quota, methods_.get());
  const std::int64_t ttl_min = absl::ToInt64Seconds(ElectionTimeout() * 1.5 + absl::Seconds(1));
  server::AddLeaseMethods({ttl_min}, ports, no_quota, methods_.get());
  methods_->Add(watches_->WatchMethod());
}

// --- A life ends ---------------------------------------------------------------------------------

void DaemonRooms::Stop() {
  for (const OpenCall& open : calls_) open.call->Break();
  calls_.clear();
  // What was written and not flushed is lost from any batch on.
  for (CrashingEngine* engine : engines_) engine->Crash(random_.Next());
  methods_.reset();
  apply_.reset();
  lease_driver_.reset();
  leases_.reset();
  watches_.reset();
  hub_.reset();
  hub_driver_.reset();
  store_.reset();
}

// --- Running -------------------------------------------------------------------------------------

raft::EntryId DaemonRooms::applied() const {
  return {store_->state_machine().applied_index(), store_->state_machine().applied_term()};
}

bool DaemonRooms::RunApply() {
  member_->disk()->Begin(around_.queue->now());
  return apply_->RunOnce();
}

void DaemonRooms::OnRoleChange(const server::RaftLoop::RoleChange& change) {
  leases_->OnRoleChange(change);
}

void DaemonRooms::MakeSnapshot(std::function<void(SnapshotCargo)> done) {
  std::string dir = absl::StrCat("/copy-", next_copy_++);
  apply_->MakeSnapshot(
      dir, [this, dir, done = std::move(done)](const absl::StatusOr<raft::EntryId>& last) {
        if (!last.ok()) throw Violation("a snapshot cannot be made");
        SnapshotCargo cargo{*last, mem_disk_->Load(dir)};
        mem_disk_->Remove(dir);
        done(std::move(cargo));
      });
}

// As SnapshotReceiver does when all files are there.
bool DaemonRooms::Receive(SnapshotCargo cargo) {
  const std::string target = store_->PathOf(server::SnapshotStoreName(cargo.last.index));
  storage::FileSystem* files = member_->disk()->files();
  member_->disk()->Begin(around_.queue->now());
  absl::Status status = files->RemoveTree(target);
  if (status.ok()) status = files->CreateDir(target);
  if (status.ok()) status = files->SyncDir(kStoreDir);
  if (!status.ok()) return false;
  mem_disk_->Save(target, std::any_cast<storage::FamilyMaps>(cargo.content));
  return true;
}

void DaemonRooms::ForgetEndedCalls() {
  std::erase_if(calls_, [](const OpenCall& open) { return open.call->ended(); });
}

void DaemonRooms::CallUnary(std::string_view path, const std::shared_ptr<SimCall>& call,
                            const std::string& request) {
  ForgetEndedCalls();
  calls_.push_back({call, nullptr});
  methods_->Find(path)->on_request(call, request);
}

std::weak_ptr<server::CallHandler> DaemonRooms::OpenStream(std::string_view path,
                                                           const std::shared_ptr<SimCall>& call) {
  ForgetEndedCalls();
  std::shared_ptr<server::CallHandler> handler = methods_->Find(path)->on_stream(call);
  calls_.push_back({call, handler});
  return handler;
}

void DaemonRooms::Ask(raft::NodeId leader, std::int64_t lease_id, bool renew,
                      server::LeaseClock::Done done) {
  around_.ask_lease(member_->id(), leader, lease_id, renew, std::move(done));
}

bool DaemonRooms::CompactionFinished() {
  return store_->state_machine().CompactionFinished(store_->View()->compact_revision());
}

std::uint64_t DaemonRooms::StateHash() {
  const std::shared_ptr<const storage::EngineSnapshot> snapshot = store_->engine().Snapshot();
  std::uint64_t hash = 0;
  const auto mix = [&hash](std::string_view text) {
    hash = MixBits(hash + text.size() + 1);
    for (const char letter : text) hash = hash * 31 + static_cast<unsigned char>(letter);
  };
  for (const storage::Family family : {storage::Family::kMeta, storage::Family::kKey,
                                       storage::Family::kHistory, storage::Family::kRev}) {
    const std::unique_ptr<storage::Iterator> at = snapshot->NewIterator(family, "");
    for (at->Seek(""); at->Valid(); at->Next()) {
      mix(at->key());
      mix(at->value());
    }
  }
  return hash;
}

}  // namespace stele::sim
