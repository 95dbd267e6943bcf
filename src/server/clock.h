// The door to time. Monotonic: never falls, and goes on while the machine sleeps (CLOCK_BOOTTIME),
// because leases promise wall time to people.
#pragma once

#include "absl/time/time.h"

namespace stele::server {

class Clock {
 public:
  virtual ~Clock() = default;
  // Time since an arbitrary start, the same for the life of the process. Any thread.
  virtual absl::Duration Now() const = 0;
};

class BootTimeClock final : public Clock {
 public:
  absl::Duration Now() const override;
};

}  // namespace stele::server
