// The keys that a request names by `key` and `range_end`.
#pragma once

#include <string>
#include <string_view>

namespace stele::storage {

// range_end: empty means the one key, "\0" all keys from `key` on, anything else an exclusive end.
class KeyInterval {
 public:
  KeyInterval(std::string_view key, std::string_view range_end);

  bool Contains(std::string_view key) const;
  bool IsSingle() const { return single_; }
  bool IsEmpty() const { return !unbounded_ && end_ <= begin_; }

  const std::string& begin() const { return begin_; }
  // What of it is not before `key`. REQUIRES: begin() <= key, !IsSingle()
  KeyInterval From(std::string_view key) const;
  // Exclusive; empty when there is none.
  const std::string& end() const { return end_; }
  bool unbounded() const { return unbounded_; }

 private:
  std::string begin_;
  std::string end_;
  bool single_;
  bool unbounded_;
};

}  // namespace stele::storage
