// An active part of the daemon without a thread of its own. In production ThreadRunner calls
// RunOnce whenever the pump is woken or its time has come; a simulator calls it in an order drawn
// from the seed.
#pragma once

#include "absl/time/time.h"

namespace stele::server {

class Pump {
 public:
  virtual ~Pump() = default;
  // Does one bounded batch of work. Returns whether there was any.
  virtual bool RunOnce() = 0;
  // How long the pump may sleep if nobody wakes it.
  virtual absl::Duration IdleTime() { return absl::InfiniteDuration(); }
};

}  // namespace stele::server
