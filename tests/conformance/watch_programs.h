// Random watch programs on two servers, watch by watch.
#pragma once

#include <cstdint>
#include <string>

#include "tests/conformance/report.h"

namespace stele::conformance {

struct WatchProgramOptions {
  std::uint64_t first_seed = 1;
  int programs = 2000;
  int bundle = 50;           // programs that run at once
  int most_differences = 2;  // then it stops
};

// Both servers must belong to this run alone.
ComparisonReport CompareWatchPrograms(const std::string& subject, const std::string& reference,
                                      const WatchProgramOptions& options);

}  // namespace stele::conformance
