// One run of the full tier: a cluster of daemons' rooms, its clients and its faults, all from one
// seed. First everything goes wrong for a while; then all faults end, and within 30 s the cluster
// has to come to rest. At last the whole history is judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/fault.h"
#include "tests/sim/full/full_marks.h"
#include "tests/sim/full/full_swarm.h"
#include "tests/sim/journal.h"
#include "tests/sim/swarm.h"

namespace stele::sim {

struct FullRunOptions {
  std::uint64_t seed = 1;
  int members = 3;
  Micros faulty_time = 60 * kSecond;
  bool tells = false;  // every event as a line on stdout
  // Instead of what the seed would draw.
  std::optional<Swarm> swarm;
  std::optional<FullSwarm> full_swarm;
  std::optional<std::vector<Fault>> faults;
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
  // How many operations each member's disk saw, by member - 1.
  std::vector<std::uint64_t> disk_operations;
};

FullRunResult RunFullSeed(const FullRunOptions& options);

}  // namespace stele::sim
