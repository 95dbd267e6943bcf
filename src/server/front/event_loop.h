// One thread, one epoll set: sockets, timers and posted tasks, run one after another without locks.
// The front and the member-to-member connections live on such loops.
//
// A pass is: wait for sockets, deliver their events, run due timers, run posted tasks, then run
// what asked for the end of the pass. Output is written and connections are destroyed only there,
// so many small answers of one pass leave in one system call, and no callback finds a dead object.
//
// Threads: Start and Stop belong to the owner, not to the loop's thread. Post and RunAfter may be
// called by any thread. All else belongs to the loop's thread.
#pragma once

#include <sys/epoll.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/server/front/loop_mailbox.h"

namespace stele::server {

class EventLoop {
 public:
  using Task = LoopMailbox::Task;

  class FdEvents {
   public:
    virtual ~FdEvents() = default;
    // `events` are epoll's bits.
    virtual void OnFdEvents(std::uint32_t events) = 0;
  };

  class PassEnd {
   public:
    virtual ~PassEnd() = default;
    // May destroy the object itself, and may ask for the end of the next pass.
    virtual void OnPassEnd() = 0;
  };

  // Names a timer; a default-made one names none. Unique for the life of the loop.
  using TimerId = std::pair<std::int64_t, std::uint64_t>;

  // `name` is the thread's, at most 15 bytes are used.
  explicit EventLoop(const std::string& name);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void Start();
  // Ends the thread after the current pass; later posts are refused. Idempotent.
  void Stop();

  // False if the loop has stopped. Tasks posted before Start run after it.
  bool Post(Task task) { return mailbox_->Post(std::move(task)); }
  // Runs `task` on the loop's thread, not before `delay` has passed.
  bool RunAfter(absl::Duration delay, Task task);
  bool InLoopThread() const { return mailbox_->InLoopThread(); }
  // For objects that may outlive the loop.
  const std::shared_ptr<LoopMailbox>& mailbox() const { return mailbox_; }
  // CPU time used by the loop's thread so far; zero when it is not running. Owner's thread.
  absl::Duration CpuTime();

  // Steady clock, nanoseconds, read once a pass.
  std::int64_t now_ns() const { return now_ns_; }
  TimerId SetTimer(absl::Duration delay, Task task);
  // Harmless for a timer that fired or for the default id; resets `id`.
  void CancelTimer(TimerId* id);

  // Delivers `events` of `fd` to `target` until Unwatch.
  absl::Status Watch(int fd, std::uint32_t events, FdEvents* target);
  // `target` hears nothing more of `fd`, not even events already fetched.
  void Unwatch(int fd, const FdEvents* target);

  // Calls target->OnPassEnd() once at the end of this pass (from within OnPassEnd: of the next,
  // which then does not sleep). The caller avoids asking twice.
  void AtPassEnd(PassEnd* target) { pass_end_.push_back(target); }
  // Takes the wish back. Not from within OnPassEnd of the target itself.
  void ForgetPassEnd(PassEnd* target);

  // A buffer for reading sockets, shared by everything on the loop; valid until the callee returns.
  static constexpr std::size_t kScratchBytes = 64 * 1024;
  char* scratch() { return scratch_.get(); }

 private:
  void Run();
  int WaitMilliseconds();
  void DeliverFdEvents();
  void RunTimers();
  void RunTasks();
  void RunPassEnds();

  const std::string name_;
  const std::shared_ptr<LoopMailbox> mailbox_;
  const int epoll_fd_;
  std::jthread thread_;
  bool stopping_ = false;  // loop's thread only
  std::int64_t now_ns_;
  std::uint64_t next_timer_number_ = 1;
  absl::btree_map<TimerId, Task> timers_;
  std::vector<Task> running_tasks_;
  std::vector<epoll_event> fd_events_;  // fetched; the first fd_event_count_ are being delivered
  std::size_t fd_event_count_ = 0;
  std::vector<PassEnd*> pass_end_;
  std::vector<PassEnd*> running_pass_end_;
  const std::unique_ptr<char[]> scratch_;
};

}  // namespace stele::server
