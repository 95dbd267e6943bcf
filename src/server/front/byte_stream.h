// The two ends of a connection's transport, below HTTP. Plain sockets implement it now; TLS enters
// here as a second implementation that wraps a socket and performs its handshake inside Read and
// Write (both answer kWouldBlock until it is done).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace stele::server {

class ByteStream {
 public:
  enum class Outcome { kDone, kWouldBlock, kEnd, kError };
  struct Transfer {
    Outcome outcome = Outcome::kDone;
    std::size_t bytes = 0;  // > 0 exactly when kDone
  };

  virtual ~ByteStream() = default;
  // At most buffer.size() bytes. kEnd: the peer will send no more.
  virtual Transfer Read(std::span<char> buffer) = 0;
  // Takes a prefix of the pieces, at least one byte when kDone. At most kMaxPieces pieces.
  static constexpr std::size_t kMaxPieces = 64;
  virtual Transfer Write(std::span<const iovec> pieces) = 0;
  // No more writes; the peer sees the end once it read everything.
  virtual void ShutdownWrite() = 0;
  // To be watched by epoll for both directions, edge-triggered.
  virtual int fd() const = 0;
  // Whether a Read of less than asked leaves nothing behind, so that epoll's next edge tells of
  // more.
  virtual bool short_read_means_empty() const = 0;
  // What ALPN agreed on ("h2", "http/1.1"); empty when the first bytes must tell.
  virtual std::string_view application_protocol() const { return {}; }
};

}  // namespace stele::server
