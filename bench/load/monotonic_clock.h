// The clock of all measurements: CLOCK_MONOTONIC, which other processes of the machine share.
#pragma once

#include <cstdint>
#include <ctime>

namespace stele::load {

inline std::int64_t MonotonicNs() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace stele::load
