// What a run of the full tier should reach, beside the marks of journal.h: states in which bugs
// live. A run over many seeds that never gets there proves little.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stele::sim {

enum class FullMark : std::uint8_t {
  kOperation,  // sent by a client
  kAcked,
  kUnknown,
  kUnknownApplied,
  kRefused,
  kRefusedCompacted,
  kRefusedFuture,
  kRefusedLease,
  kTxnSucceeded,
  kTxnFailed,
  kRangeDeleted,
  kSerializableRead,
  kHistoricalRead,
  kCompacted,
  kWatchCreated,
  kWatchInPast,
  kWatchInFuture,
  kWatchEvent,
  kWatchResumedElsewhere,
  kWatchBroken,  // by the death of its member
  kWatchCanceled,
  kWatchCompacted,
  kWatchProgress,
  kSlowConsumer,
  kWatcherLagged,  // left behind by a full stream
  kWatchSawSnapshot,
  kLeaseGranted,
  kLeaseRenewed,
  kLeaseRenewedElsewhere,  // through a follower
  kLeaseExpired,
  kLeaseRevoked,
  kLeaseNotFound,
  kKeyMovedBetweenLeases,
  kStaleExpiryIgnored,
  kStoreReplayed,
  kStoreReplaced,
  kCount,
};

inline constexpr auto kFullMarks = static_cast<std::size_t>(FullMark::kCount);
using FullMarkCounts = std::array<std::uint64_t, kFullMarks>;

inline constexpr std::array<std::string_view, kFullMarks> kFullMarkNames = {
    "operation",         "acked",
    "unknown",           "unknown_applied",
    "refused",           "refused_compacted",
    "refused_future",    "refused_lease",
    "txn_succeeded",     "txn_failed",
    "range_deleted",     "serializable_read",
    "historical_read",   "compacted",
    "watch_created",     "watch_in_past",
    "watch_in_future",   "watch_event",
    "watch_resumed",     "watch_broken",
    "watch_canceled",    "watch_compacted",
    "watch_progress",    "slow_consumer",
    "watcher_lagged",    "watch_saw_snapshot",
    "lease_granted",     "lease_renewed",
    "lease_forwarded",   "lease_expired",
    "lease_revoked",     "lease_not_found",
    "key_changed_lease", "stale_expiry_ignored",
    "store_replayed",    "store_replaced",
};

class FullCounts {
 public:
  void Reach(FullMark mark, std::uint64_t times = 1) {
    counts_[static_cast<std::size_t>(mark)] += times;
  }
  const FullMarkCounts& counts() const { return counts_; }

 private:
  FullMarkCounts counts_{};
};

}  // namespace stele::sim
