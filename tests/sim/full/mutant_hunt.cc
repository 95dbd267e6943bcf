#include "tests/sim/full/mutant_hunt.h"

#include <ctime>

#include "tests/sim/full/full_world.h"

namespace stele::sim {
namespace {

// Short runs: many different worlds find more than much of one.
constexpr Micros kFaultyTime = 25 * kSecond;

}  // namespace

Hunt HuntMutant(const FullMutant& mutant, double seconds_max) {
  const Plant plant(mutant);
  const std::clock_t start = std::clock();
  Hunt hunt;
  while (hunt.violation.empty() && hunt.processor_seconds < seconds_max) {
    FullRunOptions options;
    options.seed = ++hunt.seeds;
    options.faulty_time = kFaultyTime;
    hunt.violation = RunFullSeed(options).violation;
    hunt.processor_seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  return hunt;
}

}  // namespace stele::sim
