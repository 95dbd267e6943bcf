// Hands work to an EventLoop from any thread. Posting costs one short lock and, only when the loop
// is asleep, one write to wake it. The mailbox is shared so that objects which outlive the loop (a
// Call held by a handler) may still post: the task is then destroyed unrun.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace stele::server {

class LoopMailbox {
 public:
  // Tasks of up to 16 bytes of captures (a shared_ptr) are stored without allocation.
  using Task = absl::AnyInvocable<void()>;

  LoopMailbox();
  ~LoopMailbox();
  LoopMailbox(const LoopMailbox&) = delete;
  LoopMailbox& operator=(const LoopMailbox&) = delete;

  // Any thread. False when the loop has stopped for good: the task was destroyed, not run.
  bool Post(Task task);

  // Whether the caller is the loop's thread.
  bool InLoopThread() const {
    return thread_id_.load(std::memory_order_acquire) == std::this_thread::get_id();
  }

  // The rest is for the loop's thread.
  void BindThread() { thread_id_.store(std::this_thread::get_id(), std::memory_order_release); }

  // The tasks posted so far, in order; `tasks` must be empty and lends its capacity.
  void TakeAll(std::vector<Task>* tasks);
  // Declares that the loop is about to wait on wake_fd(). False if tasks are waiting: do not sleep.
  bool PrepareSleep();
  // Refuses further posts and destroys what is queued.
  void Close();
  // Becomes readable at each wake-up; meant to be watched edge-triggered and never read.
  int wake_fd() const { return wake_fd_; }

 private:
  const int wake_fd_;
  std::atomic<std::thread::id> thread_id_;
  // A std::mutex, not absl::Mutex: Debian builds abseil with its lock-order detector, which costs
  // more than everything else a post does, and without thread sanitizer, which then sees no lock.
  // It guards the three members below.
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool asleep_ = false;
  bool closed_ = false;
};

}  // namespace stele::server
