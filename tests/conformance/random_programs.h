// Random programs on two servers, answer by answer.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "tests/conformance/report.h"
#include "tests/conformance/subject.h"

namespace stele::conformance {

struct RandomProgramOptions {
  std::uint64_t first_seed = 1;
  int programs = 2000;
  int operations = 100;                       // of each program
  absl::Time until = absl::InfiniteFuture();  // no program is begun later
  int most_differences = 3;                   // then it stops
};

// Every lane runs one program at a time, beside the others. Its servers must belong to this run
// alone: programs delete everything there is.
ComparisonReport CompareRandomPrograms(const std::vector<ServerPair>& lanes,
                                       const RandomProgramOptions& options);

}  // namespace stele::conformance
