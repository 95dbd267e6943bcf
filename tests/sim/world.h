// One run: a cluster, its clients and its faults, all from one seed. First everything goes wrong
// for a while; then all faults end, and the cluster has 30 s to come to rest.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/planted_bug.h"

namespace stele::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  int members = 3;
  Micros faulty_time = 100 * kSecond;
  PlantedBug bug = PlantedBug::kNone;
  bool tells = false;  // every event as a line on stdout
};

struct RunResult {
  std::string violation;  // empty: none
  std::string swarm;      // what the seed drew
  MarkCounts counts{};
  std::uint64_t hash = 0;  // equal for equal runs
  std::uint64_t events = 0;
  Micros simulated = 0;
};

RunResult RunSeed(const RunOptions& options);

}  // namespace stele::sim
