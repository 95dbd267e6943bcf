// The observer's checks of configs, and what it counts.
#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "src/raft/conf_change.h"
#include "src/raft/describe.h"
#include "tests/sim/cluster_history.h"

namespace stele::sim {

using raft::ConfState;
using raft::Index;
using raft::NodeId;
using raft::Term;

// `member` has this config entry in its log.
void ClusterHistory::NoteConf(NodeId member, const raft::Entry& entry) {
  const LogMirror& log = Of(member).log;
  confs_.OnEntry(entry);
  const Index before = entry.id.index.Previous();
  const ConfState& previous = confs_.InForce(log, before);
  const ConfState& next = confs_.InForce(log, entry.id.index);
  if (!QuorumsMeet(previous, next)) {
    Fail(member, absl::StrCat("has the config ", raft::Describe(entry.id),
                              ", some quorum of which does not meet one of the config before"));
  }
  const auto pending = std::count_if(log.confs().begin(), log.confs().end(), [&](const auto& conf) {
    return conf.index > told_committed_;
  });
  if (pending > 1) Fail(member, absl::StrCat("has ", pending, " configs that are not committed"));
  // What its leader knew to be committed ends with an entry of its term.
  const Index known = std::min(told_committed_, before);
  if (known >= log.base() && log.TermAt(known) != entry.id.term) {
    Fail(member, absl::StrCat("has the config ", raft::Describe(entry.id),
                              " of a leader that had committed nothing in its term"));
  }
}

bool ClusterHistory::HasPendingConf(NodeId member) {
  const std::vector<raft::EntryId>& confs = Of(member).log.confs();
  return !confs.empty() && confs.back().index > last_committed();
}

void ClusterHistory::CheckElected(NodeId member, const raft::BecameLeader& leadership) {
  const ConfState& conf = confs_.InForce(Of(member).log, leadership.last_index);
  const auto voted = [&](NodeId id) {
    const auto& votes = Of(id).votes;
    const auto vote = votes.find(leadership.term);
    return vote != votes.end() && vote->second == member;
  };
  if (raft::IsJoint(conf)) journal_->Reach(Mark::kElectionWhileJoint);
  if (Of(member).by_transfer) journal_->Reach(Mark::kLeaderByTransfer);
  if (!IsQuorum(conf, voted)) {
    Fail(member, absl::StrCat("leads in term ", leadership.term.value,
                              " without the votes of a quorum of its config"));
  }
}

// It may learn of its removal in one pass and stop to lead in the next.
void ClusterHistory::CheckMayLead(NodeId member, Index commit_index, bool leads) {
  Observed& observed = Of(member);
  const bool is_unfit = leads && commit_index >= confs_.committed_index() &&
                        !raft::IsVoter(confs_.committed(), member) && !HasPendingConf(member);
  observed.passes_unfit = is_unfit ? observed.passes_unfit + 1 : 0;
  if (observed.passes_unfit > 3) Fail(member, "leads although it knows that it is no voter");
}

// What the log begins with must be the config that was committed there, else quorums are lost.
void ClusterHistory::CheckBaseConf(NodeId member, const storage::LogStore& log) {
  Observed& observed = Of(member);
  const Index base = observed.log.base();
  if (base == observed.base || base > last_committed()) return;
  observed.base = base;
  const ConfState& conf = log.base_conf_state();
  if (conf != confs_.CommittedAt(base)) {
    Fail(member, absl::StrCat("begins its log at ", base.value,
                              " with another config than was committed there"));
  }
  if (raft::IsJoint(conf)) journal_->Reach(Mark::kSnapshotWhileJoint);
}

// Of the config that its leader went by: the one at the entry, or one that the leader appended
// behind it before it counted.
bool ClusterHistory::IsDurableOnQuorum(NodeId member, const raft::EntryId& id) {
  const auto holds = [&](NodeId holder) { return Of(holder).log.Holds(id); };
  const LogMirror& log = Of(member).log;
  if (IsQuorum(confs_.InForce(log, id.index), holds)) return true;
  return std::any_of(log.confs().begin(), log.confs().end(), [&](const raft::EntryId& conf) {
    return conf.index > id.index && IsQuorum(confs_.InForce(log, conf.index), holds);
  });
}

// --- Counting ------------------------------------------------------------------------------------

namespace {

Mark MarkOf(raft::DropReason reason) {
  switch (reason) {
    case raft::DropReason::kMisaddressed:
      return Mark::kDroppedMisaddressed;
    case raft::DropReason::kStaleTerm:
      return Mark::kDroppedStaleTerm;
    case raft::DropReason::kLeaderIsAlive:
      return Mark::kDroppedLeaderAlive;
    case raft::DropReason::kUnexpectedRole:
      return Mark::kDroppedUnexpectedRole;
    case raft::DropReason::kUnknownMember:
      return Mark::kDroppedUnknownMember;
    case raft::DropReason::kSenseless:
      return Mark::kDroppedSenseless;
  }
  return Mark::kDroppedSenseless;
}

struct TraceCounter {
  Journal* journal;

