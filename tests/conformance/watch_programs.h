// Random watch programs on two servers, watch by watch.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "tests/conformance/report.h"
#include "tests/conformance/subject.h"

namespace stele::conformance {

struct WatchProgramOptions {
  std::uint64_t first_seed = 1;
  int programs = 2000;
  absl::Time until = absl::InfiniteFuture();  // no bundle is begun later
  int bundle = 50;                            // programs that run at once
  int most_differences = 2;                   // then it stops
};

// Every lane is a pair of servers that belong to this run alone, and runs bundles of its own beside
// the others: most of the time of a bundle is spent waiting for answers.
ComparisonReport CompareWatchPrograms(const std::vector<ServerPair>& lanes,
                                      const WatchProgramOptions& options);

}  // namespace stele::conformance
