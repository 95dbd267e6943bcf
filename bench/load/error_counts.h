// How often each kind of failure occurred. The number of kinds is bounded, because a server may put
// something unique into every message.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace stele::load {

class ErrorCounts {
 public:
  static constexpr std::size_t kKindsMax = 32;
  static constexpr std::string_view kOther = "(other kinds)";

  void Count(std::string_view kind, std::uint64_t times = 1);
  void Add(const ErrorCounts& other);

  std::uint64_t total() const { return total_; }
  const std::map<std::string, std::uint64_t, std::less<>>& by_kind() const { return by_kind_; }

 private:
  std::map<std::string, std::uint64_t, std::less<>> by_kind_;
  std::uint64_t total_ = 0;
};

}  // namespace stele::load
