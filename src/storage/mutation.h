// Planted bugs of the replicated state. Each breaks one rule of docs/store.md or
// docs/watch_and_lease.md, so that the simulator can prove it would notice. Only tests plant any.
#pragma once

#include <cstdint>

namespace stele::storage {

enum class Mutation : std::uint8_t {
  kNone,
  kStateApart,             // the state record is not in the batch of what it describes
  kFailedTxnKept,          // a transaction that fails half-way leaves its first changes behind
  kTxnReadsByGarbage,      // a transaction reads history as far as garbage was not yet removed
  kTombstoneCompacted,     // a deletion at the compact revision is removed with it
  kLeasesNotLoaded,        // a start, or a snapshot, forgets which leases there are
  kCreationForgotten,      // every put looks like the first of its key
  kPutOnDeadLease,         // a put does not ask whether its lease exists
  kOverwrittenKeyStays,    // a key overwritten without its lease still belongs to it
  kStaleExpiryCounts,      // a leader's opinion about time outlives its term
  kPreviousLeftOut,        // events read from history lack what was before
  kCompactedReadAnswered,  // reads below the compact revision are answered
};

// The one in force in this process. Set before anything runs, then only read: asking costs the
// comparison of one byte.
inline Mutation planted_mutation = Mutation::kNone;

inline bool Planted(Mutation mutation) { return planted_mutation == mutation; }

}  // namespace stele::storage
