// The newest metadata of the keys that were used last, so that a put of one of them need not ask
// the engine what it supersedes. What it says is what the engine would say, or nothing.
//
// Two generations: when the young one is full it becomes the old one, and what was not used since
// is forgotten. That keeps about the most recently used half for the price of one hash map.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

class MetaCache {
 public:
  // Holds about `bytes_max`, the map's own room included. 0: nothing.
  explicit MetaCache(std::size_t bytes_max) : generation_bytes_(bytes_max / 2) {}

  // Null: unknown. nullopt: there is no such key. Valid until the next call.
  const std::optional<KeyMeta>* Find(std::string_view key);
  void Put(std::string_view key, const std::optional<KeyMeta>& meta);

 private:
  using Generation = absl::flat_hash_map<std::string, std::optional<KeyMeta>>;

  const std::size_t generation_bytes_;
  Generation young_;
  Generation old_;
  std::size_t young_bytes_ = 0;
};

}  // namespace stele::storage
