// How the nemesis carries out what it, or a schedule, decided.
#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "src/raft/conf_change.h"
#include "tests/sim/conf_plan.h"
#include "tests/sim/nemesis.h"

namespace stele::sim {

using raft::NodeId;

void Nemesis::Do(Fault fault) {
  fault.at = queue_->now();
  if (journal_->tells()) journal_->Tell(fault.at, 0, ToText(fault));
  done_.push_back(fault);  // before those that it brings along
  Strike(fault);
}

void Nemesis::Strike(const Fault& fault) {
  Member* member = fault.member == raft::kNoNode ? nullptr : victims_.find(fault.member);
  switch (fault.kind) {
    case Fault::Kind::kBlock:
      return Block(fault);
    case Fault::Kind::kClog:
      for (const auto& [from, to] : fault.links) victims_.network->Clog(from, to, fault.until);
      return;
    case Fault::Kind::kTransfer:
      return PostTransfer(fault.member);
    case Fault::Kind::kConf:
      return PostConf(fault);
    default:
      break;
  }
  if (member == nullptr) return;  // a schedule that was made smaller
  switch (fault.kind) {
    case Fault::Kind::kPause:
      return member->PauseUntil(fault.until);
    case Fault::Kind::kStall:
      return member->disk()->StallUntil(fault.until);
    case Fault::Kind::kSlow:
      return member->SlowUntil(fault.until, static_cast<Micros>(fault.amount));
    case Fault::Kind::kFull:
      return member->disk()->FullUntil(fault.until);
    case Fault::Kind::kDisk:
      if (const std::optional<DiskFault> outcome = DiskFaultNamed(fault.mode)) {
        member->disk()->FailOperation(fault.amount, *outcome);
      }
      return;
    default:
      return member->CrashAt(fault.until);
  }
}

void Nemesis::Block(const Fault& fault) {
  for (const auto& [from, to] : fault.links) victims_.network->SetBlocked(from, to, true);
  queue_->At(fault.until, [this, links = fault.links] {
    if (stopped_) return;
    journal_->Tell(queue_->now(), 0, "partition heals");
    for (const auto& [from, to] : links) victims_.network->SetBlocked(from, to, false);
  });
}

void Nemesis::PostTransfer(NodeId target) {
  for (Member* member : victims_.members()) {
    if (member->is_up() && member->facts().is_leader) {
      member->Post(server::TransferInput{target});
    }
  }
}

// As an operator would: ask who leads, and start the machines of those who come.
void Nemesis::PostConf(const Fault& fault) {
  const raft::ConfState& conf = victims_.history->confs().committed();
  for (const NodeId voter : conf.voters) {
    if (std::find(fault.voters.begin(), fault.voters.end(), voter) != fault.voters.end()) continue;
    const Member* member = victims_.find(voter);
    if (member != nullptr && !member->is_up()) journal_->Reach(Mark::kDeadMemberRemoved);
    if (member != nullptr && member->is_up() && member->facts().is_leader) {
      journal_->Reach(Mark::kLeaderRemoved);
    }
  }
  for (const auto* ids : {&fault.voters, &fault.learners}) {
    for (const NodeId id : *ids) {
      if (victims_.find(id) != nullptr) continue;
      victims_.add(id);
      PlanCrash(id);
    }
  }
  const ConfPlan plan{fault.voters, fault.learners, fault.mode};
  for (Member* member : victims_.members()) {
    if (!member->is_up() || !member->facts().is_leader) continue;
    journal_->Reach(Mark::kConfProposed);
    server::ConfChangeInput input;
    input.next = [plan, history = victims_.history](
                     const raft::RawNode& node) -> absl::StatusOr<raft::ConfState> {
      const raft::ConfState now = node.GetStatus().conf_state;
      raft::ConfState next = NextConf(now, plan);
      // As the daemon does: the plan may be older than the removal of somebody it names.
      for (const auto* ids : {&next.voters, &next.learners}) {
        for (const NodeId id : *ids) {
          if (raft::IsMember(now, id) || !history->confs().WasMember(id, node.commit_index())) {
            continue;
          }
          return absl::FailedPreconditionError("a removed member does not come back");
        }
      }
      return next;
    };
    input.refused = [journal = journal_](const absl::Status&) {
      journal->Reach(Mark::kConfRefused);
    };
    member->Post(std::move(input));
  }
}

void Nemesis::LeaveJoint() {
  for (Member* member : victims_.members()) {
    if (!member->is_up() || !member->facts().is_leader) continue;
    server::ConfChangeInput input;
    input.next = [](const raft::RawNode& node) -> absl::StatusOr<raft::ConfState> {
      const raft::ConfState conf = node.GetStatus().conf_state;
      if (!raft::IsJoint(conf)) return absl::FailedPreconditionError("not joint");
      return raft::LeaveJoint(conf);
    };
    input.refused = [](const absl::Status&) {};
    member->Post(std::move(input));
  }
}

}  // namespace stele::sim
