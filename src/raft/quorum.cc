#include "src/raft/quorum.h"

#include <algorithm>

namespace stele::raft {

Index MajorityIndex(std::span<Index> acked) {
  if (acked.empty()) return kEverything;
  // With the values ascending, everybody from this position on has acknowledged it: a majority.
  const auto position = static_cast<std::ptrdiff_t>((acked.size() - 1) / 2);
  std::nth_element(acked.begin(), acked.begin() + position, acked.end());
  return acked[static_cast<std::size_t>(position)];
}

VoteResult MajorityVote(std::size_t voters, std::size_t granted, std::size_t refused) {
  STELE_CHECK(granted + refused <= voters);
  if (voters == 0) return VoteResult::kWon;
  const std::size_t majority = voters / 2 + 1;
  if (granted >= majority) return VoteResult::kWon;
  if (voters - refused < majority) return VoteResult::kLost;
  return VoteResult::kPending;
}

VoteResult JointVote(VoteResult incoming, VoteResult outgoing) {
  if (incoming == VoteResult::kLost || outgoing == VoteResult::kLost) return VoteResult::kLost;
  if (incoming == VoteResult::kWon && outgoing == VoteResult::kWon) return VoteResult::kWon;
  return VoteResult::kPending;
}

}  // namespace stele::raft
