// Plants every bug, one after the other, and counts how long it takes until a check notices.
#pragma once

#include <cstddef>

namespace stele::sim {

struct HuntTotals {
  std::size_t hunted = 0;
  std::size_t found = 0;
  std::size_t scripted = 0;  // left to the tests that the table names
  double slowest = 0;        // seconds of processor
  double all = 0;
};

// Prints a table, a line for each bug. One that is not found within `budget_seconds` of processor
// time is not found.
HuntTotals HuntMutants(double budget_seconds, int threads);

}  // namespace stele::sim
