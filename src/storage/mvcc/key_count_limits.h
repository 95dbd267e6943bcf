// How much KeyCounts (key_counts.h) keeps.
#pragma once

#include <cstddef>

namespace stele::storage {

struct KeyCountLimits {
  std::size_t block_keys = 256;      // a block is forgotten at four times as many, and at none
  std::size_t blocks_at_once = 16;   // fewer are not worth being learned
  std::size_t blocks_max = 1 << 17;  // about 100 bytes and a key each
  std::size_t steps_max = 8;         // changes of a block that can be looked behind
  std::size_t recent_bytes_max = std::size_t{4} << 20;
};

}  // namespace stele::storage
