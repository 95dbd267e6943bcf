#include "src/server/front/stream_output.h"

#include <algorithm>
#include <utility>

#include "src/raft/check.h"

namespace stele::server {
namespace {

constexpr std::size_t kKeptParts = 8;

}  // namespace

OutputPart GrpcMessagePart(std::string message) {
  OutputPart part;
  part.prefix = GrpcPrefix(message.size());
  part.prefix_size = kGrpcPrefixBytes;
  if (message.size() >= kSharedBytesMin) {
    part.shared = std::make_shared<const std::string>(std::move(message));
  } else {
    part.owned = std::move(message);
  }
  return part;
}

void StreamOutput::Push(OutputPart part) {
  size_ += part.size();
  parts_.push_back(std::move(part));
}

void StreamOutput::MoveTo(std::size_t bytes, OutputBuffer* output) {
  STELE_CHECK(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    OutputPart& part = parts_[first_];
    const std::size_t taken = std::min(bytes, part.size() - first_offset_);
    std::size_t left = taken;
    if (first_offset_ < part.prefix_size) {
      const std::size_t from_prefix = std::min<std::size_t>(left, part.prefix_size - first_offset_);
      output->Append({part.prefix.data() + first_offset_, from_prefix});
      first_offset_ += from_prefix;
      left -= from_prefix;
    }
    if (left > 0) {
      const std::string_view body = part.body().substr(first_offset_ - part.prefix_size, left);
      if (part.shared != nullptr) {
        output->AppendShared(body, part.shared);
      } else {
        output->Append(body);
      }
      first_offset_ += left;
    }
    bytes -= taken;
    if (first_offset_ < part.size()) continue;
    part = OutputPart();
    first_offset_ = 0;
    ++first_;
  }
  if (first_ == parts_.size()) {
    parts_.clear();
    first_ = 0;
  } else if (first_ > kKeptParts && first_ * 2 > parts_.size()) {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void StreamOutput::DropAllBut(std::size_t bytes) {
  size_ = std::min(size_, bytes);
  if (size_ == 0) Clear();
}

void StreamOutput::Clear() {
  parts_.clear();
  if (parts_.capacity() > kKeptParts) parts_.shrink_to_fit();
  first_ = 0;
  first_offset_ = 0;
  size_ = 0;
}

}  // namespace stele::server
