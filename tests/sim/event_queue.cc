#include "tests/sim/event_queue.h"

#include <algorithm>
#include <utility>

namespace stele::sim {

void EventQueue::At(Micros time, Action action) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(actions_.size());
    actions_.push_back(std::move(action));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    actions_[slot] = std::move(action);
  }
  heap_.push_back({std::max(time, now_), next_sequence_++, slot});
  std::push_heap(heap_.begin(), heap_.end());
}

bool EventQueue::RunNext(Micros limit) {
  if (heap_.empty() || heap_.front().time > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  const Event event = heap_.front();
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
  now_ = event.time;
  ++executed_;
  Action action = std::move(actions_[event.slot]);
  free_slots_.push_back(event.slot);
  action();
  return true;
}

}  // namespace stele::sim
