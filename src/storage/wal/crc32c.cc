#include "src/storage/wal/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cstddef>

namespace stele::storage::wal {

std::uint32_t Crc32c(std::string_view bytes) { return ExtendCrc32c(0, bytes); }

std::uint32_t ExtendCrc32c(std::uint32_t crc, std::string_view bytes) {
  // The library counts in int and leaves both inversions of the standard to its caller.
  constexpr std::size_t kPieceBytes = std::size_t{1} << 30;
  crc = ~crc;
  while (!bytes.empty()) {
    const std::size_t piece = std::min(bytes.size(), kPieceBytes);
    // The library does not write; its parameter merely lacks the const.
    auto* start = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    crc = crc32_iscsi(start, static_cast<int>(piece), crc);
    bytes.remove_prefix(piece);
  }
  return ~crc;
}

}  // namespace stele::storage::wal
