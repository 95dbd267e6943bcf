// Finds the gRPC messages in the pieces of a stream. A message that lies in one piece is not
// copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/grpc_frame.h"

namespace stele::load {

class MessageReader {
 public:
  void Reset() { kept_.clear(); }

  // Calls `on_message(std::string_view)` for every message that `piece` completes, until one of the
  // calls returns false: the rest of the stream is then of no interest, and only Reset may follow.
  template <class OnMessage>
  void Feed(std::string_view piece, const OnMessage& on_message) {
    if (!kept_.empty()) {
      const std::size_t missing = FrameBytes(kept_, piece);
      kept_.append(piece.substr(0, missing));
      if (missing > piece.size()) return;
      piece.remove_prefix(missing);
      const std::string whole = std::move(kept_);
      kept_.clear();
      if (!on_message(std::string_view(whole).substr(kGrpcPrefixBytes))) return;
    }
    while (!piece.empty()) {
      const std::size_t size = FrameBytes({}, piece);
      if (size > piece.size()) {
        kept_.assign(piece);
        return;
      }
      const std::string_view message = piece.substr(kGrpcPrefixBytes, size - kGrpcPrefixBytes);
      piece.remove_prefix(size);
      if (!on_message(message)) return;
    }
  }

 private:
  // How many bytes of `piece` belong to the frame that begins with `kept`; more than the piece has
  // if the frame does not end in it.
  static std::size_t FrameBytes(std::string_view kept, std::string_view piece) {
    if (kept.size() + piece.size() < kGrpcPrefixBytes) return piece.size() + 1;
    std::size_t length = 0;
    for (std::size_t i = 1; i < kGrpcPrefixBytes; ++i) {
      const char byte = i < kept.size() ? kept[i] : piece[i - kept.size()];
      length = (length << 8) | static_cast<unsigned char>(byte);
    }
    return kGrpcPrefixBytes + length - kept.size();
  }

  std::string kept_;  // the beginning of a frame whose end has not come yet
};

}  // namespace stele::load
