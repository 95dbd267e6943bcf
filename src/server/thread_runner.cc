#include "src/server/thread_runner.h"

#include <pthread.h>

#include <utility>

namespace stele::server {

ThreadRunner::ThreadRunner(Pump* pump, std::string name) : pump_(pump), name_(std::move(name)) {}

ThreadRunner::~ThreadRunner() { Stop(); }

void ThreadRunner::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void ThreadRunner::Wake() {
  absl::MutexLock lock(&mutex_);
  woken_ = true;
}

void ThreadRunner::Stop() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void ThreadRunner::Loop() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      woken_ = false;
    }
    if (pump_->RunOnce()) continue;
    const absl::Duration idle = pump_->IdleTime();
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(
        absl::Condition(
            +[](ThreadRunner* runner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(runner->mutex_) {
              return runner->woken_ || runner->stopping_;
            },
            this),
        idle);
  }
}

}  // namespace stele::server
