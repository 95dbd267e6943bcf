// Ticks, campaigns, votes and roles (Raft paper section 5.2; pre-vote: thesis section 9.6;
// check-quorum: thesis section 6.2; leader transfer: thesis section 3.10).
#include <algorithm>
#include <utility>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/core.h"

namespace stele::raft {

namespace {

// Two that campaign at the same tick split the votes; this often, they soon try again.
constexpr int kHurriedCampaignsMax = 3;

}  // namespace

void Core::Tick() {
  if (IsLeader()) {
    TickLeader();
  } else {
    TickElection();
  }
}

void Core::TickElection() {
  // A request for a read index, or its answer, may have been lost.
  const bool has_reads = reads_.HasBatches() || reads_.HasWaiting();
  if (has_reads && ++heartbeat_elapsed_ >= config_.heartbeat_interval_ticks) StartReadRound();

  if (++election_elapsed_ < election_timeout_) return;
  if (leader_is_lost_) ++hurried_campaigns_;
  if (IsPromotable()) return StartCampaign(CampaignKind::kPreVote);
  // Whoever may not campaign can still admit that it knows no leader.
  BecomeFollower(term_, kNoNode);
  ResetElectionTimer();
}

void Core::TickLeader() {
  if (transfer_target_ != kNoNode && ++transfer_elapsed_ >= config_.election_timeout_ticks &&
      !Has(Mutation::kTransferNeverAborts)) {
    AbortTransfer();
  }
  if (++election_elapsed_ >= config_.election_timeout_ticks) {
    election_elapsed_ = 0;
    CheckQuorum();
    if (!IsLeader()) return;
  }
  if (++heartbeat_elapsed_ < config_.heartbeat_interval_ticks) return;
  heartbeat_elapsed_ = 0;
  for (Progress& member : tracker_.members()) member.ExchangeRecheck(true);
  if (reads_.HasWaiting() && HasCommittedInTerm()) {
    StartReadRound();
  } else {
    BroadcastHeartbeat();
  }
}

// A leader that does not hear from a majority within an election timeout may have been replaced
// without knowing it; it stops to accept what it could not commit.
void Core::CheckQuorum() {
  if (!tracker_.IsQuorumActive()) {
    Trace(QuorumLost{term_});
    return BecomeFollower(term_, kNoNode);
  }
  for (Progress& member : tracker_.members()) {
    member.set_recently_active(member.id() == config_.id);
  }
}

// A voter of the committed config may campaign although a newer, uncommitted one has no place for
// it: it may be the only one whose log the others would vote for. Its own vote then does not count
// (thesis section 4.2.2).
bool Core::IsPromotable() const {
  if (log_.IsInstallingSnapshot()) return false;
  return IsVoter(conf_history_.current(), config_.id) ||
         IsVoter(conf_history_.At(log_.commit_index()), config_.id);
}

// The leader's process may be gone: its kernel then closes its connections at once, and nobody need
// wait for an election timeout. A hint for liveness only: a campaign in a hurry asks for pre-votes
// and votes like any other, and whoever still hears from the leader refuses them.
void Core::HurryElection() {
  if (leader_is_lost_) return;
  leader_is_lost_ = true;
  hurried_campaigns_ = 0;
  election_timeout_ = std::min(election_timeout_, election_elapsed_ + HurriedTimeout());
}

// Long enough to hear a heartbeat if there is one, and then some so that few campaign at a time.
int Core::HurriedTimeout() {
  const int spread = std::max(2, config_.election_timeout_ticks / 5);
  return config_.heartbeat_interval_ticks + 1 +
         static_cast<int>(random_(static_cast<std::uint64_t>(spread)));
}

void Core::ResetElectionTimer() {
  election_elapsed_ = 0;
  if (leader_is_lost_ && hurried_campaigns_ < kHurriedCampaignsMax) {
    election_timeout_ = HurriedTimeout();
    return;
  }
  const auto timeout = static_cast<std::uint64_t>(config_.election_timeout_ticks);
  const std::uint64_t extra = random_(timeout);
  STELE_CHECK(extra < timeout);
  election_timeout_ = static_cast<int>(timeout + extra);
}

// --- Campaigns ---------------------------------------------------------------------------------

void Core::Campaign() {
  if (!IsLeader() && IsPromotable()) StartCampaign(CampaignKind::kPreVote);
}

void Core::StartCampaign(CampaignKind kind) {
  STELE_CHECK(IsPromotable());
  const bool pre_vote = kind == CampaignKind::kPreVote;
  if (pre_vote) {
    BecomePreCandidate();
  } else {
    BecomeCandidate(kind);
  }
  const Term term = pre_vote ? term_.Next() : term_;
  const RequestVote request{log_.last_entry(), pre_vote, kind == CampaignKind::kTransfer};
  for (const Progress& member : tracker_.members()) {
    if (member.id() == config_.id || !IsVoter(tracker_.conf(), member.id())) continue;
    SendAt(term, member.id(), request);
  }
  CountCampaignVotes();
}

void Core::CountCampaignVotes() {
  if (role_ == Role::kCandidate) {
    // Its own vote must survive a crash like any other before anything is built on it.
    const bool is_durable =
        durable_hard_state_.term == term_ && durable_hard_state_.vote == config_.id;
    if (!is_durable) return;
  }
  tracker_.RecordVote(config_.id, true);
  switch (tracker_.CountVotes()) {
    case VoteResult::kPending:
      return;
    case VoteResult::kLost:
      return BecomeFollower(term_, kNoNode);
    case VoteResult::kWon:
      if (role_ == Role::kPreCandidate) return StartCampaign(CampaignKind::kElection);
      return BecomeLeader();
  }
}

// RequestVote of Raft paper Figure 2. A voter answers whoever asks, member or not: the asker may
// know a newer config (thesis section 4.1).
void Core::On(const Message& message, const RequestVote& request) {
  const bool may_vote = request.pre_vote
                            ? message.term > term_
                            : vote_ == message.from || (vote_ == kNoNode && leader_ == kNoNode);
  bool is_up_to_date = log_.IsUpToDate(request.last_entry);
  if (Has(Mutation::kVoteForStaleLog)) is_up_to_date = true;
  if (Has(Mutation::kVoteByLength)) is_up_to_date = request.last_entry.index >= log_.last_index();
  if (!may_vote || !is_up_to_date) {
    Trace(VoteRefused{message.term, message.from, request.pre_vote});
    return Send(message.from, VoteResponse{false, request.pre_vote});
  }
  Trace(VoteGranted{message.term, message.from, request.pre_vote});
  if (Has(Mutation::kPreVoteResetsTimer)) election_elapsed_ = 0;
  if (!request.pre_vote) {
    vote_ = message.from;
    election_elapsed_ = 0;
  }
  SendAt(message.term, message.from, VoteResponse{true, request.pre_vote});
}

void Core::On(const Message& message, const VoteResponse& response) {
  const Role expected_role = response.pre_vote ? Role::kPreCandidate : Role::kCandidate;
  const Term expected_term = response.pre_vote && response.granted ? term_.Next() : term_;
  if (role_ != expected_role || message.term != expected_term) {
    return Drop(message, DropReason::kUnexpectedRole);
  }
  tracker_.RecordVote(message.from, response.granted);
  CountCampaignVotes();
}

// --- Roles -------------------------------------------------------------------------------------

void Core::SetRole(Role role, Term term, NodeId leader) {
  STELE_CHECK(term >= term_);
  const bool is_new = term != term_ || role != role_ || leader != leader_;
  if (term > term_) {
    term_ = term;
    vote_ = kNoNode;
  }
  role_ = role;
  leader_ = leader;
  tracker_.ResetVotes();
  if (!is_new) return;
  // Who answers reads has changed; whoever asked must ask again.
  if (!Has(Mutation::kReadsSurviveLeadership)) RejectReads();
  heartbeat_elapsed_ = 0;
  transfer_target_ = kNoNode;
  uncommitted_sizes_.clear();
  uncommitted_bytes_ = 0;
  replicate_due_ = false;
}

void Core::BecomeFollower(Term term, NodeId leader) {
  // Merely hearing of a new term does not put off this node's own campaign: whoever raised the term
  // may be unable to win.
  const bool keeps_timer = role_ == Role::kFollower && leader == kNoNode;
  const bool is_new = role_ != Role::kFollower || term != term_ || leader != leader_;
  SetRole(Role::kFollower, term, leader);
  if (!keeps_timer) ResetElectionTimer();
  if (is_new) Trace(BecameFollower{term_, leader_});
}

void Core::BecomePreCandidate() {
  STELE_CHECK(role_ != Role::kLeader);
  // It forgets the leader, else it would refuse the pre-votes of its peers for that leader's sake.
  SetRole(Role::kPreCandidate, term_, Has(Mutation::kPreCandidateKeepsLeader) ? leader_ : kNoNode);
  ResetElectionTimer();
  Trace(BecamePreCandidate{term_});
}

void Core::BecomeCandidate(CampaignKind kind) {
  STELE_CHECK(role_ != Role::kLeader);
  SetRole(Role::kCandidate, term_.Next(), kNoNode);
  vote_ = config_.id;
  ResetElectionTimer();
  Trace(BecameCandidate{term_, kind == CampaignKind::kTransfer});
}

// Raft paper section 5.2; the empty entry: section 8.
void Core::BecomeLeader() {
  STELE_CHECK(role_ == Role::kCandidate);
  STELE_CHECK(vote_ == config_.id);
  leader_is_lost_ = false;
  SetRole(Role::kLeader, term_, config_.id);
  ResetElectionTimer();
  Trace(BecameLeader{term_, log_.last_index()});
  round_ = 0;
  term_start_index_ = log_.last_index().Next();
  tracker_.ResetProgress(term_start_index_);
  if (Progress* self = tracker_.Find(config_.id); self != nullptr) {
    self->SetDurable(log_.durable_index());
    self->BecomeReplicate();
  }
  AppendAsLeader(EntryType::kNormal, Payload(), 0);
}

// --- Leader transfer ---------------------------------------------------------------------------

void Core::TransferLeader(NodeId target) {
  if (!IsLeader() || target == config_.id || target == transfer_target_) return;
  Progress* progress = tracker_.Find(target);
  if (progress == nullptr || !IsVoter(tracker_.conf(), target)) return;
  if (transfer_target_ != kNoNode) AbortTransfer();
  transfer_target_ = target;
  transfer_elapsed_ = 0;
  Trace(TransferStarted{target});
  ContinueTransfer(*progress);
}

void Core::ContinueTransfer(Progress& progress) {
  STELE_CHECK(progress.id() == transfer_target_);
  // A target that lacks entries could not win; what it lacks is on its way.
  if (progress.match_index() == log_.last_index()) Send(transfer_target_, TimeoutNow{});
}

void Core::AbortTransfer() {
  Trace(TransferAborted{transfer_target_});
  transfer_target_ = kNoNode;
}

}  // namespace stele::raft
