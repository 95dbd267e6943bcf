// The values of versions that were read last, by their revision: a version never changes, so this
// is never wrong. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "src/storage/mvcc/revision.h"
#include "src/storage/mvcc/two_generations.h"

namespace stele::storage {

class ValueCache {
 public:
  // Larger ones are cheap to read in proportion, and would push out many small ones.
  static constexpr std::size_t kValueBytesMax = 4096;

  // Holds about `bytes_max`. 0: nothing.
  explicit ValueCache(std::size_t bytes_max);

  // Null: unknown.
  std::shared_ptr<const std::string> Find(Revision revision);
  void Put(Revision revision, std::string_view value);

 private:
  static constexpr std::size_t kShards = 16;

  struct Shard {
    explicit Shard(std::size_t bytes_max) : values(bytes_max) {}
    std::mutex mutex;
    TwoGenerations<Revision, std::shared_ptr<const std::string>> values;  // guarded by mutex
  };

  Shard& ShardOf(Revision revision) {
    return shards_[static_cast<std::size_t>(revision.main) % kShards];
  }

  std::deque<Shard> shards_;  // kShards, which stay where they are
};

}  // namespace stele::storage
