// Makes histories that keep every promise, to corrupt them or to measure with: concurrent clients
// of one imaginary store without faults.
#pragma once

#include <cstdint>

#include "tests/history/history.h"

namespace stele::history {

struct GoodHistoryOptions {
  std::uint64_t seed = 1;
  std::size_t operations = 1000;
  std::size_t keys = 20;
  std::size_t watchers = 4;  // one of all keys, the rest of one key or a range, from various starts
};

History MakeGoodHistory(const GoodHistoryOptions& options);

}  // namespace stele::history
