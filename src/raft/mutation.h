// Planted bugs. Each breaks one rule of the consensus core, the log or the reads, at one line, so
// that the simulator can prove that it would notice (docs/simulation.md lists who finds which).
// Only tests and the simulator set anything but kNone.
//
// That a leader counts its own entries before they are durable is not among them: with one Ready in
// flight nothing leaves the leader before they are, so nobody could notice.
#pragma once

#include <cstdint>

namespace stele::raft {

enum class Mutation : std::uint8_t {
  kNone,

  // Elections.
  kVoteNotPersisted,         // the vote is left out of the hard state
  kVoteBeforePersist,        // votes leave before they are durable
  kVoteForStaleLog,          // the candidate's log is not looked at
  kVoteByLength,             // its length is compared before its last term
  kPreCandidateKeepsLeader,  // and so refuses the pre-votes of its peers
  kPreVoteResetsTimer,       // a pre-vote counts as having heard of a leader
  kLeadsIntoNewTerm,         // a leader takes over a newer term and goes on
  kTransferNeverAborts,      // proposals wait for a dead target

  // Replication.
  kCommitOldTerm,           // entries of older terms are committed by counting (paper, Figure 8)
  kAckBeforePersist,        // append acks leave before the entries are durable
  kRepeatAckBeforePersist,  // likewise, but only those of repeated appends
  kTruncateMatching,        // an append cuts off whatever follows it
  kCommitBeyondMatch,       // a follower commits what the append did not show to match
  kRejectWithoutProgress,   // a refused append is sent again as it was
  kAppendWithGap,           // entries are left out in the middle of an append
  kForwardTwice,            // a follower passes a proposal on twice

  // Reads.
  kReadBeforeTermCommit,    // a new leader answers before it knows what is committed
  kRoundReused,             // a read is confirmed by answers to an older round
  kReadsSurviveLeadership,  // reads of an older leadership are confirmed by a newer one
  kReadBeforeApplied,       // served as soon as it is confirmed

  // Snapshots and membership.
  kSnapshotKeepsConf,       // the config that came with a snapshot is ignored
  kSnapshotBehindCommit,    // an old snapshot replaces a newer log
  kConfBeforeTermCommit,    // a new leader changes the config at once
  kConfWhilePending,        // two config changes in flight
  kConfOfOlderTermIgnored,  // an inherited config change does not count as pending
  kConfSurvivesTruncation,  // a config stays in force when its entry is gone
  kRemovedLeaderStays,      // a leader leads on after its removal
  kLearnersCounted,         // learners count as voters
  kJointByNewHalf,          // the outgoing voters of a joint config are not asked
  kJointNeverLeft,          // the second half of a joint change is not proposed

  // The log.
  kVoteForgotten,       // the vote is written as "none"
  kSyncSkipped,         // the log says that it synced and did not
  kDirSyncSkipped,      // a new segment's name is not synced
  kSyncErrorIgnored,    // a failed sync counts as done
  kReadErrorIsEmpty,    // a segment that cannot be read counts as empty
  kInstallKeepsSuffix,  // entries that do not follow from a snapshot stay behind it
  kDropBeforeDurable,   // segments go before the record that releases them is durable
};

}  // namespace stele::raft
