// Makes a failing run smaller: first the faults of the nemesis (ddmin: Zeller, Hildebrandt 2002),
// then the noise of network and disks, then the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "tests/sim/world.h"

namespace stele::sim {

struct Shrunk {
  RunOptions options;     // with `swarm` and `faults`; still fails
  std::string violation;  // as they make it
  std::size_t faults_before = 0;
  std::size_t runs = 0;
};

// REQUIRES: the run of `options` fails. Takes about `budget` at most. When the schedule alone does
// not show the violation, which a tie in time may cause, the options come back unchanged.
Shrunk Shrink(const RunOptions& options, std::chrono::seconds budget);

}  // namespace stele::sim
