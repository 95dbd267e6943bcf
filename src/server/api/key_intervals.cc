#include "src/server/api/key_intervals.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace stele::server {

void KeyIntervals::AddRange(std::string_view key, std::string_view range_end) {
  std::string end(range_end);
  if (end.empty()) {
    end = key;
    end.push_back('\0');
  }
  if (end <= key) return;
  Add(std::string(key), std::move(end));
}

void KeyIntervals::AddAll(const KeyIntervals& other) {
  for (const auto& [begin, end] : other.intervals_) Add(begin, end);
}

bool KeyIntervals::Contains(std::string_view key) const {
  const auto after = intervals_.upper_bound(key);
  return after != intervals_.begin() && key < std::prev(after)->second;
}

void KeyIntervals::Add(std::string begin, std::string end) {
  auto at = intervals_.upper_bound(begin);
  if (at != intervals_.begin()) {
    auto before = std::prev(at);
    if (before->second >= begin) {
      begin = before->first;
      end = std::max(end, before->second);
      at = intervals_.erase(before);
    }
  }
  while (at != intervals_.end() && at->first <= end) {
    end = std::max(end, at->second);
    at = intervals_.erase(at);
  }
  intervals_.emplace(std::move(begin), std::move(end));
}

}  // namespace stele::server
