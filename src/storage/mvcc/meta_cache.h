// The newest metadata of the keys that were used last, so that neither a put nor a read of one of
// them need ask the engine. What it says is what the engine would say, or nothing.
//
// The apply thread tells of every change before any view shows it; readers may add what they found,
// as long as nothing was changed since. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "src/storage/mvcc/record_codec.h"
#include "src/storage/mvcc/two_generations.h"

namespace stele::storage {

class MetaCache {
 public:
  // The key's metadata, or that there is no such key.
  using Meta = std::optional<KeyMeta>;

  // Holds about `bytes_max`, the maps' own room included. 0: nothing.
  explicit MetaCache(std::size_t bytes_max);

  // For the apply thread: the newest state; nullopt if unknown.
  std::optional<Meta> Find(std::string_view key);
  // For the apply thread: the newest state, of set_revision's revision.
  void Put(std::string_view key, const Meta& meta);
  // For the apply thread, before it puts what a revision changed.
  void set_revision(std::int64_t revision) { revision_ = revision; }

  // For readers of a view: the state at its revision; nullopt if unknown.
  std::optional<Meta> FindAt(std::string_view key, std::int64_t revision);
  // For readers of a view: what the engine said at its revision.
  void Offer(std::string_view key, const Meta& meta, std::int64_t revision);

 private:
  // So that the apply thread and readers seldom meet.
  static constexpr std::size_t kShards = 16;

  struct Shard {
    explicit Shard(std::size_t bytes_max) : metas(bytes_max) {}
    std::mutex mutex;
    TwoGenerations<std::string, Meta> metas;  // guarded by mutex
  };

  Shard& ShardOf(std::string_view key);

  std::atomic<std::int64_t> revision_ = 0;
  std::deque<Shard> shards_;  // kShards, which stay where they are
};

}  // namespace stele::storage
