#include "src/server/front/loop_mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "src/raft/check.h"

namespace stele::server {

LoopMailbox::LoopMailbox() : wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  STELE_CHECK(wake_fd_ >= 0);
}

LoopMailbox::~LoopMailbox() { ::close(wake_fd_); }

bool LoopMailbox::Post(Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    tasks_.push_back(std::move(task));
    wake = std::exchange(asleep_, false);
  }
  if (wake) {
    const std::uint64_t one = 1;
    // Fails only when the counter is about to overflow, and then the fd is readable anyway.
    [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof(one));
  }
  return true;
}

void LoopMailbox::TakeAll(std::vector<Task>* tasks) {
  STELE_CHECK(tasks->empty());
  const std::lock_guard lock(mutex_);
  asleep_ = false;
  tasks->swap(tasks_);
}

bool LoopMailbox::PrepareSleep() {
  const std::lock_guard lock(mutex_);
  asleep_ = tasks_.empty();
  return asleep_;
}

void LoopMailbox::Close() {
  // Declared before the lock, so destroyed after its release: captures may post as they die.
  std::vector<Task> unrun;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  unrun.swap(tasks_);
}

}  // namespace stele::server
