// A fixed script (elections, writes, segment rolls, snapshots, changes of the members) on a quiet
// cluster, repeated with one disk operation after the other ending badly: a crash before or after
// it, EIO, ENOSPC, a short write, and a crash followed by another one during recovery. Nothing may
// be lost and the cluster must come to rest.
#pragma once

#include <cstdint>

namespace stele::sim {

struct SweepOptions {
  std::uint64_t stride = 1;  // every so many operations
  std::uint64_t offset = 0;
  int threads = 1;
};

// Prints a line with the figures, and each failure. False when there was one.
bool SweepDisks(const SweepOptions& options);

}  // namespace stele::sim
