// The name of one change in the history of the store.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <utility>

namespace stele::storage {

// `main` counts mutating entries, `sub` the changes inside one of them. {0, 0} is "none": the first
// change ever has main 2.
struct Revision {
  std::int64_t main = 0;
  std::uint32_t sub = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 stumbles over a defaulted <=>
  friend constexpr auto operator<=>(const Revision&, const Revision&) = default;
  template <class H>
  friend H AbslHashValue(H hash, const Revision& revision) {
    return H::combine(std::move(hash), revision.main, revision.sub);
  }
  constexpr bool IsNone() const { return main == 0; }
};

inline constexpr std::uint32_t kSubMax = std::numeric_limits<std::uint32_t>::max();

}  // namespace stele::storage
