// Bytes on their way to a socket. Small pieces are copied side by side into flat chunks; large
// shared ones are only referenced, so a 100 MiB answer is never copied and never held twice.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "src/server/front/byte_stream.h"

namespace stele::server {

class OutputBuffer {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  // Copies.
  void Append(std::string_view bytes);
  // References `owner`, of which `bytes` is a part, unless copying is cheaper.
  void AppendShared(std::string_view bytes, const Bytes& owner);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Writes until empty or until the stream takes no more. kDone: empty now.
  ByteStream::Outcome WriteTo(ByteStream* stream);

 private:
  struct Piece {
    std::string flat;  // used if `owner` is null
    Bytes owner;
    std::string_view shared;  // used if `owner` is set
    std::string_view view() const { return owner == nullptr ? std::string_view(flat) : shared; }
  };

  void Consume(std::size_t bytes);

  std::deque<Piece> pieces_;
  std::size_t first_offset_ = 0;  // of pieces_.front() already written
  std::size_t size_ = 0;
  std::string spare_;  // an empty chunk that keeps its capacity for the next pass
};

}  // namespace stele::server
