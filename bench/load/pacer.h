// Decides when the next operation starts. Pure: the time is handed in, in nanoseconds of any one
// monotonic clock.
//
// Closed loop (no rate): an operation may start whenever a client is free. Open loop: operations
// are due at fixed instants whether or not the server keeps up, and an operation that found no free
// client at its instant is still reported with that instant, so that a stall of the server is
// charged with everything that had to wait for it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace stele::load {

class Pacer {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct Plan {
    std::uint64_t total = std::numeric_limits<std::uint64_t>::max();  // operations to start
    std::int64_t start_ns = 0;
    std::int64_t end_ns = kNever;  // nothing is due at or after this
    double interval_ns = 0;        // between two due instants; 0: closed loop
  };

  explicit Pacer(const Plan& plan) : plan_(plan) {}

  // If an operation may start now: the instant from which its latency counts.
  std::optional<std::int64_t> TakeStart(std::int64_t now_ns);
  // When TakeStart will next succeed, at or before now if it would at once; kNever once Exhausted.
  std::int64_t NextStart(std::int64_t now_ns) const;
  bool Exhausted(std::int64_t now_ns) const { return NextStart(now_ns) == kNever; }
  // Nothing starts any more.
  void Stop() { plan_.total = started_; }

  // Operations that were due before the end and have not been started; 0 in a closed loop.
  std::uint64_t Overdue(std::int64_t now_ns) const;

 private:
  // In open loop the n-th instant is computed from the start, so that rounding does not add up.
  std::int64_t DueInstant() const {
    return plan_.start_ns +
           static_cast<std::int64_t>(static_cast<double>(started_) * plan_.interval_ns);
  }
  bool open_loop() const { return plan_.interval_ns > 0; }

  Plan plan_;
  std::uint64_t started_ = 0;
};

}  // namespace stele::load
