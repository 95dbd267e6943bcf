#include "src/server/api/key_intervals.h"

#include <iterator>
#include <utility>

namespace stele::server {

void KeyIntervals::AddRange(std::string_view key, std::string_view range_end) {
  if (range_end.empty()) {
    std::string end(key);
    end.push_back('\0');
    return Add(std::string(key), {std::move(end), false});
  }
  if (range_end == std::string_view("\0", 1)) return Add(std::string(key), {"", true});
  if (range_end <= key) return;
  Add(std::string(key), {std::string(range_end), false});
}

void KeyIntervals::AddAll(const KeyIntervals& other) {
  for (const auto& [begin, end] : other.intervals_) Add(begin, end);
}

bool KeyIntervals::Contains(std::string_view key) const {
  auto after = intervals_.upper_bound(key);
  if (after == intervals_.begin()) return false;
  const End& end = std::prev(after)->second;
  return end.infinite || key < end.key;
}

bool KeyIntervals::Less(const End& a, const End& b) {
  if (a.infinite) return false;
  return b.infinite || a.key < b.key;
}

void KeyIntervals::Add(std::string begin, End end) {
  auto at = intervals_.upper_bound(begin);
  if (at != intervals_.begin()) {
    auto before = std::prev(at);
    if (before->second.infinite || before->second.key >= begin) {
      begin = before->first;
      if (Less(end, before->second)) end = before->second;
      at = intervals_.erase(before);
    }
  }
  while (at != intervals_.end() && (end.infinite || at->first <= end.key)) {
    if (Less(end, at->second)) end = at->second;
    at = intervals_.erase(at);
  }
  intervals_.emplace(std::move(begin), std::move(end));
}

}  // namespace stele::server
