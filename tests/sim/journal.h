// What a run tells: counters of what happened, a hash of all of it, and readable lines on request.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/sim/event_queue.h"
#include "tests/sim/random_stream.h"

namespace stele::sim {

// A promise was broken. Thrown from wherever that was seen; ends the run.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What may happen in a run. The check of a whole set of runs demands that each occurred often.
enum class Mark : std::uint8_t {
  kCrash,
  kCrashInPass,
  kCrashInRecovery,
  kClusterCrash,
  kPowerCut,
  kProcessKill,
  kCutLosesAll,
  kCutKeepsAll,
  kCutLosesSome,
  kCutTearsSectors,
  kCutTearsWords,
  kIoError,
  kWriteError,
  kSyncError,
  kReadError,
  kNoSpace,
  kShortWrite,
  kDiskFull,
  kStartWithoutSpace,
  kRestart,
  kSlowSync,
  kStalledSync,
  kStalledLeaderReplaced,
  kPause,
  kLongPause,
  kSlowProcessor,
  kHunted,
  kIsolated,
  kHalved,
  kRing,
  kBridge,
  kOneWayPartition,
  kSingleLinkCut,
  kClog,
  kLost,
  kDuplicated,
  kReplayed,
  kMisrouted,
  kCorrupted,
  kAllDown,
  kMajorityDown,
  kPreCandidate,
  kCandidate,
  kCandidateByTransfer,
  kElectionLost,
  kLeader,
  kLeaderByTransfer,
  kQuorumLost,
  kVoteGranted,
  kVoteRefused,
  kPreVoteRefused,
  kTransfer,
  kTransferAborted,
  kSteppedDownRemoved,
  kDroppedMisaddressed,
  kDroppedStaleTerm,
  kDroppedLeaderAlive,
  kDroppedUnexpectedRole,
  kDroppedUnknownMember,
  kDroppedSenseless,
  kTruncated,
  kTruncatedConf,
  kOlderTermCommitted,
  kReadRound,
  kReadsRejected,
  kProposalsDropped,
  kConfProposed,
  kConfRefused,
  kConfCommitted,
  kJointEntered,
  kJointLeft,
  kJointHeld,
  kLearnerAdded,
  kLearnerPromoted,
  kVoterAdded,
  kVoterRemoved,
  kVoterDemoted,
  kLeaderRemoved,
  kDeadMemberRemoved,
  kMemberReplaced,
  kSeveralVotersChanged,
  kShrunkToOne,
  kMemberRetired,
  kRemovedMemberStarted,
  kJoinerStarted,
  kElectionWhileJoint,
  kCrashWhileJoint,
  kSnapshotWhileJoint,
  kSnapshotToLearner,
  kSnapshotSent,
  kSnapshotFailed,
  kSnapshotInstalled,
  kSwitchAfterCrash,
  kLogReleased,
  kSegmentRecycled,
  kCommitted,
  kWriteAcked,
  kWriteRefused,
  kWriteUnknown,
  kUnknownWriteApplied,
  kReadServed,
  kReadFailed,
  kSteadyMajority,
  kCount,
};

std::string_view NameOf(Mark mark);

using MarkCounts = std::array<std::uint64_t, static_cast<std::size_t>(Mark::kCount)>;

class Journal {
 public:
  explicit Journal(bool tells) : tells_(tells) {}

  void Reach(Mark mark) { ++counts_[static_cast<std::size_t>(mark)]; }
  const MarkCounts& counts() const { return counts_; }

  void Mix(std::uint64_t bits) { hash_ = MixBits(hash_ ^ bits) + 1; }
  std::uint64_t hash() const { return hash_; }

  // Whether lines are wanted; ask before composing one.
  bool tells() const { return tells_; }
  void Tell(Micros time, std::uint64_t member, std::string_view line) const;

 private:
  const bool tells_;
  MarkCounts counts_{};
  std::uint64_t hash_ = 0;
};

}  // namespace stele::sim
