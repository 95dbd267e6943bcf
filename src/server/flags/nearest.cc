#include "src/server/flags/nearest.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace stele::server {

std::size_t EditDistance(std::string_view a, std::string_view b) {
  // rows[i][j]: distance of the first letters of both; only the last three rows are kept.
  std::vector<std::size_t> older(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], older[j - 2] + 1);
      }
    }
    std::swap(older, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::string NearestWord(std::string_view word, const std::vector<std::string>& words) {
  std::string nearest;
  // A third of the letters wrong is another word.
  std::size_t limit = word.size() / 3;
  for (const std::string& candidate : words) {
    const std::size_t distance = EditDistance(word, candidate);
    if (distance > limit || (distance == limit && !nearest.empty())) continue;
    nearest = candidate;
    limit = distance;
  }
  return nearest;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& words,
                       std::string_view prefix) {
  const std::string nearest = NearestWord(word, words);
  return nearest.empty() ? "" : fmt::format(" (did you mean {}{}?)", prefix, nearest);
}

}  // namespace stele::server
