// Looks for a planted bug, seed after seed, until it is found or its budget is spent.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/full/full_mutants.h"

namespace stele::sim {

struct Hunt {
  std::uint64_t seeds = 0;
  double processor_seconds = 0;
  std::string violation;  // empty: not found
};

// Runs seeds from 1 on until a violation, or until `seconds_max` of processor time are spent.
Hunt HuntMutant(const FullMutant& mutant, double seconds_max);

// What every planted bug may cost.
inline constexpr double kMutantSecondsMax = 8;

}  // namespace stele::sim
