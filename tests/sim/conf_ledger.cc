#include "tests/sim/conf_ledger.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <vector>

#include "src/raft/conf_change.h"
#include "tests/sim/journal.h"

namespace stele::sim {
namespace {

bool HasMajority(const std::vector<raft::NodeId>& voters, const IsIn& is_in) {
  const auto count = std::count_if(voters.begin(), voters.end(), is_in);
  return 2 * static_cast<std::size_t>(count) > voters.size();
}

}  // namespace

bool IsQuorum(const raft::ConfState& conf, const IsIn& is_in) {
  return HasMajority(conf.voters, is_in) &&
         (conf.voters_outgoing.empty() || HasMajority(conf.voters_outgoing, is_in));
}

bool QuorumsMeet(const raft::ConfState& a, const raft::ConfState& b) {
  std::vector<raft::NodeId> all;
  for (const auto* voters : {&a.voters, &a.voters_outgoing, &b.voters, &b.voters_outgoing}) {
    all.insert(all.end(), voters->begin(), voters->end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (std::uint64_t set = 0; set < std::uint64_t{1} << all.size(); ++set) {
    const auto is_in = [&](raft::NodeId id) {
      const auto position = std::lower_bound(all.begin(), all.end(), id) - all.begin();
      return (set >> static_cast<std::uint64_t>(position) & 1) != 0;
    };
    const auto is_out = [&](raft::NodeId id) { return !is_in(id); };
    if (IsQuorum(a, is_in) && IsQuorum(b, is_out)) return false;
  }
  return true;
}

void ConfLedger::OnEntry(const raft::Entry& entry) {
  std::optional<raft::ConfState> conf = raft::DecodeConfState(entry.data.view());
  if (!conf) throw Violation("a config entry cannot be decoded");
  seen_.emplace(std::pair(entry.id.index, entry.id.term), *std::move(conf));
}

void ConfLedger::OnCommitted(const raft::Entry& entry) {
  OnEntry(entry);
  committed_[entry.id.index] = seen_.at({entry.id.index, entry.id.term});
}

const raft::ConfState& ConfLedger::CommittedAt(raft::Index index) const {
  return std::prev(committed_.upper_bound(index))->second;
}

bool ConfLedger::WasMember(raft::NodeId id, raft::Index index) const {
  return std::any_of(committed_.begin(), committed_.upper_bound(index),
                     [&](const auto& conf) { return raft::IsMember(conf.second, id); });
}

const raft::ConfState& ConfLedger::InForce(const LogMirror& log, raft::Index index) const {
  const auto newest = std::find_if(log.confs().rbegin(), log.confs().rend(),
                                   [&](const auto& conf) { return conf.index <= index; });
  if (newest != log.confs().rend()) return seen_.at({newest->index, newest->term});
  return CommittedAt(std::min(index, log.base()));
}

}  // namespace stele::sim
