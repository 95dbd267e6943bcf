// gRPC's framing of a message inside an HTTP/2 stream: one flag byte (0: not compressed) and the
// length in four bytes, most significant first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stele::load {

inline constexpr std::size_t kGrpcPrefixBytes = 5;

// REQUIRES: the message is smaller than 4 GiB.
std::string FrameGrpcMessage(std::string_view message);

// Where the content of field 1 begins in a framed message that sets it to `bytes` bytes (a field of
// type bytes or string with a number below 16).
std::size_t FirstFieldOffset(std::size_t bytes);

// The message, if `framed` is exactly one complete uncompressed message.
std::optional<std::string_view> UnframeGrpcMessage(std::string_view framed);

// The field's spelling of a status code, such as "ResourceExhausted"; "Code(n)" for unknown ones.
std::string GrpcCodeName(int code);

}  // namespace stele::load
