// How RocksDB is set up: a narrow, old and well-trodden part of it, because Debian's 7.8 gets no
// updates. docs/store.md says why each choice was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "rocksdb/cache.h"
#include "rocksdb/options.h"
#include "src/storage/engine/engine.h"

namespace stele::storage {

struct RocksEngineOptions {
  std::size_t block_cache_bytes = std::size_t{128} << 20;
  // Unflushed batches of all families together; the log that must be replayed after a crash is of
  // this order.
  std::size_t memtable_bytes = std::size_t{24} << 20;
  // Of flushes and background compactions together.
  std::int64_t background_bytes_per_second = std::int64_t{128} << 20;
  int background_threads_max = 2;
  bool compress = true;
  // A flush or compaction in the background failed, so no write will succeed any more; only a
  // compaction that found the disk full is tried again. kResourceExhausted: a flush found it full;
  // the owner must end the process before it returns, because RocksDB would go on by itself
  // (docs/store.md). On a thread of RocksDB; must not call the engine.
  std::function<void(const absl::Status&)> background_failed = {};
  // A read met bytes that are not what was written. Any thread; the read then fails, too.
  std::function<void(const absl::Status&)> damaged = {};
};

const char* FamilyName(Family family);

rocksdb::DBOptions MakeDbOptions(const RocksEngineOptions& options);
rocksdb::ColumnFamilyOptions MakeFamilyOptions(const RocksEngineOptions& options, Family family,
                                               const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace stele::storage
