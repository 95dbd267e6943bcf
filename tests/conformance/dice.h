// Random choices that are the same on every platform for the same seed.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace stele::conformance {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  // 0 to `bound` - 1; `bound` is at least 1.
  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(bound));
  }

  // True in `percent` of 100 throws.
  bool Chance(int percent) { return Below(100) < percent; }

  template <class T>
  const T& Pick(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(Below(std::ssize(choices)))];
  }

  // The index of one of `weights`, the heavier the likelier.
  std::size_t Weighted(const std::vector<int>& weights) {
    int sum = 0;
    for (const int weight : weights) sum += weight;
    std::int64_t left = Below(sum);
    std::size_t index = 0;
    while (left >= weights[index]) left -= weights[index++];
    return index;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace stele::conformance
