// Configs take effect when their entry is appended (thesis chapter 4; joint consensus: Raft paper
// section 6).
#include <utility>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/core.h"

namespace stele::raft {

void Core::AdoptCurrentConf() {
  const ConfState& conf = conf_history_.current();
  SetTrackedConf();
  Trace(ConfigChanged{conf_history_.current_index(), IsJoint(conf)});
}

void Core::SetTrackedConf() {
  ConfState conf = conf_history_.current();
  if (Has(Mutation::kJointByNewHalf)) conf.voters_outgoing.clear();
  if (Has(Mutation::kLearnersCounted)) {
    conf.voters.insert(conf.voters.end(), conf.learners.begin(), conf.learners.end());
  }
  tracker_.SetConf(conf, log_.last_index().Next());
}

ProposeResult Core::ProposeConfState(const ConfState& next, std::string_view context) {
  if (!IsLeader()) return ProposeResult::kNoLeader;
  if (transfer_target_ != kNoNode) return ProposeResult::kTransferring;
  if (!CanChangeConf(next)) return ProposeResult::kRefused;
  AppendAsLeader(EntryType::kConfChange, Payload(EncodeConfState(next, context)), 0);
  return ProposeResult::kAccepted;
}

bool Core::CanChangeConf(const ConfState& next) const {
  // Without a commit of its own term, a config of an older term that is still around could be
  // committed next to this one, and their majorities need not meet (the gap that its author found
  // in the thesis in 2015).
  const bool is_hasty =
      Has(Mutation::kConfBeforeTermCommit) || Has(Mutation::kConfOfOlderTermIgnored);
  if (!HasCommittedInTerm() && !is_hasty) return false;
  // One at a time (thesis section 4.1).
  bool is_pending = conf_history_.current_index() > log_.commit_index();
  if (Has(Mutation::kConfWhilePending)) is_pending = false;
  if (Has(Mutation::kConfOfOlderTermIgnored)) {
    is_pending = is_pending && conf_history_.current_index() >= term_start_index_;
  }
  if (is_pending) return false;
  return IsValidSuccessor(conf_history_.current(), next);
}

// Appending the second half once makes the current config simple, so this happens once.
void Core::LeaveJointIfDue() {
  const ConfState& conf = conf_history_.current();
  if (!IsJoint(conf) || !conf.auto_leave || Has(Mutation::kJointNeverLeft)) return;
  if (!HasCommittedInTerm() || conf_history_.current_index() > log_.commit_index()) return;
  AppendAsLeader(EntryType::kConfChange, Payload(EncodeConfState(LeaveJoint(conf))), 0);
}

// Raft paper section 6, third issue: a leader that is not in the new config manages its commit
// without counting itself, and steps down then.
void Core::StepDownIfRemoved() {
  const Index conf_index = conf_history_.current_index();
  if (conf_index > log_.commit_index()) return;
  if (IsVoter(conf_history_.current(), config_.id) || Has(Mutation::kRemovedLeaderStays)) return;
  // The others should not need an election to learn of this commit.
  Replicate();
  Trace(SteppedDown{conf_index});
  BecomeFollower(term_, kNoNode);
}

}  // namespace stele::raft
