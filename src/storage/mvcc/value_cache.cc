#include "src/storage/mvcc/value_cache.h"

namespace stele::storage {

ValueCache::ValueCache(std::size_t bytes_max) {
  for (std::size_t i = 0; i < kShards; ++i) shards_.emplace_back(bytes_max / kShards);
}

std::shared_ptr<const std::string> ValueCache::Find(Revision revision) {
  Shard& shard = ShardOf(revision);
  const std::lock_guard lock(shard.mutex);
  const auto* value = shard.values.Find(revision);
  return value == nullptr ? nullptr : *value;
}

void ValueCache::Put(Revision revision, std::string_view value) {
  if (value.size() > kValueBytesMax) return;
  constexpr std::size_t kSlotBytes = 150;  // of the map at its usual load, and of the string
  auto kept = std::make_shared<const std::string>(value);
  Shard& shard = ShardOf(revision);
  const std::lock_guard lock(shard.mutex);
  shard.values.Put(revision, std::move(kept), kSlotBytes + value.size());
}

}  // namespace stele::storage
