// An active part of the daemon without a thread of its own. In production ThreadRunner calls
// RunOnce whenever the pump is woken; the simulator calls it in an order drawn from the seed.
#pragma once

namespace stele::server {

class Pump {
 public:
  virtual ~Pump() = default;
  // Does one bounded batch of work. Returns whether there was any.
  virtual bool RunOnce() = 0;
};

}  // namespace stele::server
