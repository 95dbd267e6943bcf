#include "tests/sim/apply_room.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/command.pb.h"
#include "src/raft/conf_change.h"
#include "src/raft/describe.h"

namespace stele::sim {

ApplyRoom::ApplyRoom(raft::NodeId member, const Swarm* swarm, ClusterHistory* history,
                     Journal* journal, ModelBug bug)
    : member_(member), swarm_(swarm), history_(history), journal_(journal), bug_(bug) {}

bool ApplyRoom::Recover(const storage::LogStore& log) {
  if (disk_.flushed.last.index < log.first_index().Previous()) {
    const auto received = disk_.received.find(log.LatestSnapshot().last.index);
    if (received == disk_.received.end()) return false;
    disk_.flushed = received->second;
    journal_->Reach(Mark::kSwitchAfterCrash);
  }
  return disk_.flushed.last.index <= log.last_index();
}

void ApplyRoom::Start(Process process) {
  process_ = std::move(process);
  state_ = disk_.flushed;
  released_ = raft::Index{};
  inputs_.clear();
  results_.clear();
  conf_.reset();
  if (state_.last.index > raft::Index{0}) history_->OnApplied(member_, state_);
}

void ApplyRoom::Stop() {
  if (bug_ == ModelBug::kSnapshotNotDurable) disk_.received.clear();
}

std::shared_ptr<const storage::ReadView> ApplyRoom::View() {
  return std::make_shared<ToyView>(state_);
}

void ApplyRoom::MakeSnapshot(std::function<void(SnapshotCargo)> done) {
  done({state_.last, state_});
}

bool ApplyRoom::Receive(SnapshotCargo cargo) {
  disk_.received[cargo.last.index] = std::any_cast<StoreState>(cargo.content);
  return true;
}

void ApplyRoom::Post(server::ApplyWork work) {
  inputs_.push_back(std::move(work));
  process_.wake_apply();
}

bool ApplyRoom::RunApply() {
  if (inputs_.empty()) return false;
  const std::vector<server::ApplyWork> work = std::exchange(inputs_, {});
  for (const server::ApplyWork& each : work) {
    if (each.install) Install(*each.install);
    Apply(each.entries);
  }
  process_.reads->OnApplied(state_.last.index);
  process_.post(server::AppliedInput{state_.last.index});
  if (!results_.empty()) process_.proposals->Resolve(std::exchange(results_, {}));
  FlushIfDue();
  if (conf_) process_.conf_applied(*std::exchange(conf_, std::nullopt));
  return false;
}

void ApplyRoom::Install(const raft::SnapshotMeta& meta) {
  if (state_.last.index >= meta.last.index) return;
  const auto received = disk_.received.find(meta.last.index);
  if (received == disk_.received.end() || received->second.last != meta.last) {
    throw Violation(absl::StrCat("member ", member_.value, ": is to install the snapshot at ",
                                 raft::Describe(meta.last), ", which it never received"));
  }
  state_ = received->second;
  disk_.flushed = state_;
  disk_.received.erase(disk_.received.begin(), disk_.received.upper_bound(meta.last.index));
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
  if (state_.last.index.value - disk_.flushed.last.index.value >= swarm_->flush_every) {
    disk_.flushed = state_;
  }
  const bool hurries = bug_ == ModelBug::kReleaseUnflushed;
  const raft::EntryId durable = hurries ? state_.last : disk_.flushed.last;
  if (durable.index.value < released_.value + swarm_->snapshot_count) return;
  released_ = durable.index;
  journal_->Reach(Mark::kLogReleased);
  process_.post(server::ReleaseInput{durable});
}

}  // namespace stele::sim
