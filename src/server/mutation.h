// Planted bugs of watches and leases; see src/storage/mutation.h.
#pragma once

#include <cstdint>

namespace stele::server {

enum class Mutation : std::uint8_t {
  kNone,
  // Watches.
  kSlowWatcherForgets,     // what a full stream did not take is not remembered
  kCursorFallsBack,        // ... or remembered from too early on
  kResetSkipsHistory,      // after a snapshot watchers go on from its revision
  kProgressOvertakes,      // progress is told to those who are still reading history
  kFutureWatchSeesAll,     // a watch from a later revision is told of earlier ones
  kCompactedWatcherSkips,  // a cursor that fell behind compaction is moved forward
  kCanceledWatcherStays,   // a cancellation is answered and not done
  kRevisionSplit,          // a response may end within a revision
  kFilterIgnored,          // filters are forgotten when events come live
  // Leases.
  kNewLeaderKeepsDeadlines,  // a new leader does not give leases their whole TTL again
  kRenewWithoutRound,        // a leader promises before it knows that it still leads
  kExpiringRenewed,          // a renewal is answered although the revoke is on its way
  kRenewalNotKept,           // ... or answered and forgotten
};

inline Mutation planted_mutation = Mutation::kNone;

inline bool Planted(Mutation mutation) { return planted_mutation == mutation; }

}  // namespace stele::server
