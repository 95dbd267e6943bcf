// A fixed script on a quiet cluster, repeated with one disk operation after the other ending badly:
// a crash before or after it, EIO, ENOSPC, a short write, and a crash followed by another one
// during recovery. Nothing may be lost and the cluster must come to rest.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/sim/fault.h"

namespace stele::sim {

struct SweepOptions {
  std::uint64_t stride = 1;  // every so many operations
  std::uint64_t offset = 0;
  int threads = 1;
  // This case only, every event of it printed: "MEMBER:OPERATION:OUTCOME[:SECOND]", as a failure
  // is reported. Empty: all.
  std::string only;
};

struct SweptRun {
  std::string violation;                       // empty: none
  std::vector<std::uint64_t> disk_operations;  // of each member, by member - 1
  std::string reached;                         // what the script does, as figures
};

// What is repeated: a run with the faults of the script and these. Called by several threads.
// `tells`: every event as a line on stdout.
using RunScript = std::function<SweptRun(const std::vector<Fault>& more, bool tells)>;

// Prints a line with the figures, and each failure. False when there was one.
bool SweepDisks(const SweepOptions& options, const RunScript& run);

// Of the raft tier: elections, writes, segment rolls, snapshots, changes of the members.
SweptRun RunRaftScript(const std::vector<Fault>& more, bool tells);

}  // namespace stele::sim
