#include "src/raft/progress_tracker.h"

#include <algorithm>
#include <iterator>

#include "src/raft/check.h"

namespace stele::raft {
namespace {

std::vector<NodeId> MembersOf(const ConfState& conf) {
  std::vector<NodeId> ids = conf.voters;
  ids.insert(ids.end(), conf.voters_outgoing.begin(), conf.voters_outgoing.end());
  ids.insert(ids.end(), conf.learners.begin(), conf.learners.end());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

void ProgressTracker::SetConf(const ConfState& conf, Index next_index) {
  std::vector<Progress> members;
  for (NodeId id : MembersOf(conf)) {
    if (Progress* known = Find(id); known != nullptr) {
      members.push_back(std::move(*known));
      continue;
    }
    members.emplace_back(id, next_index, Inflights(inflight_appends_max_, inflight_bytes_max_));
    members.back().set_recently_active(true);
  }
  members_ = std::move(members);
  conf_ = conf;
}

void ProgressTracker::ResetProgress(Index next_index) {
  for (Progress& member : members_) {
    member =
        Progress(member.id(), next_index, Inflights(inflight_appends_max_, inflight_bytes_max_));
  }
}

Progress* ProgressTracker::Find(NodeId id) {
  return const_cast<Progress*>(std::as_const(*this).Find(id));
}

const Progress* ProgressTracker::Find(NodeId id) const {
  // A handful of members: walking them beats searching.
  for (const Progress& member : members_) {
    if (member.id() == id) return &member;
  }
  return nullptr;
}

Index ProgressTracker::CommittedIndex() const {
  STELE_CHECK(!conf_.voters.empty());
  return raft::CommittedIndex(conf_, [this](NodeId id) { return Find(id)->match_index(); });
}

std::uint64_t ProgressTracker::ConfirmedRound() const {
  STELE_CHECK(!conf_.voters.empty());
  return raft::CommittedIndex(conf_, [this](NodeId id) { return Index{Find(id)->acked_round()}; })
      .value;
}

bool ProgressTracker::IsQuorumActive() const {
  const auto activity = [this](NodeId id) -> std::optional<bool> {
    return Find(id)->recently_active();
  };
  return raft::CountVotes(conf_, activity) == VoteResult::kWon;
}

void ProgressTracker::RecordVote(NodeId id, bool granted) {
  const auto same = [id](const auto& vote) { return vote.first == id; };
  if (std::any_of(votes_.begin(), votes_.end(), same)) return;
  votes_.emplace_back(id, granted);
}

VoteResult ProgressTracker::CountVotes() const {
  const auto vote_of = [this](NodeId id) -> std::optional<bool> {
    for (const auto& [voter, granted] : votes_) {
      if (voter == id) return granted;
    }
    return std::nullopt;
  };
  return raft::CountVotes(conf_, vote_of);
}

}  // namespace stele::raft
