// Gives a pump a thread and a wake-up: the production side of pump.h.
#pragma once

#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "src/server/pump.h"

namespace stele::server {

class ThreadRunner {
 public:
  // `pump` outlives the runner. `name` (at most 15 characters) is what `top -H` shows.
  ThreadRunner(Pump* pump, std::string name);
  ~ThreadRunner();  // stops

  ThreadRunner(const ThreadRunner&) = delete;
  ThreadRunner& operator=(const ThreadRunner&) = delete;

  void Start();
  // Any thread. The pump runs once more at least after this call.
  void Wake();
  // Returns after the pump's last RunOnce. Not from the pump's own thread.
  void Stop();

 private:
  void Loop();

  Pump* const pump_;
  const std::string name_;
  absl::Mutex mutex_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace stele::server
