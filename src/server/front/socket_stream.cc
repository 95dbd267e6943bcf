#include "src/server/front/socket_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace stele::server {
namespace {

ByteStream::Transfer FromResult(ssize_t result) {
  if (result > 0) return {ByteStream::Outcome::kDone, static_cast<std::size_t>(result)};
  if (result == 0) return {ByteStream::Outcome::kEnd, 0};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {later ? ByteStream::Outcome::kWouldBlock : ByteStream::Outcome::kError, 0};
}

}  // namespace

SocketStream::~SocketStream() { ::close(fd_); }

ByteStream::Transfer SocketStream::Read(std::span<char> buffer) {
  ssize_t result = 0;
  do {
    result = ::recv(fd_, buffer.data(), buffer.size(), 0);
  } while (result < 0 && errno == EINTR);
  return FromResult(result);
}

ByteStream::Transfer SocketStream::Write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());  // sendmsg does not write to it
  message.msg_iovlen = std::min(pieces.size(), kMaxPieces);
  ssize_t result = 0;
  do {
    result = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
  } while (result < 0 && errno == EINTR);
  return FromResult(result);
}

void SocketStream::ShutdownWrite() { ::shutdown(fd_, SHUT_WR); }

void TuneTcpSocket(int fd, absl::Duration unacknowledged_limit) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto milliseconds = static_cast<unsigned int>(absl::ToInt64Milliseconds(
      std::clamp(unacknowledged_limit, absl::ZeroDuration(), absl::Hours(24))));
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
}

}  // namespace stele::server
