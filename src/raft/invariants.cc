#include "src/raft/invariants.h"

#include "src/raft/check.h"

namespace stele::raft {

void CheckInvariants(const StateView& s) {
  STELE_CHECK(s.first_index.value >= 1);
  STELE_CHECK(s.first_index <= s.last_entry.index.Next());
  STELE_CHECK(s.applied_index <= s.handed_out_index);
  STELE_CHECK(s.handed_out_index <= s.commit_index);
  STELE_CHECK(s.commit_index <= s.last_entry.index);
  STELE_CHECK(s.durable_index <= s.last_entry.index);
  STELE_CHECK(s.conf_index <= s.last_entry.index);
  STELE_CHECK(s.last_entry.term <= s.term);
  STELE_CHECK(s.commit_term <= s.last_entry.term);
  STELE_CHECK(s.durable_term <= s.term);
  STELE_CHECK_IMPLIES(s.role == Role::kLeader, s.leader == s.id);
  STELE_CHECK_IMPLIES(s.leader == s.id, s.role == Role::kLeader);
  STELE_CHECK_IMPLIES(s.role == Role::kCandidate, s.vote == s.id);
  STELE_CHECK_IMPLIES(s.role == Role::kCandidate, s.leader == kNoNode);
  STELE_CHECK_IMPLIES(s.role == Role::kPreCandidate, s.leader == kNoNode);
  // A leader voted for itself, and that vote was durable before it counted.
  STELE_CHECK_IMPLIES(s.role == Role::kLeader, s.vote == s.id);
  STELE_CHECK_IMPLIES(s.role == Role::kLeader, s.durable_term == s.term);
  STELE_CHECK_IMPLIES(s.role == Role::kLeader, s.durable_vote == s.id);
  STELE_CHECK_IMPLIES(s.role == Role::kLeader, s.last_entry.term == s.term);
}

void CheckTransition(const StateView& before, const StateView& after) {
  STELE_CHECK(before.id == after.id);
  STELE_CHECK(before.term <= after.term);
  STELE_CHECK(before.commit_index <= after.commit_index);
  STELE_CHECK(before.handed_out_index <= after.handed_out_index);
  STELE_CHECK(before.applied_index <= after.applied_index);
  STELE_CHECK(before.first_index <= after.first_index);
  STELE_CHECK(before.commit_term <= after.commit_term);
  STELE_CHECK(before.durable_term <= after.durable_term);
  if (before.term != after.term) return;
  // Within a term the vote is given at most once, and the leader, once known, is never another.
  STELE_CHECK_IMPLIES(before.vote != kNoNode, after.vote == before.vote);
  STELE_CHECK_IMPLIES(before.leader != kNoNode && after.leader != kNoNode,
                      after.leader == before.leader);
  // A leader never truncates its own log (Leader Append-Only, Raft paper Figure 3), and who was
  // deposed does not campaign in the same term again without a new pre-vote.
  STELE_CHECK_IMPLIES(before.role == Role::kLeader,
                      after.last_entry.index >= before.last_entry.index);
  STELE_CHECK_IMPLIES(before.role == Role::kLeader,
                      after.role == Role::kLeader || after.role == Role::kFollower);
  STELE_CHECK_IMPLIES(after.role == Role::kLeader,
                      before.role == Role::kLeader || before.role == Role::kCandidate);
}

}  // namespace stele::raft
