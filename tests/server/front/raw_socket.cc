#include "tests/server/front/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "src/raft/check.h"
#include "tests/server/front/test_client.h"

namespace stele::server {

RawSocket::RawSocket(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  STELE_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  const timeval limit{10, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

RawSocket::~RawSocket() { ::close(fd_); }

bool RawSocket::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawSocket::ShutdownWrite() { ::shutdown(fd_, SHUT_WR); }

std::string RawSocket::ReadToEnd(bool* timed_out) {
  std::string text;
  const absl::Time deadline = absl::Now() + kTestPatience;
  *timed_out = false;
  while (true) {
    pollfd wait{fd_, POLLIN, 0};
    if (absl::Now() > deadline || ::poll(&wait, 1, 20'000) <= 0) {
      *timed_out = true;
      return text;
    }
    char buffer[16384];
    const ssize_t count = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

std::string RawSocket::ReadAtLeast(std::size_t count) {
  std::string text;
  while (text.size() < count) {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, 20'000) <= 0) return text;
    char buffer[16384];
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::string Frame(int type, int flags, std::uint32_t stream, std::string_view payload) {
  const std::size_t size = payload.size();
  std::string frame = {static_cast<char>(size >> 16),   static_cast<char>(size >> 8),
                       static_cast<char>(size),         static_cast<char>(type),
                       static_cast<char>(flags),        static_cast<char>(stream >> 24),
                       static_cast<char>(stream >> 16), static_cast<char>(stream >> 8),
                       static_cast<char>(stream)};
  return frame.append(payload);
}

std::string Http2Preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, 0, ""); }

std::string Literal(std::string_view name, std::string_view value) {
  const auto text = [](std::string_view part) {
    std::string encoded;
    if (part.size() < 127) {
      encoded.push_back(static_cast<char>(part.size()));
    } else {
      encoded.push_back('\x7f');
      std::size_t rest = part.size() - 127;
      for (; rest >= 128; rest /= 128) encoded.push_back(static_cast<char>(rest % 128 + 128));
      encoded.push_back(static_cast<char>(rest));
    }
    return encoded.append(part);
  };
  return std::string(1, '\0') + text(name) + text(value);
}

std::string GrpcHeaderBlock(std::string_view path) {
  return Literal(":method", "POST") + Literal(":scheme", "http") + Literal(":path", path) +
         Literal(":authority", "test") + Literal("te", "trailers") +
         Literal("content-type", "application/grpc");
}

std::vector<RawFrame> ParseFrames(std::string_view bytes) {
  std::vector<RawFrame> frames;
  const auto byte = [&bytes](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i]));
  };
  while (bytes.size() >= 9) {
    const std::size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
    if (bytes.size() < 9 + size) break;
    RawFrame frame;
    frame.type = static_cast<int>(byte(3));
    frame.flags = static_cast<int>(byte(4));
    frame.stream =
        static_cast<std::uint32_t>((byte(5) & 127) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8));
    frame.payload = bytes.substr(9, size);
    frames.push_back(std::move(frame));
    bytes.remove_prefix(9 + size);
  }
  return frames;
}

int GoAwayCode(const std::vector<RawFrame>& frames, std::string* text) {
  int code = -1;
  for (const RawFrame& frame : frames) {
    if (frame.type != kGoAway || frame.payload.size() < 8) continue;
    code = static_cast<unsigned char>(frame.payload[7]);
    if (text != nullptr) *text = frame.payload.substr(8);
  }
  return code;
}

}  // namespace stele::server
