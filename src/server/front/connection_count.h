// How many connections are open, over all loops of a front. Any thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "absl/time/time.h"

namespace stele::server {

class ConnectionCount {
 public:
  void Increment() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void Decrement() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  std::size_t value() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  // Waits until none is open, at most `patience`.
  void AwaitNone(absl::Duration patience) {
    std::unique_lock lock(mutex_);
    none_.wait_for(lock, absl::ToChronoMilliseconds(std::min(patience, absl::Hours(24))),
                   [this] { return count_ == 0; });
  }

 private:
  mutable std::mutex mutex_;  // guards count_
  std::condition_variable none_;
  std::size_t count_ = 0;
};

}  // namespace stele::server