  void operator()(const raft::BecamePreCandidate&) const { journal->Reach(Mark::kPreCandidate); }
  void operator()(const raft::BecameCandidate& event) const {
    journal->Reach(event.leader_transfer ? Mark::kCandidateByTransfer : Mark::kCandidate);
  }
  void operator()(const raft::BecameLeader&) const { journal->Reach(Mark::kLeader); }
  void operator()(const raft::VoteGranted&) const { journal->Reach(Mark::kVoteGranted); }
  void operator()(const raft::VoteRefused& event) const {
    journal->Reach(event.pre_vote ? Mark::kPreVoteRefused : Mark::kVoteRefused);
  }
  void operator()(const raft::QuorumLost&) const { journal->Reach(Mark::kQuorumLost); }
  void operator()(const raft::Truncated&) const { journal->Reach(Mark::kTruncated); }
  void operator()(const raft::SteppedDown&) const { journal->Reach(Mark::kSteppedDownRemoved); }
  void operator()(const raft::TransferStarted&) const { journal->Reach(Mark::kTransfer); }
  void operator()(const raft::TransferAborted&) const { journal->Reach(Mark::kTransferAborted); }
  void operator()(const raft::ReadRoundStarted&) const { journal->Reach(Mark::kReadRound); }
  void operator()(const raft::ReadsRejected&) const { journal->Reach(Mark::kReadsRejected); }
  void operator()(const raft::ProposalsDropped&) const { journal->Reach(Mark::kProposalsDropped); }
  void operator()(const raft::MessageDropped& event) const { journal->Reach(MarkOf(event.reason)); }
  template <class Other>
  void operator()(const Other&) const {}
};

bool Has(const std::vector<NodeId>& ids, NodeId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

void ClusterHistory::CountTrace(NodeId member, const raft::TraceEvent& event) {
  std::visit(TraceCounter{journal_}, event);
  const LogMirror& log = Of(member).log;
  if (const auto* truncated = std::get_if<raft::Truncated>(&event)) {
    const bool loses_conf = !log.confs().empty() && log.confs().back().index >= truncated->from;
    if (loses_conf) journal_->Reach(Mark::kTruncatedConf);
  }
  if (const auto* follower = std::get_if<raft::BecameFollower>(&event)) {
    if (Of(member).is_candidate && follower->leader == raft::kNoNode) {
      journal_->Reach(Mark::kElectionLost);
    }
  }
  const bool is_campaign = std::holds_alternative<raft::BecameCandidate>(event);
  const bool ends_campaign = std::holds_alternative<raft::BecameFollower>(event) ||
                             std::holds_alternative<raft::BecameLeader>(event);
  if (is_campaign || ends_campaign) Of(member).is_candidate = is_campaign;
  if (const auto* sent = std::get_if<raft::SnapshotSent>(&event)) {
    if (raft::IsLearner(confs_.committed(), sent->peer)) journal_->Reach(Mark::kSnapshotToLearner);
  }
}

void ClusterHistory::CountConf(const ConfState& before, const ConfState& after) {
  journal_->Reach(Mark::kConfCommitted);
  if (raft::IsJoint(after)) {
    journal_->Reach(Mark::kJointEntered);
    if (!after.auto_leave) journal_->Reach(Mark::kJointHeld);
  }
  if (raft::IsJoint(before)) journal_->Reach(Mark::kJointLeft);
  std::size_t added = 0;
  std::size_t removed = 0;
  for (const NodeId id : after.voters) {
    if (Has(before.voters, id)) continue;
    ++added;
    journal_->Reach(Has(before.learners, id) ? Mark::kLearnerPromoted : Mark::kVoterAdded);
  }
  for (const NodeId id : before.voters) {
    if (Has(after.voters, id)) continue;
    ++removed;
    const bool stays = Has(after.learners, id) || Has(after.learners_next, id);
    journal_->Reach(stays ? Mark::kVoterDemoted : Mark::kVoterRemoved);
  }
  for (const NodeId id : after.learners) {
    if (!raft::IsMember(before, id)) journal_->Reach(Mark::kLearnerAdded);
  }
  if (added > 0 && removed > 0) journal_->Reach(Mark::kMemberReplaced);
  if (added + removed > 1) journal_->Reach(Mark::kSeveralVotersChanged);
  if (after.voters.size() == 1 && !raft::IsJoint(after)) journal_->Reach(Mark::kShrunkToOne);
}

}  // namespace stele::sim
