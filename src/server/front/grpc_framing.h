// The framing of messages inside a gRPC stream: one byte "compressed", four bytes length (big
// endian), then the message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace stele::server {

inline constexpr std::size_t kGrpcPrefixBytes = 5;

// REQUIRES: message_bytes < 2^32.
std::array<char, kGrpcPrefixBytes> GrpcPrefix(std::size_t message_bytes);

// Cuts a stream of bytes into messages. Memory grows with the bytes that arrived, never with the
// length that a peer merely claims.
class GrpcMessageReader {
 public:
  explicit GrpcMessageReader(std::size_t max_message_bytes = 0) { Reset(max_message_bytes); }

  // Forgets everything, keeping a small buffer for reuse.
  void Reset(std::size_t max_message_bytes);

  // Receives a message that lives during the call only. It points into the fed bytes when it lies
  // there completely; else it is all of *buffer, which may be moved from. Returning false stops the
  // reading for good.
  using Deliver = absl::FunctionRef<bool(std::string_view message, std::string* buffer)>;

  // Calls `deliver` for each message completed by `bytes`. An error is final: the status to end the
  // call with.
  absl::Status Feed(std::string_view bytes, Deliver deliver);

  // Inside a prefix or a message.
  bool partial() const { return prefix_size_ > 0; }
  std::size_t buffered_bytes() const { return message_.size(); }

 private:
  absl::Status ParsePrefix();

  std::size_t max_message_bytes_ = 0;
  std::array<char, kGrpcPrefixBytes> prefix_{};
  std::size_t prefix_size_ = 0;
  std::size_t message_size_ = 0;  // known once the prefix is complete
  std::string message_;           // the part of the message that earlier calls brought
  bool stopped_ = false;
};

}  // namespace stele::server
