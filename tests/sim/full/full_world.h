// One run of the full tier: a cluster of daemons' rooms, its clients and its faults, all from one
// seed. First everything goes wrong for a while; then all faults end, and within 30 s the cluster
// has to come to rest. At last the whole history is judged.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/full/full_marks.h"
#include "tests/sim/journal.h"

namespace stele::sim {

struct FullRunOptions {
  std::uint64_t seed = 1;
  int members = 3;
  Micros faulty_time = 60 * kSecond;
  bool tells = false;  // every event as a line on stdout
};

struct FullRunResult {
  std::string violation;  // empty: none
  std::string swarm;      // what the seed drew
  MarkCounts counts{};
  FullMarkCounts full_counts{};
  std::uint64_t hash = 0;  // equal for equal runs
  std::uint64_t events = 0;
  std::uint64_t judged = 0;  // operations
  Micros simulated = 0;
};

FullRunResult RunFullSeed(const FullRunOptions& options);

}  // namespace stele::sim
