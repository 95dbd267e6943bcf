// One run: a cluster, its clients and its faults, all from one seed. First everything goes wrong
// for a while; then all faults end, and the cluster has 30 s to come to rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/event_queue.h"
#include "tests/sim/fault.h"
#include "tests/sim/journal.h"
#include "tests/sim/planted_bug.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

struct RunOptions {
  std::uint64_t seed = 1;
  int members = 0;  // at the start; 0: drawn
  Micros faulty_time = 100 * kSecond;
  PlantedBug bug = PlantedBug::kNone;
  bool tells = false;  // every event as a line on stdout
  // Instead of what the seed would draw.
  std::optional<Swarm> swarm;
  std::optional<std::vector<Fault>> faults;
};

struct RunResult {
  std::string violation;  // empty: none
  Swarm swarm;
  std::vector<Fault> faults;  // what the nemesis did
  MarkCounts counts{};
  std::uint64_t hash = 0;  // equal for equal runs
  std::uint64_t events = 0;
  Micros simulated = 0;
  // How many operations each member's disk saw, by member - 1.
  std::vector<std::uint64_t> disk_operations;
};

RunResult RunSeed(const RunOptions& options);

}  // namespace stele::sim
