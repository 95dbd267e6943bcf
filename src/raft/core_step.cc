// Which message goes where, and what older and newer terms mean (Raft paper section 5.1).
#include <algorithm>
#include <utility>
#include <variant>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/core.h"

namespace stele::raft {

void Core::Step(Message message) {
  const bool is_ours = message.to == config_.id;
  if (!is_ours || message.from == kNoNode || message.from == config_.id) {
    return Drop(message, DropReason::kMisaddressed);
  }
  if (!AdmitTerm(message)) return;
  std::visit([&](auto& body) { On(message, body); }, message.body);
}

// Returns whether the message is to be handled; its term is then ours, or it is a pre-vote matter.
bool Core::AdmitTerm(const Message& message) {
  if (message.term < term_) {
    AnswerOlderTerm(message);
    return false;
  }
  if (message.term == term_) return true;
  if (const auto* request = std::get_if<RequestVote>(&message.body)) {
    // Thesis section 4.2.3: who hears from a leader helps nobody to depose it, except on its wish.
    if (!request->leader_transfer && HearsFromLeader(message.from)) {
      Drop(message, DropReason::kLeaderIsAlive);
      return false;
    }
    // A pre-vote changes nothing here (thesis section 9.6).
    if (request->pre_vote) return true;
  }
  if (const auto* response = std::get_if<VoteResponse>(&message.body)) {
    // Carries the term that we asked about, not one that anybody has.
    if (response->pre_vote && response->granted) return true;
  }
  if (IsLeader() && Has(Mutation::kLeadsIntoNewTerm)) {
    term_ = message.term;
    return true;
  }
  BecomeFollower(message.term, kNoNode);
  return true;
}

// A sender that lives in an older term would never learn of the newer one if nobody told it: the
// leader it may be does not hear votes (check-quorum), the pre-candidate it may be does not raise
// terms.
void Core::AnswerOlderTerm(const Message& message) {
  if (const auto* append = std::get_if<AppendEntries>(&message.body)) {
    return Send(message.from, AppendResponse{true, Index{0}, append->prev_entry.index, {}});
  }
  if (std::holds_alternative<InstallSnapshot>(message.body)) {
    return Send(message.from, AppendResponse{true, Index{0}, Index{0}, {}});
  }
  if (std::holds_alternative<Heartbeat>(message.body)) {
    return Send(message.from, HeartbeatResponse{0});
  }
  if (const auto* request = std::get_if<RequestVote>(&message.body)) {
    return Send(message.from, VoteResponse{false, request->pre_vote});
  }
  if (const auto* request = std::get_if<ReadIndexRequest>(&message.body)) {
    return Send(message.from, ReadIndexResponse{request->request_id, Index{0}, true});
  }
  Drop(message, DropReason::kStaleTerm);
}

bool Core::HearsFromLeader(NodeId candidate) const {
  return leader_ != kNoNode && leader_ != candidate && !leader_is_lost_ &&
         election_elapsed_ < config_.election_timeout_ticks;
}

// For messages that only the leader of the term sends.
bool Core::FollowSender(const Message& message) {
  STELE_CHECK(message.term == term_);
  if (IsLeader() || (leader_ != kNoNode && leader_ != message.from)) {
    Drop(message, DropReason::kSenseless);
    return false;
  }
  const bool was_lost = std::exchange(leader_is_lost_, false);
  if (role_ != Role::kFollower || leader_ != message.from) {
    BecomeFollower(term_, message.from);
  } else if (was_lost) {
    ResetElectionTimer();
  }
  election_elapsed_ = 0;
  return true;
}

Progress* Core::ProgressOfSender(const Message& message) {
  if (!IsLeader()) {
    Drop(message, DropReason::kUnexpectedRole);
    return nullptr;
  }
  Progress* progress = tracker_.Find(message.from);
  if (progress == nullptr) {
    Drop(message, DropReason::kUnknownMember);
    return nullptr;
  }
  progress->set_recently_active(true);
  return progress;
}

void Core::On(const Message& message, const ReadIndexRequest& request) {
  const QueuedRead read{message.from, request.request_id};
  // Not passed on: the sender follows a leader of its own and asks again.
  if (!IsLeader() || !reads_.Add(read)) RejectRead(read);
}

void Core::On(const Message& message, const ReadIndexResponse& response) {
  if (role_ != Role::kFollower || message.from != leader_) {
    return Drop(message, DropReason::kUnexpectedRole);
  }
  const std::vector<ReadBatch> batches = reads_.TakeAnswered(response.request_id);
  if (!response.rejected) return AnswerReads(batches, response.read_index);
  for (const ReadBatch& batch : batches) {
    for (const QueuedRead& read : batch.reads) RejectRead(read);
  }
}

void Core::On(const Message& message, const TimeoutNow& /*timeout_now*/) {
  if (message.from != leader_ || !IsPromotable()) {
    return Drop(message, DropReason::kUnexpectedRole);
  }
  StartCampaign(CampaignKind::kTransfer);
}

void Core::On(const Message& message, ForwardedProposal& proposal) {
  std::uint64_t dropped = 0;
  for (Payload& data : proposal.data) {
    if (!IsLeader() || ProposeAsLeader(std::move(data)) != ProposeResult::kAccepted) ++dropped;
  }
  if (dropped > 0) Trace(ProposalsDropped{dropped});
  if (!IsLeader()) Drop(message, DropReason::kUnexpectedRole);
}

}  // namespace stele::raft
