#include "src/server/membership/member_rules.h"

#include <algorithm>

#include "src/raft/conf_change.h"
#include "src/server/api/errors.h"

namespace stele::server {
namespace {

using stelepb::MemberRecord;
using Nodes = std::vector<raft::NodeId>;

// A learner this close to the leader's end can be promoted by clients.
constexpr std::uint64_t kReadyPercent = 90;
// The leader itself waits for more, because commits wait for the new voter: entries.
constexpr std::uint64_t kOwnLagMax = 1000;

std::size_t Quorum(std::size_t voters) { return voters / 2 + 1; }

// A member tells its name when it starts for the first time.
bool IsStarted(const MemberRecord& member) { return !member.name().empty(); }

const MemberRecord* Find(const std::vector<MemberRecord>& members, std::uint64_t id) {
  for (const MemberRecord& member : members) {
    if (member.id() == id) return &member;
  }
  return nullptr;
}

const raft::Status::Peer* FindPeer(const raft::Status& status, std::uint64_t id) {
  for (const raft::Status::Peer& peer : status.peers) {
    if (peer.id.value == id) return &peer;
  }
  return nullptr;
}

bool IsActive(const raft::Status& status, std::uint64_t id) {
  if (id == status.id.value) return true;
  const raft::Status::Peer* peer = FindPeer(status, id);
  return peer != nullptr && peer->recently_active;
}

// How many count as voters, without `except`; of these, how many have started and are active.
struct VoterCounts {
  std::size_t all = 0;
  std::size_t started = 0;
  std::size_t active = 0;
};

VoterCounts CountVoters(const MemberFacts& facts, std::uint64_t except = 0) {
  VoterCounts counts;
  for (const MemberRecord& member : facts.members) {
    if (!CountsAsVoter(member) || member.id() == except) continue;
    ++counts.all;
    counts.started += IsStarted(member) ? 1 : 0;
    counts.active += IsActive(facts.raft, member.id()) ? 1 : 0;
  }
  return counts;
}

absl::Status CheckAdd(const MemberRules& rules, const MemberFacts& facts,
                      const MemberRecord& member, std::uint64_t replaced) {
  const bool known =
      Find(facts.members, member.id()) != nullptr ||
      std::find(facts.removed.begin(), facts.removed.end(), member.id()) != facts.removed.end();
  if (member.id() == 0 || known) return MemberExistsError();
  std::size_t learners = 0;
  for (const MemberRecord& other : facts.members) {
    if (other.id() == replaced) continue;
    learners += CountsAsVoter(other) ? 0 : 1;
    for (const std::string& url : member.peer_urls()) {
      const auto& taken = other.peer_urls();
      if (std::find(taken.begin(), taken.end(), url) != taken.end()) return PeerUrlExistsError();
    }
  }
  if (!member.voter_when_ready() && replaced == 0 && learners >= rules.learners_max) {
    return TooManyLearnersError();
  }
  return absl::OkStatus();
}

absl::Status CheckStrictAdd(const MemberFacts& facts, const MemberRecord& member) {
  const VoterCounts voters = CountVoters(facts);
  // From one member to two is always possible: that is how a cluster begins to grow.
  if (voters.all == 1) return absl::OkStatus();
  if (member.voter_when_ready() && voters.started < Quorum(voters.all + 1)) {
    return MemberNotEnoughStartedError();
  }
  // The new member does not run yet.
  if (voters.active < Quorum(voters.all + 1)) return UnhealthyError();
  return absl::OkStatus();
}

absl::Status CheckStrictRemove(const MemberFacts& facts, const MemberRecord& member) {
  if (!CountsAsVoter(member)) return absl::OkStatus();
  const VoterCounts rest = CountVoters(facts, member.id());
  if (rest.started < Quorum(rest.all)) return MemberNotEnoughStartedError();
  // One that is down contributes nothing.
  if (!IsActive(facts.raft, member.id())) return absl::OkStatus();
  if (rest.active < Quorum(rest.all)) return UnhealthyError();
  return absl::OkStatus();
}

absl::Status CheckPromote(const MemberRules& rules, const MemberFacts& facts,
                          const MemberRecord& member, bool by_itself) {
  if (!member.is_learner() || (CountsAsVoter(member) && !by_itself)) return MemberNotLearnerError();
  const raft::Status::Peer* peer = FindPeer(facts.raft, member.id());
  const std::uint64_t end = facts.raft.last_index.value;
  std::uint64_t match_min = end * kReadyPercent / 100;
  if (by_itself) match_min = std::max(match_min, end - std::min(end, kOwnLagMax));
  // One that never told its name may not be running, however much an earlier life acknowledged.
  if (peer == nullptr || !peer->recently_active || !IsStarted(member) ||
      peer->match_index.value < match_min) {
    return LearnerNotReadyError();
  }
  if (!rules.strict) return absl::OkStatus();
  const VoterCounts others = CountVoters(facts, member.id());
  if (others.started + 1 < Quorum(others.all + 1)) return MemberNotEnoughStartedError();
  return absl::OkStatus();
}

void Insert(std::uint64_t id, Nodes* nodes) {
  nodes->insert(std::lower_bound(nodes->begin(), nodes->end(), raft::NodeId{id}), raft::NodeId{id});
}

void Erase(std::uint64_t id, Nodes* nodes) {
  nodes->erase(std::remove(nodes->begin(), nodes->end(), raft::NodeId{id}), nodes->end());
}

absl::StatusOr<raft::ConfState> Towards(const raft::ConfState& current, const Nodes& voters,
                                        const Nodes& learners) {
  if (voters.empty()) return MemberNotEnoughStartedError();
  const raft::ConfState simple{voters, {}, learners, {}, false};
  if (!raft::IsValid(simple)) {
    return absl::FailedPreconditionError("stele: the cluster has as many members as it can have");
  }
  if (raft::IsValidSuccessor(current, simple)) return simple;
  return raft::EnterJoint(current, voters, learners, /*auto_leave=*/true);
}

}  // namespace

bool CountsAsVoter(const MemberRecord& member) {
  return !member.is_learner() || member.voter_when_ready();
}

absl::StatusOr<raft::ConfState> PlanConfChange(const MemberRules& rules, const MemberFacts& facts,
                                               const stelepb::Command& change, bool by_itself) {
  const raft::ConfState& current = facts.raft.conf_state;
  if (raft::IsJoint(current)) return absl::AbortedError("an earlier change is not complete yet");
  Nodes voters = current.voters;
  Nodes learners = current.learners;
  absl::Status status;
  if (change.has_member_add()) {
    const MemberRecord& member = change.member_add().member();
    if (rules.strict) status = CheckStrictAdd(facts, member);
    if (status.ok()) status = CheckAdd(rules, facts, member, 0);
    Insert(member.id(), &learners);
  } else if (change.has_member_promote()) {
    const std::uint64_t id = change.member_promote().member_id();
    const MemberRecord* member = Find(facts.members, id);
    if (member == nullptr) return MemberNotFoundError();
    status = CheckPromote(rules, facts, *member, by_itself);
    Erase(id, &learners);
    Insert(id, &voters);
  } else {
    const std::uint64_t id = change.has_member_remove() ? change.member_remove().member_id()
                                                        : change.member_replace().old_member_id();
    const MemberRecord* member = Find(facts.members, id);
    if (member == nullptr) return MemberNotFoundError();
    if (rules.strict) status = CheckStrictRemove(facts, *member);
    Erase(id, &voters);
    Erase(id, &learners);
    if (change.has_member_replace()) {
      const MemberRecord& next = change.member_replace().new_member();
      if (status.ok()) status = CheckAdd(rules, facts, next, id);
      Insert(next.id(), &learners);
    }
  }
  if (!status.ok()) return status;
  return Towards(current, voters, learners);
}

raft::NodeId BestSuccessor(const raft::Status& status) {
  raft::NodeId best = raft::kNoNode;
  raft::Index best_match;
  for (const raft::Status::Peer& peer : status.peers) {
    if (peer.id == status.id || peer.is_learner || !peer.recently_active) continue;
    if (best != raft::kNoNode && peer.match_index <= best_match) continue;
    best = peer.id;
    best_match = peer.match_index;
  }
  return best;
}

}  // namespace stele::server
