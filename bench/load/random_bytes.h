// Values that do not compress: cuts at random places of a pool of random bytes. With one value for
// all keys a store that compresses would be measured on data that compresses to nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include "bench/load/key_sequence.h"

namespace stele::load {

class RandomBytes {
 public:
  // For cuts of `size` bytes.
  RandomBytes(std::size_t size, std::uint64_t seed) : random_(seed) {
    constexpr std::size_t kPoolBytesMin = 1U << 20;
    pool_.resize(std::max(kPoolBytesMin, 2 * size));
    for (char& byte : pool_) byte = static_cast<char>(random_.Next() >> 56);
  }

  // REQUIRES: out is not larger than the size that was announced.
  void Fill(std::span<char> out) {
    if (out.empty()) return;
    const std::size_t cut = random_.Below(pool_.size() - out.size() + 1);
    std::memcpy(out.data(), pool_.data() + cut, out.size());
  }

 private:
  FastRandom random_;
  std::string pool_;
};

}  // namespace stele::load
