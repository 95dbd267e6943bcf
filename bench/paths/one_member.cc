#include "bench/paths/one_member.h"

#include <utility>

#include "src/raft/check.h"
#include "src/server/api/kv.h"
#include "src/storage/engine/rocks_engine.h"

namespace stele::paths {
namespace {

constexpr raft::NodeId kSelf{1};

}  // namespace

OneMember::OneMember(const std::string& dir) {
  OpenStore(dir + "/store");
  proposals_ = std::make_unique<server::Proposals>(server::Proposals::Options{}, this, 1);
  reads_ = std::make_unique<server::Reads>(server::Reads::Options{}, this,
                                           [this] { return store_->View(); });
  MakeHub();
  MakeApply();
  MakeRaft(dir + "/log");
  reads_->set_wakes([this] { raft_->Post(server::WakeInput{}); }, [] {});
  reads_->OnApplied(store_->state_machine().applied_index());
  proposals_->set_submit([this](std::uint64_t request_id, raft::Payload data) {
    raft_->Post(server::ProposalInput{request_id, std::move(data)});
  });
  MakeMethods();
  RunRooms();
  STELE_CHECK(raft_->facts().is_leader);
}

OneMember::~OneMember() {
  proposals_->Shutdown();
  reads_->Shutdown();
}

void OneMember::RunRooms() {
  for (bool worked = true; worked;) {
    worked = raft_->RunOnce();
    worked |= apply_->RunOnce();
    worked |= reads_->RunOnce();
    worked |= hub_->RunOnce();
  }
}

void OneMember::OpenStore(const std::string& dir) {
  STELE_CHECK(file_system_.CreateDir(dir).ok());
  auto store = server::CurrentStore::Open(&file_system_, dir, "", [](const std::string& path) {
    return storage::OpenRocksEngine(path, {});
  });
  STELE_CHECK(store.ok());
  store_ = *std::move(store);
}

void OneMember::MakeHub() {
  server::WatchOptions options;
  options.ids = {cluster_id(), member_id()};
  options.current_revision = store_->View()->current_revision();
  hub_ = std::make_unique<server::WatchHub>(
      options, server::WatchSurroundings{.view = [this] { return store_->View(); },
                                         .raft_term = [this] { return raft_term(); },
                                         .now = [this] { return absl::UnixEpoch() + Now(); },
                                         .random = [] { return 0.5; },
                                         .wake = [] {}});
  watches_ = std::make_unique<server::WatchService>(hub_.get());
}

void OneMember::MakeApply() {
  server::ApplyLoop::Outputs outputs;
  outputs.publish = [this](storage::ApplyOutput* output) {
    if (output->events.empty()) return;
    hub_->Publish(std::move(output->events), store_->View());
  };
  outputs.resolve = [this](std::vector<storage::CommandResult> results) {
    proposals_->Resolve(std::move(results));
  };
  outputs.applied = [this](raft::Index index) {
    reads_->OnApplied(index);
    raft_->Post(server::AppliedInput{index});
  };
  outputs.release_log = [this](raft::EntryId durable) {
    raft_->Post(server::ReleaseInput{durable});
  };
  outputs.store_replaced = [] {};
  outputs.fail_stop = [](const absl::Status& /*status*/) { STELE_CHECK(false); };
  apply_ = std::make_unique<server::ApplyLoop>(server::ApplyLoop::Options{}, store_.get(), this,
                                               std::move(outputs));
}

void OneMember::MakeRaft(const std::string& dir) {
  raft::SnapshotMeta bootstrap;
  bootstrap.conf_state.voters = {kSelf};
  auto log = storage::LogStore::Create(&file_system_, dir, {cluster_id(), kSelf.value}, bootstrap,
                                       storage::LogStoreOptions{});
  STELE_CHECK(log.ok());
  raft::Config config;
  config.id = kSelf;
  auto node = std::make_unique<raft::RawNode>(
      config, **log, (*log)->hard_state(), (*log)->base_conf_state(),
      store_->state_machine().applied_index(),
      [this](std::uint64_t bound) { return random_() % bound; });
  node->Campaign();
  server::RaftLoop::Outputs outputs;
  outputs.apply = [this](server::ApplyWork work) { apply_->Post(std::move(work)); };
  outputs.role_changed = [](const server::RaftLoop::RoleChange& /*change*/) {};
  outputs.fail_stop = [](const absl::Status& /*status*/) { STELE_CHECK(false); };
  raft_ = std::make_unique<server::RaftLoop>(server::RaftLoop::Options{}, std::move(node),
                                             *std::move(log), this, proposals_.get(), reads_.get(),
                                             this, std::move(outputs));
}

void OneMember::MakeMethods() {
  server::ClientPorts ports;
  ports.facts = this;
  ports.proposer = proposals_.get();
  ports.reader = reads_.get();
  ports.compaction = apply_.get();
  ports.random = [this] { return random_(); };
  no_quota_ = std::make_shared<const server::Quota>(-1, this, proposals_.get(), reads_.get());
  server::AddKvMethods({}, ports, no_quota_, &methods_);
  methods_.Add(watches_->WatchMethod());
}

}  // namespace stele::paths
