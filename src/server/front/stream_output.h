// What one stream still has to send: messages as shared pieces, cut wherever flow control wants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/server/front/grpc_framing.h"
#include "src/server/front/output_buffer.h"

namespace stele::server {

// A piece of a message. The first piece of a gRPC message carries its prefix.
struct OutputPart {
  std::array<char, kGrpcPrefixBytes> prefix{};
  std::uint8_t prefix_size = 0;
  std::string owned;  // used if `shared` is null
  std::shared_ptr<const std::string> shared;

  std::string_view body() const { return shared == nullptr ? std::string_view(owned) : *shared; }
  std::size_t size() const { return prefix_size + body().size(); }
};

// A whole gRPC message in one part.
OutputPart GrpcMessagePart(std::string message);
// Owned strings of this size or more are put behind a reference, so that they are never copied.
inline constexpr std::size_t kSharedBytesMin = 2 * 1024;

// Appends a gRPC message made of `pieces` to `parts` and returns its size with the prefix. Null and
// empty pieces are skipped. `copies`: a small message is put behind the one before, which is faster
// than to refer to its pieces, but takes its bytes once more.
template <typename Parts>
std::size_t AppendGrpcMessage(std::span<const std::shared_ptr<const std::string>> pieces,
                              bool copies, Parts* parts) {
  constexpr std::size_t kRunBytesMax = 8 * kSharedBytesMin;
  std::size_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece == nullptr ? 0 : piece->size();
  const std::array<char, kGrpcPrefixBytes> prefix = GrpcPrefix(bytes);
  if (copies && bytes < kSharedBytesMin) {
    const bool fits = !parts->empty() && parts->back().shared == nullptr &&
                      parts->back().owned.size() + prefix.size() + bytes <= kRunBytesMax;
    std::string& run = fits ? parts->back().owned : parts->emplace_back().owned;
    if (run.empty()) run.reserve(prefix.size() + bytes);
    run.append(prefix.data(), prefix.size());
    for (const auto& piece : pieces) {
      if (piece != nullptr) run.append(*piece);
    }
    return bytes + prefix.size();
  }
  OutputPart* first = &parts->emplace_back();
  first->prefix = prefix;
  first->prefix_size = kGrpcPrefixBytes;
  bool used = false;
  for (const auto& piece : pieces) {
    if (piece == nullptr || piece->empty()) continue;
    if (used) first = &parts->emplace_back();
    first->shared = piece;
    used = true;
  }
  return bytes + kGrpcPrefixBytes;
}

class StreamOutput {
 public:
  void Push(OutputPart part);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Moves the first `bytes` (<= size()) to `output`.
  void MoveTo(std::size_t bytes, OutputBuffer* output);
  void Clear();
  // Keeps only the first `bytes`. REQUIRES: nothing is pushed before the next Clear.
  void DropAllBut(std::size_t bytes);

 private:
  std::vector<OutputPart> parts_;
  std::size_t first_ = 0;         // parts before it are gone
  std::size_t first_offset_ = 0;  // of parts_[first_], prefix included, already moved
  std::size_t size_ = 0;
};

}  // namespace stele::server
