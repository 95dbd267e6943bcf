#include "src/storage/engine/rocks_options.h"

#include <algorithm>

#include "rocksdb/file_checksum.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/rate_limiter.h"
#include "rocksdb/table.h"
#include "src/raft/check.h"

namespace stele::storage {

namespace {

constexpr double kFilterBitsPerKey = 10;
constexpr double kMemtableFilterRatio = 0.02;  // of the memtable's size
constexpr std::size_t kBlockBytes = 8 << 10;

}  // namespace

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kKey:
      return "key";
    case Family::kHistory:
      return "history";
    case Family::kRev:
      return "rev";
    case Family::kMeta:
      return "default";  // RocksDB insists on a family of this name
  }
  STELE_CHECK(false);
}

rocksdb::DBOptions MakeDbOptions(const RocksEngineOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  // All families reach the disk together or not at all: what makes a batch atomic without a log.
  db.atomic_flush = true;
  // A close keeps its promise of being no more than a crash; whoever wants more calls Flush.
  db.avoid_flush_during_shutdown = true;
  db.paranoid_checks = true;
  db.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  db.max_background_jobs = std::max(2, options.background_threads_max);
  db.max_subcompactions = 1;
  db.bytes_per_sync = std::uint64_t{1} << 20;
  db.strict_bytes_per_sync = true;
  db.max_open_files = 512;
  db.db_write_buffer_size = options.memtable_bytes;
  db.rate_limiter.reset(rocksdb::NewGenericRateLimiter(options.background_bytes_per_second));
  db.allow_mmap_reads = false;
  db.allow_mmap_writes = false;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.keep_log_file_num = 2;
  db.max_log_file_size = std::size_t{1} << 20;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(const RocksEngineOptions& options, Family family,
                                               const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions result;
  // One active and one being flushed; with more than that, writes wait.
  result.write_buffer_size = options.memtable_bytes;
  result.max_write_buffer_number = 2;
  result.force_consistency_checks = true;
  result.level_compaction_dynamic_level_bytes = true;
  result.compression = options.compress ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = kBlockBytes;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (family == Family::kKey) {
    // Every put asks for the key's previous version, and often it is not in the place asked.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
    result.memtable_whole_key_filtering = true;
    result.memtable_prefix_bloom_size_ratio = kMemtableFilterRatio;
  }
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

}  // namespace stele::storage
