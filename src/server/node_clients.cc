// The node and its clients: the method tables, the ports, and when they open.
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "spdlog/spdlog.h"
#include "src/server/api/client_methods.h"
#include "src/server/node.h"
#include "src/server/node_parts.h"
#include "src/server/peer/peer_service.h"

namespace stele::server {

void Node::MakeMethods() {
  http_ = std::make_unique<HttpEndpoints>(this, reads_.get(), [this] { return Metrics(); });
  internal_watches_ = std::make_unique<HubWatchSource>(watch_hub_.get());
  ClientPorts ports;
  ports.facts = this;
  ports.proposer = proposals_.get();
  ports.reader = reads_.get();
  ports.compaction = apply_loop_.get();
  ports.lease_clock = lease_keeper_.get();
  ports.members = membership_.get();
  ports.watches = internal_watches_.get();
  ports.random = RandomBits;
  ports.in_background = [this](auto task) { scans_.Post(std::move(task)); };
  ports.in_turn = [this](auto task) { pages_.Post(std::move(task)); };
  ports.defragment = [this] {
    absl::Status status = store_->ReclaimSpace(&stopping_);
    apply_loop_->RefreshStats();
    return status;
  };
  // Leases shorter than one and a half election timeouts could not outlive an election.
  const std::int64_t ttl_min = (3 * options_.election_timeout_ms / 2 + 999) / 1000;
  AddClientMethods(ports,
                   {.kv = {static_cast<int>(options_.max_txn_ops)},
                    .lease = {ttl_min},
                    .range_stream = {options_.max_request_bytes},
                    .quota_bytes = QuotaBytes(options_)},
                   watch_service_->WatchMethod(), &client_methods_);

  AddPeerMethods(identity_, MakePeerOutputs(), &gate_, lease_keeper_.get(), reads_.get(),
                 snapshot_receiver_.get(), &peer_methods_);
}

void Node::StartAutoCompaction() {
  auto_compaction_ = MakeAutoCompaction(options_.auto_compaction, clock_.Now(),
                                        store_->View()->current_revision());
  if (auto_compaction_ == nullptr) return;
  peer_loop_->Post([this] {
    peer_loop_->RunAfter(auto_compaction_->Interval(), [this] { TickAutoCompaction(); });
  });
}

void Node::TickAutoCompaction() {
  const std::optional<std::int64_t> revision = auto_compaction_->Tick(
      clock_.Now(), store_->View()->current_revision(), raft_loop_->facts().is_leader);
  peer_loop_->RunAfter(auto_compaction_->Interval(), [this] { TickAutoCompaction(); });
  if (!revision) return;
  stelepb::Command command;
  command.mutable_compact()->set_revision(*revision);
  proposals_->Propose(&command, [this, revision](const storage::CommandResult& result) {
    // Somebody else may have compacted further.
    const bool compacted = result.status.ok() || absl::IsOutOfRange(result.status);
    if (!compacted) {
      return spdlog::warn("automatic compaction at revision {} failed: {}", *revision,
                          std::string(result.status.message()));
    }
    spdlog::info("automatic compaction at revision {}", *revision);
    peer_loop_->Post([this, revision] { auto_compaction_->OnCompacted(clock_.Now(), *revision); });
  });
}

// The member table has this start: the announcement may have come with a snapshot, whose entries
// nobody hears of one by one.
bool Node::IsAnnounced() const {
  for (const stelepb::MemberRecord& member : store_->View()->Members()) {
    if (member.id() == identity_.self.value) return member.boot_epoch() == boot_.epoch();
  }
  return false;
}

// Tells the cluster this member's name and client URLs: the proof that there is a leader and that
// this member can reach it.
absl::Status Node::PublishAttributes(const std::function<bool()>& give_up) {
  while (true) {
    stelepb::Command command;
    stelepb::MemberAttributes* attributes = command.mutable_member_attributes();
    attributes->set_member_id(identity_.self.value);
    attributes->set_name(options_.name);
    attributes->set_boot_epoch(boot_.epoch());
    for (const std::string& url : options_.advertise_client_urls) attributes->add_client_urls(url);
    auto outcome = std::make_shared<std::promise<absl::Status>>();
    std::future<absl::Status> attempt = outcome->get_future();
    proposals_->Propose(&command, [outcome](const storage::CommandResult& result) {
      outcome->set_value(result.status);
    });
    while (attempt.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
      if (IsAnnounced()) return absl::OkStatus();
      if (give_up()) return absl::CancelledError("asked to stop");
    }
    absl::Status status = attempt.get();
    if (status.ok()) return status;
    spdlog::warn("waiting for a leader: {}", std::string(status.message()));
    if (give_up()) return absl::CancelledError("asked to stop");
  }
}

}  // namespace stele::server
