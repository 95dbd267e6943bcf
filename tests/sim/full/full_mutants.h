// The planted bugs that the full tier must find.
#pragma once

#include <array>
#include <string_view>

#include "src/server/mutation.h"
#include "src/storage/mutation.h"

namespace stele::sim {

struct FullMutant {
  std::string_view name;
  storage::Mutation storage = storage::Mutation::kNone;
  server::Mutation server = server::Mutation::kNone;
};

inline constexpr FullMutant kNoMutant{"none"};

constexpr FullMutant Mutant(std::string_view name, storage::Mutation mutation) {
  return {name, mutation, server::Mutation::kNone};
}
constexpr FullMutant Mutant(std::string_view name, server::Mutation mutation) {
  return {name, storage::Mutation::kNone, mutation};
}

inline constexpr std::array kFullMutants = {
    Mutant("state-apart", storage::Mutation::kStateApart),
    Mutant("failed-txn-kept", storage::Mutation::kFailedTxnKept),
    Mutant("txn-reads-by-garbage", storage::Mutation::kTxnReadsByGarbage),
    Mutant("tombstone-compacted", storage::Mutation::kTombstoneCompacted),
    Mutant("leases-not-loaded", storage::Mutation::kLeasesNotLoaded),
    Mutant("creation-forgotten", storage::Mutation::kCreationForgotten),
    Mutant("put-on-dead-lease", storage::Mutation::kPutOnDeadLease),
    Mutant("overwritten-key-stays", storage::Mutation::kOverwrittenKeyStays),
    Mutant("stale-expiry-counts", storage::Mutation::kStaleExpiryCounts),
    Mutant("previous-left-out", storage::Mutation::kPreviousLeftOut),
    Mutant("compacted-read-answered", storage::Mutation::kCompactedReadAnswered),
    Mutant("slow-watcher-forgets", server::Mutation::kSlowWatcherForgets),
    Mutant("cursor-falls-back", server::Mutation::kCursorFallsBack),
    Mutant("reset-skips-history", server::Mutation::kResetSkipsHistory),
    Mutant("progress-overtakes", server::Mutation::kProgressOvertakes),
    Mutant("future-watch-sees-all", server::Mutation::kFutureWatchSeesAll),
    Mutant("compacted-watcher-skips", server::Mutation::kCompactedWatcherSkips),
    Mutant("canceled-watcher-stays", server::Mutation::kCanceledWatcherStays),
    Mutant("revision-split", server::Mutation::kRevisionSplit),
    Mutant("filter-ignored", server::Mutation::kFilterIgnored),
    Mutant("new-leader-keeps-deadlines", server::Mutation::kNewLeaderKeepsDeadlines),
    Mutant("renew-without-round", server::Mutation::kRenewWithoutRound),
    Mutant("expiring-renewed", server::Mutation::kExpiringRenewed),
    Mutant("renewal-not-kept", server::Mutation::kRenewalNotKept),
};

// Plants a bug for as long as it lives.
class Plant {
 public:
  explicit Plant(const FullMutant& mutant) {
    storage::planted_mutation = mutant.storage;
    server::planted_mutation = mutant.server;
  }
  ~Plant() {
    storage::planted_mutation = storage::Mutation::kNone;
    server::planted_mutation = server::Mutation::kNone;
  }
  Plant(const Plant&) = delete;
  Plant& operator=(const Plant&) = delete;
};

}  // namespace stele::sim
