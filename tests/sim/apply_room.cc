#include "tests/sim/apply_room.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/command.pb.h"
#include "src/raft/conf_change.h"
#include "src/raft/describe.h"

namespace stele::sim {

ApplyRoom::ApplyRoom(raft::NodeId member, const Swarm* swarm, StoreDisk* disk,
                     ClusterHistory* history, Journal* journal, ModelBug bug, Outputs outputs)
    : member_(member),
      swarm_(swarm),
      disk_(disk),
      history_(history),
      journal_(journal),
      bug_(bug),
      outputs_(std::move(outputs)),
      state_(disk->flushed) {
  if (state_.last.index > raft::Index{0}) history_->OnApplied(member_, state_);
}

std::shared_ptr<const storage::ReadView> ApplyRoom::View() const {
  return std::make_shared<ToyView>(state_);
}

void ApplyRoom::RunOnce() {
  if (inputs_.empty()) return;
  const std::vector<server::ApplyWork> work = std::exchange(inputs_, {});
  for (const server::ApplyWork& each : work) {
    if (each.install) Install(*each.install);
    Apply(each.entries);
  }
  outputs_.applied(state_.last.index);
  if (!results_.empty()) outputs_.resolve(std::exchange(results_, {}));
  FlushIfDue();
  if (conf_) outputs_.conf_applied(*std::exchange(conf_, std::nullopt));
}

void ApplyRoom::Install(const raft::SnapshotMeta& meta) {
  if (state_.last.index >= meta.last.index) return;
  const auto received = disk_->received.find(meta.last.index);
  if (received == disk_->received.end() || received->second.last != meta.last) {
    throw Violation(absl::StrCat("member ", member_.value, ": is to install the snapshot at ",
                                 raft::Describe(meta.last), ", which it never received"));
  }
  state_ = received->second;
  disk_->flushed = state_;
  disk_->received.erase(disk_->received.begin(), disk_->received.upper_bound(meta.last.index));
  history_->OnApplied(member_, state_);
  conf_ = meta.conf_state;
  journal_->Reach(Mark::kSnapshotInstalled);
}

void ApplyRoom::Apply(const std::vector<raft::Entry>& entries) {
  for (const raft::Entry& entry : entries) {
    if (entry.id.index != state_.last.index.Next()) {
      throw Violation(absl::StrCat("member ", member_.value, ": applies ", raft::Describe(entry.id),
                                   " after ", raft::Describe(state_.last)));
    }
    state_ = Applied(state_, entry);
    const bool drifts = bug_ == ModelBug::kStateDrifts && member_.value == 2;
    if (drifts && state_.hash % 256 == 0) ++state_.hash;
    history_->OnApplied(member_, state_);
    if (entry.type == raft::EntryType::kConfChange) {
      conf_ = raft::DecodeConfState(entry.data.view());
      continue;
    }
    if (entry.data.empty()) continue;
    stelepb::Command command;
    const std::string_view bytes = entry.data.view();
    if (!command.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      throw Violation("a committed command cannot be decoded");
    }
    storage::CommandResult& result = results_.emplace_back();
    result.request_id = command.request_id();
    result.revision = static_cast<std::int64_t>(entry.id.index.value);
  }
}

void ApplyRoom::FlushIfDue() {
  if (state_.last.index.value - disk_->flushed.last.index.value >= swarm_->flush_every) {
    disk_->flushed = state_;
  }
  const bool hurries = bug_ == ModelBug::kReleaseUnflushed;
  const raft::EntryId durable = hurries ? state_.last : disk_->flushed.last;
  if (durable.index.value < released_.value + swarm_->snapshot_count) return;
  released_ = durable.index;
  journal_->Reach(Mark::kLogReleased);
  outputs_.release_log(durable);
}

}  // namespace stele::sim
