// Random programs on two servers, answer by answer.
#pragma once

#include <cstdint>
#include <string>

#include "tests/conformance/report.h"

namespace stele::conformance {

struct RandomProgramOptions {
  std::uint64_t first_seed = 1;
  int programs = 2000;
  int operations = 100;      // of each program
  int most_differences = 3;  // then it stops
};

// Both servers must belong to this run alone: programs delete everything there is.
ComparisonReport CompareRandomPrograms(const std::string& subject, const std::string& reference,
                                       const RandomProgramOptions& options);

}  // namespace stele::conformance
