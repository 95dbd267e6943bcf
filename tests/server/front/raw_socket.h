// A blocking socket that says whatever a test wants, and HTTP/2 frames by hand. Reads are bounded
// by kTestPatience.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stele::server {

// Types of frames, and their flags (RFC 9113, 6).
inline constexpr int kData = 0;
inline constexpr int kHeaders = 1;
inline constexpr int kReset = 3;
inline constexpr int kSettings = 4;
inline constexpr int kPing = 6;
inline constexpr int kGoAway = 7;
inline constexpr int kWindowUpdate = 8;
inline constexpr int kContinuation = 9;
inline constexpr int kAck = 1;
inline constexpr int kEndStream = 1;
inline constexpr int kEndHeaders = 4;

struct RawFrame {
  int type = 0;
  int flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};

class RawSocket {
 public:
  explicit RawSocket(int port);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // False once the server closed.
  bool Send(std::string_view bytes);
  void ShutdownWrite();
  // Everything until the server closes; sets *timed_out if it does not.
  std::string ReadToEnd(bool* timed_out);
  bool ClosedByServer() {
    bool timed_out = false;
    ReadToEnd(&timed_out);
    return !timed_out;
  }
  // At least `count` bytes, less at the end or after kTestPatience.
  std::string ReadAtLeast(std::size_t count);

 private:
  int fd_;
};

std::string Frame(int type, int flags, std::uint32_t stream, std::string_view payload);
// The client preface with an empty SETTINGS.
std::string Http2Preface();
// A HEADERS payload for a gRPC call: HPACK literals without indexing.
std::string GrpcHeaderBlock(std::string_view path);
// One literal field.
std::string Literal(std::string_view name, std::string_view value);
// The frames in `bytes`; a cut last one is left out.
std::vector<RawFrame> ParseFrames(std::string_view bytes);
// The last GOAWAY's error code, or -1, and its text.
int GoAwayCode(const std::vector<RawFrame>& frames, std::string* text = nullptr);

}  // namespace stele::server
