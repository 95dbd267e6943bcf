#include "src/server/front/grpc_framing.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"

namespace stele::server {
namespace {

constexpr std::size_t kKeptCapacity = 4 * 1024;

}  // namespace

std::array<char, kGrpcPrefixBytes> GrpcPrefix(std::size_t message_bytes) {
  STELE_CHECK(message_bytes <= std::numeric_limits<std::uint32_t>::max());
  return {0, static_cast<char>(message_bytes >> 24), static_cast<char>(message_bytes >> 16),
          static_cast<char>(message_bytes >> 8), static_cast<char>(message_bytes)};
}

void GrpcMessageReader::Reset(std::size_t max_message_bytes) {
  max_message_bytes_ = max_message_bytes;
  prefix_size_ = 0;
  message_size_ = 0;
  stopped_ = false;
  message_.clear();
  if (message_.capacity() > kKeptCapacity) message_ = std::string();
}

absl::Status GrpcMessageReader::Feed(std::string_view bytes, Deliver deliver) {
  while (!stopped_ && !bytes.empty()) {
    if (prefix_size_ < kGrpcPrefixBytes) {
      const std::size_t taken = std::min(bytes.size(), kGrpcPrefixBytes - prefix_size_);
      std::copy_n(bytes.data(), taken, prefix_.data() + prefix_size_);
      prefix_size_ += taken;
      bytes.remove_prefix(taken);
      if (prefix_size_ < kGrpcPrefixBytes) break;
      if (absl::Status status = ParsePrefix(); !status.ok()) {
        stopped_ = true;
        return status;
      }
    }
    if (bytes.empty() && message_size_ > 0) break;
    const std::size_t taken = std::min(bytes.size(), message_size_ - message_.size());
    const std::string_view piece = bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    const bool whole = message_.empty() && taken == message_size_;
    if (!whole) message_.append(piece);
    if (!whole && message_.size() < message_size_) break;

    prefix_size_ = 0;
    const bool more = whole ? deliver(piece, nullptr) : deliver(message_, &message_);
    if (!more) stopped_ = true;
    message_.clear();
    if (message_.capacity() > kKeptCapacity) message_ = std::string();
  }
  return absl::OkStatus();
}

absl::Status GrpcMessageReader::ParsePrefix() {
  message_size_ = 0;
  for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) {
    message_size_ = message_size_ << 8 | static_cast<unsigned char>(prefix_[i]);
  }
  if (prefix_[0] == 1) {
    return absl::InternalError("grpc: compressed flag set with identity or empty encoding");
  }
  if (prefix_[0] != 0) {
    return absl::InternalError(absl::StrCat("grpc: received unexpected payload format ",
                                            static_cast<unsigned char>(prefix_[0])));
  }
  if (message_size_ > max_message_bytes_) {
    return absl::ResourceExhaustedError(absl::StrCat("grpc: received message larger than max (",
                                                     message_size_, " vs. ", max_message_bytes_,
                                                     ")"));
  }
  return absl::OkStatus();
}

}  // namespace stele::server
