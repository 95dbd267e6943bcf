// A set of keys made of half-open intervals [begin, end).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stele::server {

class KeyIntervals {
 public:
  // Adds what (key, range_end) of a request covers: an empty range_end is the key alone, "\0" is
  // everything from the key on; an inverted range is empty.
  void AddRange(std::string_view key, std::string_view range_end);
  void AddAll(const KeyIntervals& other);
  bool Contains(std::string_view key) const;

 private:
  struct End {
    std::string key;
    bool infinite = false;
  };
  static bool Less(const End& a, const End& b);
  void Add(std::string begin, End end);

  std::map<std::string, End, std::less<>> intervals_;  // disjoint, by begin
};

}  // namespace stele::server
