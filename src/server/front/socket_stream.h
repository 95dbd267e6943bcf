// A non-blocking stream socket as a ByteStream.
#pragma once

#include "absl/time/time.h"
#include "src/server/front/byte_stream.h"

namespace stele::server {

class SocketStream final : public ByteStream {
 public:
  // Owns `fd`, which must be non-blocking.
  explicit SocketStream(int fd) : fd_(fd) {}
  ~SocketStream() override;
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  Transfer Read(std::span<char> buffer) override;
  Transfer Write(std::span<const iovec> pieces) override;
  void ShutdownWrite() override;
  int fd() const override { return fd_; }
  bool short_read_means_empty() const override { return true; }

 private:
  const int fd_;
};

// Answers leave at once instead of waiting for an acknowledgement, and a peer that vanished with
// our bytes unacknowledged is given up after `unacknowledged_limit`. No effect on unix sockets.
void TuneTcpSocket(int fd, absl::Duration unacknowledged_limit);

}  // namespace stele::server
