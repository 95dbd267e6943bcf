// A clock that a test moves by hand.
#pragma once

#include "src/server/clock.h"

namespace stele::server {

class FakeClock final : public Clock {
 public:
  absl::Duration Now() const override { return now_; }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Duration now_ = absl::Hours(1);
};

}  // namespace stele::server
