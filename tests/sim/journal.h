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

enum class Mark : std::uint8_t {
  kCrash,
  kCrashInPass,
  kCrashInRecovery,
  kClusterCrash,
  kPowerCut,
  kProcessKill,
  kIoError,
  kRestart,
  kSlowSync,
  kPause,
  kHunted,
  kPartition,
  kOneWayPartition,
  kClog,
  kLost,
  kDuplicated,
  kReplayed,
  kLeader,
  kQuorumLost,
  kTransfer,
  kTransferAborted,
  kTruncated,
  kVoteRefused,
  kSnapshotSent,
  kSnapshotFailed,
  kSnapshotInstalled,
  kSwitchAfterCrash,  // the store was switched to an installed snapshot only by a restart
  kLogReleased,
  kCommitted,
  kWriteAcked,
  kWriteRefused,
  kWriteUnknown,
  kUnknownWriteApplied,
  kReadServed,
  kReadFailed,
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
