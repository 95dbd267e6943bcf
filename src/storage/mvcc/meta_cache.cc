#include "src/storage/mvcc/meta_cache.h"

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace stele::storage {

namespace {

// A slot of the map at its usual load, and what the string allocates for a key that is not short.
std::size_t BytesOf(std::string_view key) {
  constexpr std::size_t kSlotBytes = 132;
  constexpr std::size_t kShortKeyMax = 15;
  constexpr std::size_t kAllocationBytes = 16;
  return kSlotBytes + (key.size() > kShortKeyMax ? kAllocationBytes + key.size() : 0);
}

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

MetaCache::MetaCache(std::size_t bytes_max) {
  for (std::size_t i = 0; i < kShards; ++i) shards_.emplace_back(bytes_max / kShards);
}

MetaCache::Shard& MetaCache::ShardOf(std::string_view key) {
  // The upper bits: a shard's own map uses the others.
  const std::size_t hash = absl::Hash<absl::string_view>()(ToAbsl(key));
  return shards_[(hash >> (sizeof(hash) * 8 - 8)) % kShards];
}

std::optional<MetaCache::Meta> MetaCache::Find(std::string_view key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Meta* meta = shard.metas.Find(ToAbsl(key));
  return meta == nullptr ? std::nullopt : std::optional<Meta>(*meta);
}

void MetaCache::Put(std::string_view key, const Meta& meta) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  shard.metas.Put(ToAbsl(key), meta, BytesOf(key));
}

std::optional<MetaCache::Meta> MetaCache::FindAt(std::string_view key, std::int64_t revision) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Meta* meta = shard.metas.Find(ToAbsl(key));
  if (meta == nullptr) return std::nullopt;
  // The newest version was already there at the revision. That there is none may be newer.
  const bool holds = *meta ? (*meta)->mod.main <= revision : revision_ == revision;
  return holds ? std::optional<Meta>(*meta) : std::nullopt;
}

void MetaCache::Offer(std::string_view key, const Meta& meta, std::int64_t revision) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  // Whatever comes after this question is put later, under the same lock.
  if (revision_ != revision) return;
  shard.metas.Put(ToAbsl(key), meta, BytesOf(key));
}

}  // namespace stele::storage
