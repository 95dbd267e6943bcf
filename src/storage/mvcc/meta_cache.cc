#include "src/storage/mvcc/meta_cache.h"

#include <utility>

#include "absl/strings/string_view.h"

namespace stele::storage {

namespace {

// A slot of the map at its usual load, and what the string allocates for a key that is not short.
std::size_t BytesOf(std::string_view key) {
  constexpr std::size_t kSlotBytes = 124;
  constexpr std::size_t kShortKeyMax = 15;
  constexpr std::size_t kAllocationBytes = 16;
  return kSlotBytes + (key.size() > kShortKeyMax ? kAllocationBytes + key.size() : 0);
}

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

const std::optional<KeyMeta>* MetaCache::Find(std::string_view key) {
  const auto young = young_.find(ToAbsl(key));
  if (young != young_.end()) return &young->second;
  const auto old = old_.find(ToAbsl(key));
  if (old == old_.end()) return nullptr;
  const std::optional<KeyMeta> meta = old->second;
  Put(key, meta);
  return &young_.find(ToAbsl(key))->second;
}

void MetaCache::Put(std::string_view key, const std::optional<KeyMeta>& meta) {
  const std::size_t bytes = BytesOf(key);
  if (bytes > generation_bytes_) return;  // never kept, so nothing older is there either
  const auto [position, inserted] = young_.try_emplace(ToAbsl(key), meta);
  if (!inserted) {
    position->second = meta;
    return;
  }
  young_bytes_ += bytes;
  if (young_bytes_ <= generation_bytes_) return;
  old_ = std::exchange(young_, {});
  young_bytes_ = 0;
  Put(key, meta);
}

}  // namespace stele::storage
