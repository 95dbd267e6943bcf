#include "tests/sim/planted_bug.h"

#include <array>

namespace stele::sim {
namespace {

using raft::Mutation;

// Those that need a rare order of rare events have a test that brings it about.
constexpr PlantedBug InScript(std::string_view name, Mutation mutation) {
  return {name, mutation, ModelBug::kNone, "tests/raft/mutant_test"};
}
constexpr PlantedBug InLog(std::string_view name, Mutation mutation) {
  return {name, mutation, ModelBug::kNone, "tests/storage/wal/log_store_test"};
}

constexpr std::array kBugs = {
    InScript("vote-not-persisted", Mutation::kVoteNotPersisted),
    PlantedBug{"vote-before-persist", Mutation::kVoteBeforePersist},
    PlantedBug{"vote-for-stale-log", Mutation::kVoteForStaleLog},
    InScript("vote-by-length", Mutation::kVoteByLength),
    PlantedBug{"pre-candidate-keeps-leader", Mutation::kPreCandidateKeepsLeader},
    InScript("pre-vote-resets-timer", Mutation::kPreVoteResetsTimer),
    PlantedBug{"leads-into-new-term", Mutation::kLeadsIntoNewTerm},
    InScript("transfer-never-aborts", Mutation::kTransferNeverAborts),
    InScript("commit-old-term", Mutation::kCommitOldTerm),
    PlantedBug{"ack-before-persist", Mutation::kAckBeforePersist},
    PlantedBug{"repeat-ack-before-persist", Mutation::kRepeatAckBeforePersist},
    PlantedBug{"truncate-matching", Mutation::kTruncateMatching},
    InScript("commit-beyond-match", Mutation::kCommitBeyondMatch),
    InScript("reject-without-progress", Mutation::kRejectWithoutProgress),
    PlantedBug{"append-with-gap", Mutation::kAppendWithGap},
    PlantedBug{"forward-twice", Mutation::kForwardTwice},
    PlantedBug{"read-before-term-commit", Mutation::kReadBeforeTermCommit},
    PlantedBug{"round-reused", Mutation::kRoundReused},
    PlantedBug{"reads-survive-leadership", Mutation::kReadsSurviveLeadership},
    PlantedBug{"read-before-applied", Mutation::kReadBeforeApplied},
    PlantedBug{"snapshot-keeps-conf", Mutation::kSnapshotKeepsConf},
    PlantedBug{"snapshot-behind-commit", Mutation::kSnapshotBehindCommit},
    InScript("conf-before-term-commit", Mutation::kConfBeforeTermCommit),
    PlantedBug{"conf-while-pending", Mutation::kConfWhilePending},
    PlantedBug{"conf-of-older-term-ignored", Mutation::kConfOfOlderTermIgnored},
    InScript("conf-survives-truncation", Mutation::kConfSurvivesTruncation),
    PlantedBug{"removed-leader-stays", Mutation::kRemovedLeaderStays},
    PlantedBug{"learners-counted", Mutation::kLearnersCounted},
    PlantedBug{"joint-by-new-half", Mutation::kJointByNewHalf},
    PlantedBug{"joint-never-left", Mutation::kJointNeverLeft},
    PlantedBug{"vote-forgotten", Mutation::kVoteForgotten},
    PlantedBug{"sync-skipped", Mutation::kSyncSkipped},
    PlantedBug{"dir-sync-skipped", Mutation::kDirSyncSkipped},
    PlantedBug{"sync-error-ignored", Mutation::kSyncErrorIgnored},
    InLog("read-error-is-empty", Mutation::kReadErrorIsEmpty),
    InLog("install-keeps-suffix", Mutation::kInstallKeepsSuffix),
    PlantedBug{"drop-before-durable", Mutation::kDropBeforeDurable},
    PlantedBug{"read-without-round", Mutation::kNone, ModelBug::kReadWithoutRound},
    PlantedBug{"release-unflushed", Mutation::kNone, ModelBug::kReleaseUnflushed},
    PlantedBug{"snapshot-not-durable", Mutation::kNone, ModelBug::kSnapshotNotDurable},
    PlantedBug{"state-drifts", Mutation::kNone, ModelBug::kStateDrifts},
};

}  // namespace

std::span<const PlantedBug> PlantedBugs() { return kBugs; }

const PlantedBug* FindPlantedBug(std::string_view name) {
  if (name == PlantedBug::kNone.name) return &PlantedBug::kNone;
  for (const PlantedBug& bug : kBugs) {
    if (bug.name == name) return &bug;
  }
  return nullptr;
}

}  // namespace stele::sim
