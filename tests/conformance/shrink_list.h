// Makes a list that shows a difference as short as it will go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace stele::conformance {

// Takes runs of elements away, long ones first, as long as `differs` says that the rest still shows
// the difference. `attempts` is the number of questions that are left, and is counted down.
template <class T>
std::vector<T> ShrinkList(std::vector<T> list,
                          const std::function<bool(const std::vector<T>&)>& differs,
                          int* attempts) {
  std::size_t chunk = std::max<std::size_t>(list.size() / 2, 1);
  while (*attempts > 0) {
    bool shorter = false;
    for (std::size_t begin = 0; begin < list.size() && *attempts > 0;) {
      std::vector<T> candidate = list;
      const std::size_t end = std::min(begin + chunk, candidate.size());
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(begin),
                      candidate.begin() + static_cast<std::ptrdiff_t>(end));
      --*attempts;
      if (differs(candidate)) {
        list = std::move(candidate);
        shorter = true;
      } else {
        begin += chunk;
      }
    }
    if (chunk == 1 && !shorter) break;
    if (!shorter) chunk = std::max<std::size_t>(chunk / 2, 1);
  }
  return list;
}

}  // namespace stele::conformance
