#include "bench/load/link.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "bench/load/monotonic_clock.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

constexpr int kEventsMax = 64;

}  // namespace

void Link::Connect() {
  if (connection_.has_value() || connecting_.valid()) return;
  absl::StatusOr<UniqueFd> fd = BeginConnect(*endpoint_);
  if (!fd.ok()) {
    last_failure_ = fd.status();
    return;
  }
  connecting_ = *std::move(fd);
  Watch(EPOLL_CTL_ADD, connecting_.get(), EPOLLOUT);
}

void Link::OnEvents(std::uint32_t events, Connection::ReadBuffer* buffer) {
  if (connecting_.valid()) {
    OnConnected();
    return;
  }
  if (!connection_.has_value()) return;
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) connection_->OnReadable(buffer);
  Flush();
}

void Link::OnConnected() {
  UniqueFd fd = std::exchange(connecting_, UniqueFd());
  if (absl::Status status = ConnectResult(fd.get()); !status.ok()) {
    last_failure_ =
        absl::Status(status.code(), endpoint_->authority + ": " + std::string(status.message()));
    return;
  }
  Watch(EPOLL_CTL_MOD, fd.get(), EPOLLIN);
  waits_for_room_ = false;
  connection_.emplace(std::move(fd), endpoint_->authority);
}

void Link::Flush() {
  if (!connection_.has_value()) return;
  const bool wait_for_room = connection_->Flush();
  if (wait_for_room != waits_for_room_) {
    waits_for_room_ = wait_for_room;
    Watch(EPOLL_CTL_MOD, connection_->fd(),
          wait_for_room ? EPOLLIN | EPOLLOUT : static_cast<std::uint32_t>(EPOLLIN));
  }
  DropIfFinished();
}

// A connection that takes no new calls is kept until those under way have ended.
void Link::DropIfFinished() {
  if (!connection_->usable() && connection_->calls_in_flight() == 0) connection_.reset();
}

void Link::Watch(int operation, int fd, std::uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = this;
  STELE_CHECK(::epoll_ctl(epoll_fd_, operation, fd, &event) == 0);
}

void ServeLinks(int epoll_fd, std::int64_t until_ns, Connection::ReadBuffer* buffer,
                absl::FunctionRef<void()> after_each) {
  const std::int64_t wait_ns = std::max<std::int64_t>(until_ns - MonotonicNs(), 0);
  const timespec wait = {.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
  std::array<epoll_event, kEventsMax> events;
  const int ready = ::epoll_pwait2(epoll_fd, events.data(), kEventsMax, &wait, nullptr);
  STELE_CHECK(ready >= 0 || errno == EINTR);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Link*>(event.data.ptr)->OnEvents(event.events, buffer);
    after_each();
  }
}

}  // namespace stele::load
