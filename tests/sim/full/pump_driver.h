// Runs one of the daemon's pumps in one life of a member, as ThreadRunner does with a thread: when
// it is woken, and when its idle time is over.
#pragma once

#include <algorithm>

#include "src/server/pump.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/member.h"

namespace stele::sim {

class PumpDriver {
 public:
  // All pointers outlive the driver.
  PumpDriver(server::Pump* pump, EventQueue* queue, Member* member)
      : pump_(pump), queue_(queue), member_(member) {}

  void Wake(Micros delay) { RunAt(queue_->now() + delay); }

 private:
  void RunAt(Micros time) {
    if (time >= due_) return;
    due_ = time;
    member_->InThisLife(time, [this, time] {
      if (time != due_) return;
      due_ = kNever;
      Run();
    });
  }

  void Run() {
    if (pump_->RunOnce()) return RunAt(queue_->now() + 1);
    const absl::Duration idle = pump_->IdleTime();
    if (idle == absl::InfiniteDuration()) return;
    // At least a little later: a clock that runs slow must not be asked for ever.
    RunAt(queue_->now() + std::max<Micros>(absl::ToInt64Microseconds(idle), 100));
  }

  server::Pump* const pump_;
  EventQueue* const queue_;
  Member* const member_;
  Micros due_ = kNever;
};

}  // namespace stele::sim
