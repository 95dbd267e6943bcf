// Quorum arithmetic against counting, for every config of up to five voters, joint ones included.
#include "src/raft/quorum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace stele::raft {
namespace {

constexpr std::uint64_t kIds = 5;
constexpr std::uint64_t kSubsets = 1 << kIds;

std::vector<NodeId> Subset(std::uint64_t bits) {
  std::vector<NodeId> nodes;
  for (std::uint64_t i = 0; i < kIds; ++i) {
    if ((bits >> i & 1) != 0) nodes.push_back(NodeId{i + 1});
  }
  return nodes;
}

// By definition: more than half of the voters have it.
bool HasMajority(std::size_t count, std::size_t voters) { return 2 * count > voters; }

Index CountedIndex(const std::vector<NodeId>& voters, const std::vector<Index>& acked) {
  if (voters.empty()) return kEverything;
  Index best{0};
  for (NodeId candidate : voters) {
    const Index index = acked[candidate.value - 1];
    const auto count = std::count_if(voters.begin(), voters.end(),
                                     [&](NodeId voter) { return acked[voter.value - 1] >= index; });
    if (HasMajority(static_cast<std::size_t>(count), voters.size())) best = std::max(best, index);
  }
  return best;
}

VoteResult CountedVote(const std::vector<NodeId>& voters,
                       const std::vector<std::optional<bool>>& votes) {
  if (voters.empty()) return VoteResult::kWon;
  std::size_t granted = 0;
  std::size_t open = 0;
  for (NodeId voter : voters) {
    const std::optional<bool> vote = votes[voter.value - 1];
    if (!vote.has_value()) ++open;
    if (vote == true) ++granted;
  }
  if (HasMajority(granted, voters.size())) return VoteResult::kWon;
  return HasMajority(granted + open, voters.size()) ? VoteResult::kPending : VoteResult::kLost;
}

TEST(QuorumTest, CommittedIndexIsWhatCountingSays) {
  std::uint64_t checked = 0;
  // Four different values in every place, 0 among them.
  for (std::uint64_t code = 0; code < 1 << (2 * kIds); ++code) {
    std::vector<Index> acked;
    for (std::uint64_t i = 0; i < kIds; ++i) acked.push_back(Index{(code >> (2 * i)) & 3});
    const auto acked_by = [&acked](NodeId id) { return acked[id.value - 1]; };
    for (std::uint64_t bits = 0; bits < kSubsets; ++bits) {
      const std::vector<NodeId> voters = Subset(bits);
      ASSERT_EQ(CommittedIndex(voters, acked_by), CountedIndex(voters, acked));
      ++checked;
    }
  }
  EXPECT_EQ(checked, 1024U * 32U);
}

TEST(QuorumTest, JointCommittedIndexNeedsBothHalves) {
  for (std::uint64_t code = 0; code < 1 << (2 * kIds); code += 3) {
    std::vector<Index> acked;
    for (std::uint64_t i = 0; i < kIds; ++i) acked.push_back(Index{(code >> (2 * i)) & 3});
    const auto acked_by = [&acked](NodeId id) { return acked[id.value - 1]; };
    for (std::uint64_t in = 1; in < kSubsets; ++in) {
      for (std::uint64_t out = 0; out < kSubsets; ++out) {
        const ConfState conf{Subset(in), Subset(out), {}, {}, false};
        const Index expected =
            std::min(CountedIndex(conf.voters, acked), CountedIndex(conf.voters_outgoing, acked));
        ASSERT_EQ(CommittedIndex(conf, acked_by), expected);
      }
    }
  }
}

TEST(QuorumTest, VotesAreWhatCountingSays) {
  constexpr std::uint64_t kVotings = 3 * 3 * 3 * 3 * 3;
  for (std::uint64_t code = 0; code < kVotings; ++code) {
    std::vector<std::optional<bool>> votes;
    for (std::uint64_t rest = code, i = 0; i < kIds; ++i, rest /= 3) {
      votes.push_back(rest % 3 == 0 ? std::nullopt : std::optional(rest % 3 == 1));
    }
    const auto vote_of = [&votes](NodeId id) { return votes[id.value - 1]; };
    for (std::uint64_t in = 0; in < kSubsets; ++in) {
      const VoteResult incoming = CountedVote(Subset(in), votes);
      ASSERT_EQ(CountVotes(Subset(in), vote_of), incoming);
      for (std::uint64_t out = 0; out < kSubsets; ++out) {
        const VoteResult outgoing = CountedVote(Subset(out), votes);
        VoteResult expected = VoteResult::kPending;
        if (incoming == VoteResult::kWon && outgoing == VoteResult::kWon) {
          expected = VoteResult::kWon;
        } else if (incoming == VoteResult::kLost || outgoing == VoteResult::kLost) {
          expected = VoteResult::kLost;
        }
        const ConfState conf{Subset(in), Subset(out), {}, {}, false};
        ASSERT_EQ(CountVotes(conf, vote_of), expected);
      }
    }
  }
}

// So that one half of a joint config may be absent.
TEST(QuorumTest, EmptyConfigAgreesWithEverything) {
  EXPECT_EQ(MajorityIndex({}), kEverything);
  EXPECT_EQ(MajorityVote(0, 0, 0), VoteResult::kWon);
}

}  // namespace
}  // namespace stele::raft
