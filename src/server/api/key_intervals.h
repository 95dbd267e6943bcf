// The keys that the deletes of a transaction cover, as far as a put beside them may not: half-open
// intervals [begin, end).
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace stele::server {

class KeyIntervals {
 public:
  // Adds what (key, range_end) of a request covers: an empty range_end is the key alone; an
  // inverted range is empty. So is one that ends at "\0": it deletes everything from the key on,
  // but etcd takes the bytes at their word here and lets a put stand beside it.
  void AddRange(std::string_view key, std::string_view range_end);
  void AddAll(const KeyIntervals& other);
  bool Contains(std::string_view key) const;

 private:
  void Add(std::string begin, std::string end);

  std::map<std::string, std::string, std::less<>> intervals_;  // ends by begin; disjoint
};

}  // namespace stele::server
