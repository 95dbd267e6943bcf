// A lasting relation to one endpoint: at most one connection at a time, made anew after a loss, and
// its registration with the owner's epoll instance (whose event data points to the Link).
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "bench/load/connection.h"
#include "bench/load/endpoint.h"
#include "bench/load/unique_fd.h"

namespace stele::load {

class Link {
 public:
  // `epoll_fd` and `endpoint` outlive this.
  Link(int epoll_fd, const Endpoint* endpoint) : epoll_fd_(epoll_fd), endpoint_(endpoint) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Begins to connect if there is neither a connection nor an attempt under way.
  void Connect();
  // Serves the socket. A lost connection is gone afterwards.
  void OnEvents(std::uint32_t events, Connection::ReadBuffer* buffer);
  void Flush();

  bool up() const { return connection_.has_value() && connection_->usable(); }
  // REQUIRES: a connection exists: up(), or one of its calls is still under way.
  Connection& connection() { return *connection_; }
  const Endpoint& endpoint() const { return *endpoint_; }
  // Why the last attempt failed; OK while there was none.
  const absl::Status& last_failure() const { return last_failure_; }

 private:
  void Watch(int operation, int fd, std::uint32_t events);
  void OnConnected();
  void DropIfFinished();

  const int epoll_fd_;
  const Endpoint* const endpoint_;
  UniqueFd connecting_;
  std::optional<Connection> connection_;
  bool waits_for_room_ = false;  // registered for EPOLLOUT because a Flush left something
  absl::Status last_failure_;
};

// Waits until `until_ns` (MonotonicNs) at the latest for sockets of links that are registered with
// `epoll_fd`, serves those that are ready and calls `after_each` after each of them.
void ServeLinks(int epoll_fd, std::int64_t until_ns, Connection::ReadBuffer* buffer,
                absl::FunctionRef<void()> after_each);

}  // namespace stele::load
