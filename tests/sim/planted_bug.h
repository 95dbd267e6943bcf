// Bugs that the simulator must find: each breaks one rule on which safety rests.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "src/raft/mutation.h"
#include "src/storage/log_store.h"

namespace stele::sim {

enum class PlantedBug : std::uint8_t {
  kNone,
  kVoteNotPersisted,   // by the core
  kVoteForgotten,      // by the log
  kVoteBeforePersist,  // answered before it is durable
  kAckBeforePersist,   // likewise an append
  kSyncSkipped,        // the log says that it synced and did not
  kCommitOldTerm,      // Raft paper Figure 8
  kReadWithoutRound,   // a member answers from what it has
};

struct NamedBug {
  PlantedBug bug;
  std::string_view name;
};

inline constexpr std::array<NamedBug, 8> kPlantedBugs = {{
    {PlantedBug::kNone, "none"},
    {PlantedBug::kVoteNotPersisted, "vote-not-persisted"},
    {PlantedBug::kVoteForgotten, "vote-forgotten"},
    {PlantedBug::kVoteBeforePersist, "vote-before-persist"},
    {PlantedBug::kAckBeforePersist, "ack-before-persist"},
    {PlantedBug::kSyncSkipped, "sync-skipped"},
    {PlantedBug::kCommitOldTerm, "commit-old-term"},
    {PlantedBug::kReadWithoutRound, "read-without-round"},
}};

constexpr std::string_view NameOf(PlantedBug bug) {
  for (const NamedBug& named : kPlantedBugs) {
    if (named.bug == bug) return named.name;
  }
  return "?";
}

constexpr raft::Mutation MutationOf(PlantedBug bug) {
  switch (bug) {
    case PlantedBug::kVoteNotPersisted:
      return raft::Mutation::kVoteNotPersisted;
    case PlantedBug::kVoteBeforePersist:
      return raft::Mutation::kVoteBeforePersist;
    case PlantedBug::kAckBeforePersist:
      return raft::Mutation::kAckBeforePersist;
    case PlantedBug::kCommitOldTerm:
      return raft::Mutation::kCommitOldTerm;
    default:
      return raft::Mutation::kNone;
  }
}

inline void PlantInLog(PlantedBug bug, storage::LogStoreOptions* options) {
  options->unsafe_forget_vote = bug == PlantedBug::kVoteForgotten;
  options->unsafe_skip_sync = bug == PlantedBug::kSyncSkipped;
}

}  // namespace stele::sim
