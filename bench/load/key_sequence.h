// Which key each operation touches. Keys are decimal numbers padded with zeros to the key size, so
// that their byte order is their numeric order.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"

namespace stele::load {

enum class KeyOrder : std::uint8_t { kSequential, kRandom, kOne };

// A small fast generator (xorshift64*): one per thread, quality enough to pick keys and bytes.
class FastRandom {
 public:
  // Neighbouring seeds are spread first; the state must not be zero.
  explicit FastRandom(std::uint64_t seed) : state_((seed * 0x9E3779B97F4A7C15ULL) | 1) {}
  std::uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1DULL;
  }
  // Uniform enough in [0, bound). REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound) { return (Next() >> 11) % bound; }

 private:
  std::uint64_t state_;
};

class KeySequence {
 public:
  struct Options {
    KeyOrder order = KeyOrder::kSequential;
    std::uint64_t key_space = 1;
    std::size_t key_size = 8;
    // The n-th thread of m starts at n and steps by m: together they visit every key once a round.
    std::uint64_t first = 0;
    std::uint64_t step = 1;
    std::uint64_t seed = 1;
  };

  // Whether every key of the space fits into the key size.
  static absl::Status Validate(const Options& options);

  explicit KeySequence(const Options& options)
      : options_(options), next_(options.first), random_(options.seed) {}

  std::uint64_t Next();

  // REQUIRES: `out` has room for all digits (Validate).
  static void Write(std::uint64_t number, std::span<char> out);

 private:
  const Options options_;
  std::uint64_t next_;
  FastRandom random_;
};

}  // namespace stele::load
