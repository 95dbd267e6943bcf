#include "src/server/thread_runner.h"

#include <pthread.h>

#include <mutex>
#include <utility>

namespace stele::server {

ThreadRunner::ThreadRunner(Pump* pump, std::string name) : pump_(pump), name_(std::move(name)) {}

ThreadRunner::~ThreadRunner() { Stop(); }

void ThreadRunner::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void ThreadRunner::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void ThreadRunner::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ThreadRunner::Loop() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      woken_ = false;
    }
    if (pump_->RunOnce()) continue;
    const absl::Duration idle = pump_->IdleTime();
    std::unique_lock lock(mutex_);
    const auto roused = [this] { return woken_ || stopping_; };
    if (idle == absl::InfiniteDuration()) {
      changed_.wait(lock, roused);
    } else {
      changed_.wait_for(lock, absl::ToChronoNanoseconds(idle), roused);
    }
  }
}

}  // namespace stele::server
