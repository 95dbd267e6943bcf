#include "src/server/raft_loop.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "src/raft/check.h"
#include "src/server/api/errors.h"

namespace stele::server {
namespace {

// A full disk is asked for space again after so long.
constexpr absl::Duration kReserveAgainAfter = absl::Milliseconds(500);

bool BringsEntries(const raft::Message& message) {
  if (std::holds_alternative<raft::ForwardedProposal>(message.body)) return true;
  const auto* append = std::get_if<raft::AppendEntries>(&message.body);
  return append != nullptr && !append->entries.empty();
}

}  // namespace

std::optional<raft::SnapshotMeta> SnapshotMetaAt(const raft::RawNode& raft, raft::EntryId last) {
  if (last.index.Next() < raft.GetStatus().first_index) return std::nullopt;
  return raft::SnapshotMeta{last, raft.ConfStateAt(last.index)};
}

RaftLoop::RaftLoop(const Options& options, std::unique_ptr<raft::RawNode> node,
                   std::unique_ptr<storage::LogStore> log, Transport* transport,
                   Proposals* proposals, Reads* reads, const Clock* clock, Outputs outputs)
    : options_(options),
      log_(std::move(log)),
      node_(std::move(node)),
      transport_(transport),
      proposals_(proposals),
      reads_(reads),
      clock_(clock),
      outputs_(std::move(outputs)),
      next_tick_(clock->Now() + options.tick_interval) {
  facts_.term = node_->term().value;
  facts_.commit_index = node_->commit_index().value;
  facts_.last_index = log_->last_index().value;
}

bool RaftLoop::RunOnce() {
  ReserveLog();
  inputs_.TakeAll(&batch_);
  bool worked = !batch_.empty();
  for (RaftInput& input : batch_) {
    std::visit([this](auto& each) { Handle(std::move(each)); }, input);
  }
  batch_.clear();
  worked |= TickIfDue();
  StartReadRound();
  if (!parked_.empty()) RetryParked();
  if (node_->HasReady()) {
    ProcessReady();
    return true;
  }
  if (!worked) SealIfIdle();
  return worked;
}

absl::Duration RaftLoop::IdleTime() {
  const absl::Duration wake_at = unsealed_ ? std::min(next_tick_, seal_at_) : next_tick_;
  return std::max(absl::ZeroDuration(), wake_at - clock_->Now());
}

void RaftLoop::SealIfIdle() {
  if (!unsealed_ || clock_->Now() < seal_at_) return;
  unsealed_ = false;
  if (absl::Status status = log_->Seal(); !status.ok()) outputs_.fail_stop(status);
}

void RaftLoop::ReserveLog() {
  if (!log_->reserved() && clock_->Now() >= reserve_at_) {
    const absl::Status status = log_->Reserve();
    if (absl::IsResourceExhausted(status)) {
      reserve_at_ = clock_->Now() + kReserveAgainAfter;
    } else if (!status.ok()) {
      outputs_.fail_stop(status);
    }
  }
  full_ = log_->room() < options_.log_room_min ||
          (options_.disk_exhausted && options_.disk_exhausted());
}

void RaftLoop::Handle(ProposalInput input) {
  if (full_) return proposals_->Refuse(input.request_id, NoSpaceError());
  switch (node_->Propose(input.data)) {
    case raft::ProposeResult::kAccepted:
      return;
    case raft::ProposeResult::kNoLeader:
    case raft::ProposeResult::kTransferring:
      parked_.push_back({std::move(input), clock_->Now()});
      return;
    case raft::ProposeResult::kOverloaded:
    case raft::ProposeResult::kRefused:  // only config changes are, and this is none
      return proposals_->Refuse(input.request_id, TooManyRequestsError());
  }
}

void RaftLoop::Handle(PeerInput input) {
  for (raft::Message& message : input.messages) {
    if (full_ && BringsEntries(message)) continue;  // the sender tries again
    node_->Step(std::move(message));
  }
}

void RaftLoop::Handle(WakeInput) {}

void RaftLoop::Handle(AppliedInput input) { node_->OnApplied(input.index); }

void RaftLoop::Handle(UnreachableInput input) { node_->ReportUnreachable(input.peer); }

void RaftLoop::Handle(SnapshotSentInput input) {
  holds_[input.peer] = {input.last, clock_->Now() + options_.snapshot_hold_max};
}

void RaftLoop::Handle(SnapshotReportInput input) {
  if (const auto hold = holds_.find(input.peer); hold != holds_.end()) {
    hold->second.installed = true;
    if (!input.installed) holds_.erase(hold);
  }
  node_->ReportSnapshot(input.peer, input.installed);
}

void RaftLoop::Handle(ReleaseInput input) {
  if (input.durable.index < log_->first_index()) return;
  // Before this pass persists it, a snapshot that arrived with it is known to the core only.
  const std::optional<raft::SnapshotMeta> meta = SnapshotMetaAt(*node_, input.durable);
  if (!meta) return;
  const absl::Status status = log_->Release(*meta, HeldBack(CatchUpStart(input.durable.index)));
  if (!status.ok()) outputs_.fail_stop(status);
}

// The last entry that slow followers need not be given as an entry.
raft::Index RaftLoop::CatchUpStart(raft::Index durable) const {
  const raft::Index first = log_->first_index();
  const std::uint64_t entries_kept = options_.catch_up_entries;
  const raft::Index from{
      std::max(first.value, durable.value > entries_kept ? durable.value - entries_kept + 1 : 1)};
  if (from > durable) return durable;
  std::vector<raft::Entry> entries;
  const raft::LogReadStatus status =
      log_->Entries(from, durable.Next(), std::numeric_limits<std::uint64_t>::max(), &entries);
  STELE_CHECK(status == raft::LogReadStatus::kOk);
  std::uint64_t bytes = 0;
  const auto newest_too_many =
      std::find_if(entries.crbegin(), entries.crend(), [&](const raft::Entry& entry) {
        bytes += entry.data.size();
        return bytes > options_.catch_up_bytes;
      });
  if (newest_too_many != entries.crend()) return newest_too_many->id.index;
  return from.Previous();
}

raft::Index RaftLoop::HeldBack(raft::Index release_to) {
  if (holds_.empty()) return release_to;
  const raft::Status status = node_->GetStatus();
  for (const raft::Status::Peer& peer : status.peers) {
    const auto hold = holds_.find(peer.id);
    if (hold != holds_.end()) hold->second.last = std::max(hold->second.last, peer.match_index);
  }
  std::erase_if(holds_, [&](const auto& each) {
    const Hold& hold = each.second;
    return status.role != raft::Role::kLeader || clock_->Now() >= hold.until ||
           (hold.installed && hold.last >= release_to) ||
           BytesBetween(hold.last, release_to) > options_.snapshot_hold_bytes;
  });
  for (const auto& [peer, hold] : holds_) release_to = std::min(release_to, hold.last);
  return std::max(release_to, log_->first_index().Previous());
}

// Of the data of the entries behind `from` up to `to`.
std::uint64_t RaftLoop::BytesBetween(raft::Index from, raft::Index to) const {
  std::vector<raft::Entry> entries;
  const raft::Index first = std::max(from.Next(), log_->first_index());
  if (first > to) return 0;
  const raft::LogReadStatus status =
      log_->Entries(first, to.Next(), std::numeric_limits<std::uint64_t>::max(), &entries);
  STELE_CHECK(status == raft::LogReadStatus::kOk);
  std::uint64_t bytes = 0;
  for (const raft::Entry& entry : entries) bytes += entry.data.size();
  return bytes;
}

void RaftLoop::Handle(TransferInput input) { node_->TransferLeader(input.target); }

void RaftLoop::Handle(const ConfChangeInput& input) {
  const absl::StatusOr<raft::ConfState> next = input.next(*node_);
  if (!next.ok()) return input.refused(next.status());
  switch (node_->ProposeConfState(*next, input.context)) {
    case raft::ProposeResult::kAccepted:
      return;
    case raft::ProposeResult::kNoLeader:
      return input.refused(NotLeaderError());
    case raft::ProposeResult::kTransferring:
    case raft::ProposeResult::kOverloaded:
    case raft::ProposeResult::kRefused:
      return input.refused(absl::AbortedError("not now"));
  }
}

void RaftLoop::Handle(const NodeInput& input) { input.question(*node_); }

bool RaftLoop::TickIfDue() {
  const absl::Duration now = clock_->Now();
  if (now < next_tick_) return false;
  // After a pause of the whole process the missed ticks are not made up for: what they would do, an
  // election above all, must first hear what the others sent meanwhile.
  next_tick_ += options_.tick_interval;
  if (next_tick_ <= now) next_tick_ = now + options_.tick_interval;
  node_->Tick();
  proposals_->ExpireOverdue();
  reads_->OnTick();
  return true;
}

void RaftLoop::StartReadRound() {
  const std::uint64_t round_id = reads_->StartRound();
  if (round_id == 0) return;
  if (node_->ReadIndex(round_id) != raft::ProposeResult::kAccepted) reads_->RoundRefused(round_id);
}

void RaftLoop::RetryParked() {
  const absl::Duration now = clock_->Now();
  while (!parked_.empty() && now - parked_.front().since >= options_.request_timeout) {
    parked_.pop_front();  // its waiter has been told
  }
  if (node_->leader() == raft::kNoNode && !full_) return;
  while (!parked_.empty()) {
    if (full_) {
      proposals_->Refuse(parked_.front().proposal.request_id, NoSpaceError());
      parked_.pop_front();
      continue;
    }
    const raft::ProposeResult result = node_->Propose(parked_.front().proposal.data);
    if (result == raft::ProposeResult::kNoLeader || result == raft::ProposeResult::kTransferring) {
      return;
    }
    if (result == raft::ProposeResult::kOverloaded) {
      proposals_->Refuse(parked_.front().proposal.request_id, TooManyRequestsError());
    }
    parked_.pop_front();
  }
}

void RaftLoop::ProcessReady() {
  raft::Ready ready = node_->TakeReady();
  transport_->Send(std::move(ready.messages));  // our disk and the followers' work in parallel
  Persist(ready);
  node_->OnPersisted(ready.number);
  transport_->Send(std::move(ready.messages_after_persist));
  PublishFacts(ready);
  if (ready.snapshot || !ready.committed_entries.empty()) {
    outputs_.apply({std::move(ready.snapshot), std::move(ready.committed_entries)});
  }
  for (const raft::ReadState& state : ready.read_states) reads_->OnReadState(state);
}

void RaftLoop::Persist(const raft::Ready& ready) {
  absl::Status status;
  if (ready.snapshot) status = log_->InstallSnapshot(*ready.snapshot);
  if (status.ok() && (ready.hard_state || !ready.entries.empty())) {
    status = log_->Append(ready.hard_state, ready.entries);
  }
  if (status.ok() && (ready.must_sync || ready.snapshot)) {
    status = log_->Sync();
    unsealed_ = true;
    seal_at_ = clock_->Now() + options_.seal_after_idle;
  }
  if (!status.ok()) outputs_.fail_stop(status);
}

void RaftLoop::PublishFacts(const raft::Ready& ready) {
  facts_.term.store(node_->term().value, std::memory_order_relaxed);
  facts_.commit_index.store(node_->commit_index().value, std::memory_order_relaxed);
  facts_.last_index.store(log_->last_index().value, std::memory_order_relaxed);
  if (!ready.soft_state) return;
  const std::uint64_t leader = ready.soft_state->leader.value;
  const std::uint64_t previous = facts_.leader.exchange(leader);
  facts_.is_leader = ready.soft_state->role == raft::Role::kLeader;
  if (leader != 0 && leader != previous) ++facts_.leader_changes;
  if (previous != 0 && leader != previous) proposals_->OnLeaderLost();
  outputs_.role_changed({ready.soft_state->role, ready.soft_state->leader, node_->term()});
}

storage::LogEnd RaftLoop::CloseLog() {
  if (absl::Status status = log_->Seal(); !status.ok()) outputs_.fail_stop(status);
  return log_->end();
}

}  // namespace stele::server
