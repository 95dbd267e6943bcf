#include "src/server/front/event_loop.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <limits>
#include <utility>

#include "src/raft/check.h"

namespace stele::server {
namespace {

constexpr std::size_t kEventsPerWait = 256;

std::int64_t SteadyNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

EventLoop::EventLoop(const std::string& name)
    : name_(name.substr(0, 15)),
      mailbox_(std::make_shared<LoopMailbox>()),
      epoll_fd_(::epoll_create1(EPOLL_CLOEXEC)),
      now_ns_(SteadyNow()),
      fd_events_(kEventsPerWait),
      scratch_(std::make_unique<char[]>(kScratchBytes)) {
  STELE_CHECK(epoll_fd_ >= 0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  STELE_CHECK(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, mailbox_->wake_fd(), &event) == 0);
}

EventLoop::~EventLoop() {
  Stop();
  ::close(epoll_fd_);
}

void EventLoop::Start() {
  STELE_CHECK(!thread_.joinable());
  thread_ = std::jthread([this] { Run(); });
}

void EventLoop::Stop() {
  if (!thread_.joinable()) {
    mailbox_->Close();
    return;
  }
  STELE_CHECK(!InLoopThread());
  Post([this] { stopping_ = true; });
  thread_.join();
}

bool EventLoop::RunAfter(absl::Duration delay, Task task) {
  if (InLoopThread()) {
    SetTimer(delay, std::move(task));
    return true;
  }
  return Post(
      [this, delay, task = std::move(task)]() mutable { SetTimer(delay, std::move(task)); });
}

absl::Duration EventLoop::CpuTime() {
  if (!thread_.joinable()) return absl::ZeroDuration();
  clockid_t clock{};
  timespec used{};
  if (::pthread_getcpuclockid(thread_.native_handle(), &clock) != 0) return absl::ZeroDuration();
  if (::clock_gettime(clock, &used) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(used);
}

EventLoop::TimerId EventLoop::SetTimer(absl::Duration delay, Task task) {
  // From the true time, not the pass's: a long pass must not make timers early.
  const std::int64_t wait = std::max<std::int64_t>(0, absl::ToInt64Nanoseconds(delay));
  const std::int64_t now = SteadyNow();
  const std::int64_t latest = std::numeric_limits<std::int64_t>::max();
  const TimerId id{wait > latest - now ? latest : now + wait, next_timer_number_++};
  timers_.emplace(id, std::move(task));
  return id;
}

void EventLoop::CancelTimer(TimerId* id) {
  if (id->second != 0) timers_.erase(*id);
  *id = TimerId{};
}

absl::Status EventLoop::Watch(int fd, std::uint32_t events, FdEvents* target) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = target;
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "watching a socket");
}

void EventLoop::Unwatch(int fd, const FdEvents* target) {
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = 0; i < fd_event_count_; ++i) {
    if (fd_events_[i].data.ptr == target) fd_events_[i].data.ptr = nullptr;
  }
}

void EventLoop::ForgetPassEnd(PassEnd* target) {
  for (std::vector<PassEnd*>* list : {&pass_end_, &running_pass_end_}) {
    std::replace(list->begin(), list->end(), target, static_cast<PassEnd*>(nullptr));
  }
}

void EventLoop::Run() {
  mailbox_->BindThread();
  ::pthread_setname_np(::pthread_self(), name_.c_str());
  while (!stopping_) {
    DeliverFdEvents();
    RunTimers();
    RunTasks();
    RunPassEnds();
  }
  mailbox_->Close();
  timers_.clear();
}

int EventLoop::WaitMilliseconds() {
  if (!pass_end_.empty() || !mailbox_->PrepareSleep()) return 0;
  if (timers_.empty()) return -1;
  const std::int64_t wait_ns = timers_.begin()->first.first - SteadyNow();
  if (wait_ns <= 0) return 0;
  // Rounded up, or the last millisecond would be spent spinning.
  constexpr std::int64_t kLongestMs = 3'600'000;
  return static_cast<int>(std::min(kLongestMs, (wait_ns + 999'999) / 1'000'000));
}

void EventLoop::DeliverFdEvents() {
  const int count = ::epoll_wait(epoll_fd_, fd_events_.data(), static_cast<int>(fd_events_.size()),
                                 WaitMilliseconds());
  STELE_CHECK(count >= 0 || errno == EINTR);
  now_ns_ = SteadyNow();
  fd_event_count_ = static_cast<std::size_t>(std::max(0, count));
  for (std::size_t i = 0; i < fd_event_count_; ++i) {
    auto* target = static_cast<FdEvents*>(fd_events_[i].data.ptr);
    if (target != nullptr) target->OnFdEvents(fd_events_[i].events);  // null: just a wake-up
  }
  fd_event_count_ = 0;
}

void EventLoop::RunTimers() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_ns_) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

void EventLoop::RunTasks() {
  mailbox_->TakeAll(&running_tasks_);
  for (Task& task : running_tasks_) {
    task();
    task = nullptr;  // its captures end with it, not with the whole batch
  }
  running_tasks_.clear();
}

void EventLoop::RunPassEnds() {
  running_pass_end_.swap(pass_end_);
  for (PassEnd*& slot : running_pass_end_) {
    PassEnd* target = std::exchange(slot, nullptr);
    if (target != nullptr) target->OnPassEnd();
  }
  running_pass_end_.clear();
}

}  // namespace stele::server
