// Quorum arithmetic: what a majority has acknowledged, how an election stands. Pure functions. A
// joint config (Raft paper section 6, thesis section 4.3) decides only what both halves decide, so
// an absent half must agree with everything.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "src/raft/check.h"
#include "src/raft/types.h"

namespace stele::raft {

// The most voters in one half of a config; conf_change.h refuses more.
inline constexpr std::size_t kVotersMax = 64;

// What an empty set of voters has acknowledged.
inline constexpr Index kEverything{std::numeric_limits<std::uint64_t>::max()};

enum class VoteResult : std::uint8_t { kPending, kWon, kLost };

// The largest index that a majority of `acked`, one value per voter, reaches. Reorders `acked`.
Index MajorityIndex(std::span<Index> acked);

// How an election among `voters` stands. REQUIRES: granted + refused <= voters.
VoteResult MajorityVote(std::size_t voters, std::size_t granted, std::size_t refused);

// Lost when either half is lost, won when both are won.
VoteResult JointVote(VoteResult incoming, VoteResult outgoing);

// The largest index that `voters` have by majority acknowledged. `acked_by` maps NodeId to Index.
template <class AckedBy>
Index CommittedIndex(const std::vector<NodeId>& voters, const AckedBy& acked_by) {
  STELE_CHECK(voters.size() <= kVotersMax);
  std::array<Index, kVotersMax> acked;
  for (std::size_t i = 0; i < voters.size(); ++i) acked[i] = acked_by(voters[i]);
  return MajorityIndex(std::span(acked).first(voters.size()));
}

template <class AckedBy>
Index CommittedIndex(const ConfState& conf, const AckedBy& acked_by) {
  return std::min(CommittedIndex(conf.voters, acked_by),
                  CommittedIndex(conf.voters_outgoing, acked_by));
}

// `vote_of` maps NodeId to std::optional<bool>: granted, refused, or not heard of yet.
template <class VoteOf>
VoteResult CountVotes(const std::vector<NodeId>& voters, const VoteOf& vote_of) {
  std::size_t granted = 0;
  std::size_t refused = 0;
  for (NodeId voter : voters) {
    const std::optional<bool> vote = vote_of(voter);
    if (!vote.has_value()) continue;
    (*vote ? granted : refused) += 1;
  }
  return MajorityVote(voters.size(), granted, refused);
}

template <class VoteOf>
VoteResult CountVotes(const ConfState& conf, const VoteOf& vote_of) {
  return JointVote(CountVotes(conf.voters, vote_of), CountVotes(conf.voters_outgoing, vote_of));
}

}  // namespace stele::raft
