#include "src/server/front/listener.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace stele::server {
namespace {

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerPass = 64;
constexpr absl::Duration kRest = absl::Milliseconds(100);

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(EventLoop* loop,
                                                         const std::string& address,
                                                         HasRoom has_room, Accepted accepted) {
  absl::StatusOr<SocketAddress> parsed = ParseSocketAddress(address);
  if (!parsed.ok()) return parsed.status();
  const int fd = ::socket(parsed->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("opening a socket for ", address));
  absl::Cleanup close_fd = [fd] { ::close(fd); };
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (parsed->family() == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  if (parsed->family() == AF_UNIX) {
    ::unlink(reinterpret_cast<const sockaddr_un*>(&parsed->storage)->sun_path);
  }
  if (::bind(fd, parsed->address(), parsed->length) != 0 || ::listen(fd, kBacklog) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("listening on ", address));
  }
  SocketAddress bound;
  bound.length = sizeof(bound.storage);
  if (::getsockname(fd, bound.address(), &bound.length) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("listening on ", address));
  }
  std::move(close_fd).Cancel();
  return std::unique_ptr<Listener>(
      new Listener(loop, fd, bound, std::move(has_room), std::move(accepted)));
}

Listener::Listener(EventLoop* loop, int fd, SocketAddress bound, HasRoom has_room,
                   Accepted accepted)
    : loop_(loop),
      fd_(fd),
      bound_(bound),
      has_room_(std::move(has_room)),
      accepted_(std::move(accepted)) {}

Listener::~Listener() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status Listener::Start() {
  // Level-triggered: what one pass leaves in the backlog shows up in the next.
  return loop_->Watch(fd_, EPOLLIN, this);
}

void Listener::Resume() {
  if (fd_ < 0 || !std::exchange(resting_, false)) return;
  loop_->CancelTimer(&rest_timer_);
  if (!loop_->Watch(fd_, EPOLLIN, this).ok()) resting_ = true;
}

void Listener::Close() {
  if (fd_ < 0) return;
  loop_->CancelTimer(&rest_timer_);
  loop_->Unwatch(fd_, this);
  ::close(std::exchange(fd_, -1));
}

void Listener::OnFdEvents(std::uint32_t /*events*/) {
  if (fd_ >= 0 && !resting_) AcceptSome();
}

void Listener::AcceptSome() {
  for (int i = 0; i < kAcceptsPerPass; ++i) {
    const bool room = has_room_();
    int fd = -1;
    SocketAddress peer;
    if (room) {
      peer.length = sizeof(peer.storage);
      fd = ::accept4(fd_, peer.address(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
    if (fd >= 0) {
      accepted_(fd, peer.ToString());
      continue;
    }
    if (room && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (room && (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)) continue;
    // No room, or no descriptors (EMFILE, ENFILE, ENOBUFS, ENOMEM): the backlog keeps the clients
    // while we look away, for asking again at once would only burn the processor.
    resting_ = true;
    loop_->Unwatch(fd_, this);
    rest_timer_ = loop_->SetTimer(kRest, [this] { Resume(); });
    return;
  }
}

}  // namespace stele::server
