#include "src/server/clock.h"

#include <ctime>

#include "src/raft/check.h"

namespace stele::server {

absl::Duration BootTimeClock::Now() const {
  timespec now{};
  STELE_CHECK(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
  return absl::DurationFromTimespec(now);
}

}  // namespace stele::server
