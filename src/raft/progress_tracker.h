// The members of the current config with what is known of each, and the questions that need a
// quorum of them: what is committed, who won, is a majority alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "src/raft/progress.h"
#include "src/raft/quorum.h"
#include "src/raft/types.h"

namespace stele::raft {

class ProgressTracker {
 public:
  ProgressTracker(std::size_t inflight_appends_max, std::uint64_t inflight_bytes_max)
      : inflight_appends_max_(inflight_appends_max), inflight_bytes_max_(inflight_bytes_max) {}

  const ConfState& conf() const { return conf_; }

  // Members that stay keep their progress; new ones are probed from `next_index` and count as alive
  // until the next check-quorum.
  void SetConf(const ConfState& conf, Index next_index);
  // A new leader knows nothing of anybody.
  void ResetProgress(Index next_index);

  // Null when `id` is no member.
  Progress* Find(NodeId id);
  const Progress* Find(NodeId id) const;
  std::vector<Progress>& members() { return members_; }  // ascending by id
  const std::vector<Progress>& members() const { return members_; }

  // By the match indexes (Raft paper section 5.3; both halves of a joint config: section 6).
  Index CommittedIndex() const;
  // The newest heartbeat round that a quorum has answered.
  std::uint64_t ConfirmedRound() const;
  bool IsQuorumActive() const;

  void ResetVotes() { votes_.clear(); }
  // The first answer of a node counts.
  void RecordVote(NodeId id, bool granted);
  VoteResult CountVotes() const;

 private:
  std::size_t inflight_appends_max_;
  std::uint64_t inflight_bytes_max_;
  ConfState conf_;
  std::vector<Progress> members_;
  std::vector<std::pair<NodeId, bool>> votes_;
};

}  // namespace stele::raft
