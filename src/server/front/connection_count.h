// How many connections are open, over all loops of a front. Any thread.
#pragma once

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace stele::server {

class ConnectionCount {
 public:
  void Increment() {
    absl::MutexLock lock(&mutex_);
    ++count_;
  }
  void Decrement() {
    absl::MutexLock lock(&mutex_);
    --count_;
  }
  std::size_t value() const {
    absl::MutexLock lock(&mutex_);
    return count_;
  }
  // Waits until none is open, at most `patience`.
  void AwaitNone(absl::Duration patience) const {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(
                                +[](const std::size_t* count) { return *count == 0; }, &count_),
                            patience);
  }

 private:
  mutable absl::Mutex mutex_;
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace stele::server
