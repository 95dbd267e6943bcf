// Virtual time: what happens is an event, ordered by time and, within one microsecond, by the order
// in which it was asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace stele::sim {

using Micros = std::int64_t;

inline constexpr Micros kMillisecond = 1000;
inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kNever = INT64_MAX;

class EventQueue {
 public:
  using Action = absl::AnyInvocable<void()>;

  Micros now() const { return now_; }
  std::uint64_t executed() const { return executed_; }

  // A time that has passed means now.
  void At(Micros time, Action action);
  void After(Micros delay, Action action) { At(now_ + delay, std::move(action)); }

  // Moves time to the next event and runs it, unless that is behind `limit`; time is then `limit`.
  bool RunNext(Micros limit);

 private:
  struct Event {
    Micros time;
    std::uint64_t sequence;
    std::uint32_t slot;

    friend bool operator<(const Event& a, const Event& b) {  // the heap's top is the largest
      return a.time != b.time ? a.time > b.time : a.sequence > b.sequence;
    }
  };

  Micros now_ = 0;
  std::uint64_t executed_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::vector<Event> heap_;
  std::vector<Action> actions_;  // by slot, so that the heap moves small things only
  std::vector<std::uint32_t> free_slots_;
};

}  // namespace stele::sim
