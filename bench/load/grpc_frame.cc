#include "bench/load/grpc_frame.h"

#include <array>

#include "fmt/format.h"

namespace stele::load {

std::string FrameGrpcMessage(std::string_view message) {
  std::string framed(1, '\0');
  framed.reserve(kGrpcPrefixBytes + message.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>((message.size() >> shift) & 0xff));
  }
  framed.append(message);
  return framed;
}

std::size_t FirstFieldOffset(std::size_t bytes) {
  std::size_t length_bytes = 1;
  for (std::size_t rest = bytes >> 7; rest != 0; rest >>= 7) ++length_bytes;
  return kGrpcPrefixBytes + 1 + length_bytes;
}

std::optional<std::string_view> UnframeGrpcMessage(std::string_view framed) {
  if (framed.size() < kGrpcPrefixBytes || framed[0] != '\0') return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) {
    length = (length << 8) | static_cast<unsigned char>(framed[i]);
  }
  if (framed.size() - kGrpcPrefixBytes != length) return std::nullopt;
  return framed.substr(kGrpcPrefixBytes);
}

std::string GrpcCodeName(int code) {
  static constexpr std::array<std::string_view, 17> kNames = {
      "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  if (code >= 0 && static_cast<std::size_t>(code) < kNames.size()) {
    return std::string(kNames[static_cast<std::size_t>(code)]);
  }
  return fmt::format("Code({})", code);
}

}  // namespace stele::load
