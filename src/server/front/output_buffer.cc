#include "src/server/front/output_buffer.h"

#include <array>
#include <utility>

namespace stele::server {
namespace {

constexpr std::size_t kChunkBytes = 16 * 1024;
// Below this a copy costs less than a reference count and one more piece for the kernel.
constexpr std::size_t kShareBytes = 2 * 1024;

}  // namespace

void OutputBuffer::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  const bool fits = !pieces_.empty() && pieces_.back().owner == nullptr &&
                    pieces_.back().flat.size() + bytes.size() <= kChunkBytes;
  if (!fits) {
    // Chunks grow with use, so that thousands of quiet connections cost little.
    const bool is_busy = !pieces_.empty();
    std::string& flat = pieces_.emplace_back().flat = std::exchange(spare_, std::string());
    if (is_busy) flat.reserve(kChunkBytes);
  }
  pieces_.back().flat.append(bytes);
  size_ += bytes.size();
}

void OutputBuffer::AppendShared(std::string_view bytes, const Bytes& owner) {
  if (bytes.size() < kShareBytes) return Append(bytes);
  Piece& piece = pieces_.emplace_back();
  piece.owner = owner;
  piece.shared = bytes;
  size_ += bytes.size();
}

ByteStream::Outcome OutputBuffer::WriteTo(ByteStream* stream) {
  while (size_ > 0) {
    std::array<iovec, ByteStream::kMaxPieces> vectors;
    std::size_t count = 0;
    std::size_t offset = first_offset_;
    for (const Piece& piece : pieces_) {
      if (count == vectors.size()) break;
      const std::string_view view = piece.view().substr(offset);
      offset = 0;
      vectors[count].iov_base = const_cast<char*>(view.data());  // only read by the kernel
      vectors[count].iov_len = view.size();
      ++count;
    }
    const ByteStream::Transfer transfer = stream->Write({vectors.data(), count});
    if (transfer.outcome != ByteStream::Outcome::kDone) return transfer.outcome;
    Consume(transfer.bytes);
  }
  return ByteStream::Outcome::kDone;
}

void OutputBuffer::Consume(std::size_t bytes) {
  size_ -= bytes;
  while (bytes > 0) {
    Piece& piece = pieces_.front();
    const std::size_t left = piece.view().size() - first_offset_;
    if (bytes < left) {
      first_offset_ += bytes;
      return;
    }
    bytes -= left;
    first_offset_ = 0;
    if (piece.owner == nullptr && piece.flat.capacity() <= 2 * kChunkBytes) {
      spare_ = std::move(piece.flat);
      spare_.clear();
    }
    pieces_.pop_front();
  }
}

}  // namespace stele::server
