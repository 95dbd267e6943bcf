#include "src/server/state_tally.h"

#include <algorithm>
#include <optional>

namespace stele::server {
namespace {

// The digest that more than half of the voters have.
std::optional<storage::StateDigest> MajorityOf(
    const std::map<raft::NodeId, storage::StateDigest>& digests,
    const std::vector<raft::NodeId>& voters) {
  for (const auto& candidate : digests) {
    const auto have_it = std::count_if(voters.begin(), voters.end(), [&](raft::NodeId voter) {
      const auto found = digests.find(voter);
      return found != digests.end() && found->second == candidate.second;
    });
    if (2 * static_cast<std::size_t>(have_it) > voters.size()) return candidate.second;
  }
  return std::nullopt;
}

}  // namespace

std::vector<StateTally::Verdict> StateTally::Note(raft::Index index, raft::NodeId member,
                                                  const storage::StateDigest& digest,
                                                  const std::vector<raft::NodeId>& voters) {
  Round& round = rounds_[index];
  round.digests.try_emplace(member, digest);
  std::vector<Verdict> verdicts;
  if (const auto right = MajorityOf(round.digests, voters)) {
    for (const auto& [each, had] : round.digests) {
      if (round.told.try_emplace(each, true).second) {
        verdicts.push_back({each, index, had == *right});
      }
    }
  }
  while (rounds_.size() > kRoundsMax) rounds_.erase(rounds_.begin());
  return verdicts;
}

}  // namespace stele::server
