// Gives a pump a thread and a wake-up: the production side of pump.h.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

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
  std::mutex mutex_;  // guards what follows, except the thread
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace stele::server
