// The keys that every load writes, reads and watches, and the clock by which it notes times.
#pragma once

#include <absl/strings/str_cat.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace stele::process {

inline constexpr char kLoadPrefix[] = "load/";
inline constexpr char kLoadPrefixEnd[] = "load0";  // The first key behind the prefix.

inline std::string LoadKey(std::uint64_t number) {
  return absl::StrCat(kLoadPrefix, "k", absl::Dec(number, absl::kZeroPad3));
}

inline std::int64_t MonotonicNs() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace stele::process
