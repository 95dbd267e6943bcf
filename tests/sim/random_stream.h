// Chance, split into streams: one for each purpose and node, so that a change in what one of them
// draws does not reshuffle the others. A stream is a function of the seed and its name.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace stele::sim {

// A good mixing of 64 bits (a bijection), also used to chain hashes.
constexpr std::uint64_t MixBits(std::uint64_t bits) {
  bits ^= bits >> 30;
  bits *= 0xBF58476D1CE4E5B9;
  bits ^= bits >> 27;
  bits *= 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t number = 0)
      : state_(MixBits(seed + kStep)) {
    for (const char letter : purpose) {
      state_ = MixBits(state_ + static_cast<unsigned char>(letter));
    }
    state_ = MixBits(state_ + number * kStep);
  }

  std::uint64_t Next() { return MixBits(state_ += kStep); }

  // In [0, bound). REQUIRES: bound > 0. The bias is below bound / 2^64.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

  // In [low, high].
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(high - low) + 1));
  }

  // In [0, 1).
  double Fraction() { return static_cast<double>(Next() >> 11U) * 0x1p-53; }

  bool Chance(double probability) { return probability > 0 && Fraction() < probability; }

  std::int64_t Exponential(double mean) {
    return static_cast<std::int64_t>(-mean * std::log1p(-Fraction()));
  }

  // From `low` to `high`, each order of magnitude as likely. REQUIRES: 0 < low <= high.
  double LogUniform(double low, double high) {
    return low * std::exp(Fraction() * std::log(high / low));
  }

  template <class T>
  T Pick(std::initializer_list<T> choices) {
    return choices.begin()[Below(choices.size())];
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
  std::uint64_t state_;
};

}  // namespace stele::sim
