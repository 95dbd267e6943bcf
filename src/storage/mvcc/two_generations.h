// A bounded map that forgets what was not used for a while.
//
// Two generations: when the young one is full it becomes the old one, and what is found in the old
// one is young again. That keeps about the most recently used half for the price of one hash map.
#pragma once

#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace stele::storage {

template <class Key, class Value>
class TwoGenerations {
 public:
  // Holds about `bytes_max`. 0: nothing.
  explicit TwoGenerations(std::size_t bytes_max) : generation_bytes_(bytes_max / 2) {}

  // Null: not here. Valid until the next call.
  template <class Lookup>
  Value* Find(const Lookup& key) {
    if (const auto young = young_.find(key); young != young_.end()) return &young->second.value;
    const auto old = old_.find(key);
    if (old == old_.end()) return nullptr;
    Slot slot = std::move(old->second);
    Key owned = old->first;
    old_.erase(old);
    return Insert(std::move(owned), std::move(slot));
  }

  // `bytes`: what it takes in memory, always the same for a key.
  template <class Lookup>
  void Put(const Lookup& key, Value value, std::size_t bytes) {
    if (bytes > generation_bytes_) return;  // never kept, so nothing older is here either
    if (Value* known = Find(key)) {
      *known = std::move(value);
      return;
    }
    Insert(Key(key), Slot{std::move(value), bytes});
  }

 private:
  struct Slot {
    Value value;
    std::size_t bytes = 0;
  };
  using Generation = absl::flat_hash_map<Key, Slot>;

  Value* Insert(Key key, Slot slot) {
    if (young_bytes_ + slot.bytes > generation_bytes_) {
      old_ = std::exchange(young_, {});
      young_bytes_ = 0;
    }
    young_bytes_ += slot.bytes;
    return &young_.insert_or_assign(std::move(key), std::move(slot)).first->second.value;
  }

  const std::size_t generation_bytes_;
  Generation young_;
  Generation old_;
  std::size_t young_bytes_ = 0;
};

}  // namespace stele::storage
