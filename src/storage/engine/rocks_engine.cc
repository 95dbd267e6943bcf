#include "src/storage/engine/rocks_engine.h"

#include <array>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "rocksdb/listener.h"
#include "rocksdb/perf_context.h"
#include "rocksdb/perf_level.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/utilities/checkpoint.h"
#include "rocksdb/write_batch.h"
#include "src/raft/check.h"

namespace stele::storage {

namespace {

using Handles = std::array<rocksdb::ColumnFamilyHandle*, kFamilies>;

constexpr Family kAllFamilies[kFamilies] = {Family::kKey, Family::kHistory, Family::kRev,
                                            Family::kMeta};

std::size_t Slot(Family family) { return static_cast<std::size_t>(family); }

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status ToStatus(const rocksdb::Status& status, const std::string& what) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat("rocksdb: ", what, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(text);
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(text);
  return absl::InternalError(text);
}

// Who is told of damage; shared with snapshots, which may be read by any thread.
using DamageListener = std::shared_ptr<const std::function<void(const absl::Status&)>>;

absl::Status ReadStatus(const rocksdb::Status& status, const char* what,
                        const DamageListener& damaged) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result = ToStatus(status, what);
  if (absl::IsDataLoss(result) && *damaged) (*damaged)(result);
  return result;
}

class RocksBatch : public WriteBatch {
 public:
  explicit RocksBatch(const Handles& handles) : handles_(handles) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    Keep(batch_.Put(handles_[Slot(family)], ToSlice(key), ToSlice(value)));
  }
  void Delete(Family family, std::string_view key) override {
    Keep(batch_.Delete(handles_[Slot(family)], ToSlice(key)));
  }
  std::size_t ByteSize() const override { return batch_.GetDataSize(); }
  void Clear() override { batch_.Clear(); }

  rocksdb::WriteBatch* batch() { return &batch_; }

 private:
  // Without a size limit, building a batch cannot fail.
  static void Keep(const rocksdb::Status& status) { STELE_CHECK(status.ok()); }

  const Handles handles_;
  rocksdb::WriteBatch batch_;
};

class RocksIterator : public Iterator {
 public:
  // `counts_removed`: removed_passed is wanted. RocksDB's counters belong to the thread and cost a
  // tenth of a scan, so they run for as long as there is an iterator that asks for them.
  RocksIterator(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* handle,
                const rocksdb::Snapshot* snapshot, std::string_view upper_bound,
                bool counts_removed, DamageListener damaged)
      : damaged_(std::move(damaged)),
        upper_bound_(upper_bound),
        upper_slice_(upper_bound_),
        counts_removed_(counts_removed) {
    rocksdb::SetPerfLevel(counts_removed_ ? rocksdb::PerfLevel::kEnableCount
                                          : rocksdb::PerfLevel::kDisable);
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.verify_checksums = true;
    if (!upper_bound_.empty()) options.iterate_upper_bound = &upper_slice_;
    iterator_.reset(db->NewIterator(options, handle));
  }

  ~RocksIterator() override {
    if (counts_removed_) rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  }
  RocksIterator(const RocksIterator&) = delete;
  RocksIterator& operator=(const RocksIterator&) = delete;

  bool Valid() const override { return iterator_->Valid(); }
  void Seek(std::string_view target) override {
    Count([&] { iterator_->Seek(ToSlice(target)); });
  }
  void SeekForPrev(std::string_view target) override { iterator_->SeekForPrev(ToSlice(target)); }
  void Next() override {
    Count([&] { iterator_->Next(); });
  }
  void Prev() override { iterator_->Prev(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  std::uint64_t removed_passed() const override { return removed_passed_; }
  absl::Status status() const override {
    return ReadStatus(iterator_->status(), "iterate", damaged_);
  }

 private:
  template <class Move>
  void Count(const Move& move) {
    if (!counts_removed_) return move();
    const std::uint64_t& passed = rocksdb::get_perf_context()->internal_delete_skipped_count;
    const std::uint64_t before = passed;
    move();
    removed_passed_ += passed - before;
  }

  const DamageListener damaged_;
  const std::string upper_bound_;
  const rocksdb::Slice upper_slice_;  // RocksDB keeps the pointer
  const bool counts_removed_;
  std::uint64_t removed_passed_ = 0;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksSnapshot : public EngineSnapshot {
 public:
  RocksSnapshot(rocksdb::DB* db, const Handles& handles, DamageListener damaged)
      : db_(db), handles_(handles), damaged_(std::move(damaged)), snapshot_(db->GetSnapshot()) {}
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  RocksSnapshot(const RocksSnapshot&) = delete;
  RocksSnapshot& operator=(const RocksSnapshot&) = delete;

  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 std::string_view key) const override {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    std::string value;
    const rocksdb::Status status = db_->Get(options, handles_[Slot(family)], ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return ReadStatus(status, "get", damaged_);
    return std::optional<std::string>(std::move(value));
  }

  std::unique_ptr<Iterator> NewIterator(Family family,
                                        std::string_view upper_bound) const override {
    return std::make_unique<RocksIterator>(db_, handles_[Slot(family)], snapshot_, upper_bound,
                                           family == Family::kKey, damaged_);
  }

 private:
  rocksdb::DB* const db_;
  const Handles handles_;
  const DamageListener damaged_;
  const rocksdb::Snapshot* const snapshot_;
};

// What RocksDB has noted of a whole file: big-endian, and none of a file of another version.
std::optional<std::uint32_t> FileChecksum(const rocksdb::LiveFileMetaData& file) {
  if (file.file_checksum_func_name != "FileChecksumCrc32c" || file.file_checksum.size() != 4) {
    return std::nullopt;
  }
  std::uint32_t crc32c = 0;
  for (const char byte : file.file_checksum) {
    crc32c = crc32c << 8U | static_cast<unsigned char>(byte);
  }
  return crc32c;
}

class RocksEngine : public Engine {
 public:
  RocksEngine(std::unique_ptr<rocksdb::DB> db, const Handles& handles, DamageListener damaged)
      : db_(std::move(db)), handles_(handles), damaged_(std::move(damaged)) {}
  ~RocksEngine() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      STELE_CHECK(db_->DestroyColumnFamilyHandle(handle).ok());
    }
  }
  RocksEngine(const RocksEngine&) = delete;
  RocksEngine& operator=(const RocksEngine&) = delete;

  std::unique_ptr<WriteBatch> NewBatch() override { return std::make_unique<RocksBatch>(handles_); }

  absl::Status Write(WriteBatch* batch) override {
    auto* rocks_batch = dynamic_cast<RocksBatch*>(batch);
    STELE_CHECK(rocks_batch != nullptr);
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    return ToStatus(db_->Write(options, rocks_batch->batch()), "write");
  }

  std::shared_ptr<const EngineSnapshot> Snapshot() override {
    return std::make_shared<const RocksSnapshot>(db_.get(), handles_, damaged_);
  }

  absl::Status Flush() override { return FlushFamilies(/*wait=*/true); }

  absl::Status StartFlush() override { return FlushFamilies(/*wait=*/false); }

  absl::Status Checkpoint(const std::string& dir) override {
    absl::Status flushed = Flush();
    if (!flushed.ok()) return flushed;
    rocksdb::Checkpoint* checkpoint = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &checkpoint);
    const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
    if (status.ok()) status = checkpoint->CreateCheckpoint(dir);
    return ToStatus(status, "checkpoint");
  }

  // Without a log of its own, RocksDB's "persisted tier" is the table files of the current version
  // and no memtable, and a version becomes current only once the manifest that names its files is
  // synced. All families enter a version together (atomic_flush), so the newest flushed record of
  // kMeta speaks for the other families too. docs/store.md has the argument in full.
  absl::StatusOr<std::optional<std::string>> DurableMeta(std::string_view key) override {
    rocksdb::ReadOptions options;
    options.read_tier = rocksdb::kPersistedTier;
    std::string value;
    const rocksdb::Status status =
        db_->Get(options, handles_[Slot(Family::kMeta)], ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return ToStatus(status, "get durable");
    return std::optional<std::string>(std::move(value));
  }

  EngineStats Stats() override {
    EngineStats stats;
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      stats.bytes_on_disk += Property(handle, rocksdb::DB::Properties::kTotalSstFilesSize);
      stats.bytes_live_estimate += Property(handle, rocksdb::DB::Properties::kEstimateLiveDataSize);
      stats.memtable_bytes += Property(handle, rocksdb::DB::Properties::kSizeAllMemTables);
    }
    return stats;
  }

  std::vector<StoredFile> Files() override {
    std::vector<rocksdb::LiveFileMetaData> tables;
    db_->GetLiveFilesMetaData(&tables);
    std::vector<StoredFile> files;
    for (const rocksdb::LiveFileMetaData& table : tables) {
      const std::optional<std::uint32_t> crc32c = FileChecksum(table);
      if (crc32c) files.push_back({table.db_path + table.name, *crc32c});
    }
    return files;
  }

  absl::Status ReclaimSpace(std::atomic<bool>* given_up) override {
    // What was just removed is in memory, and its tombstones must be in files to be worked off.
    absl::Status flushed = Flush();
    if (!flushed.ok()) return flushed;
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.canceled = given_up;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      if (!HoldsGarbage(handle)) continue;
      const rocksdb::Status status = db_->CompactRange(options, handle, nullptr, nullptr);
      if (!status.ok()) return ToStatus(status, "compact");
    }
    return absl::OkStatus();
  }

 private:
  // Whether a rewrite would give back at least a tenth of the family's records. Overwritten records
  // show in the estimate of what is live, removed ones as tombstones.
  bool HoldsGarbage(rocksdb::ColumnFamilyHandle* handle) {
    rocksdb::TablePropertiesCollection tables;
    if (!db_->GetPropertiesOfAllTables(handle, &tables).ok()) return true;
    std::uint64_t records = 0;
    std::uint64_t tombstones = 0;
    for (const auto& [file, properties] : tables) {
      records += properties->num_entries;
      tombstones += properties->num_deletions;
    }
    if (10 * tombstones > records) return true;
    const std::uint64_t bytes = Property(handle, rocksdb::DB::Properties::kTotalSstFilesSize);
    const std::uint64_t live = Property(handle, rocksdb::DB::Properties::kEstimateLiveDataSize);
    return 10 * live < 9 * bytes;
  }

  absl::Status FlushFamilies(bool wait) {
    rocksdb::FlushOptions options;
    options.wait = wait;
    options.allow_write_stall = true;
    return ToStatus(db_->Flush(options, {handles_.begin(), handles_.end()}), "flush");
  }

  std::uint64_t Property(rocksdb::ColumnFamilyHandle* handle, const std::string& name) {
    std::uint64_t value = 0;
    return db_->GetIntProperty(handle, name, &value) ? value : 0;
  }

  const std::unique_ptr<rocksdb::DB> db_;
  const Handles handles_;
  const DamageListener damaged_;
};

// Tells of failures that no call would notice for as long as nobody writes.
class FailureListener : public rocksdb::EventListener {
 public:
  explicit FailureListener(std::function<void(const absl::Status&)> failed)
      : failed_(std::move(failed)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    // The engine is being closed.
    if (error->IsShutdownInProgress()) return;
    // Its inputs are still there, and it waits for space.
    if (error->IsNoSpace() && reason == rocksdb::BackgroundErrorReason::kCompaction) return;
    failed_(ToStatus(*error, "background work"));
  }

 private:
  const std::function<void(const absl::Status&)> failed_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> OpenRocksEngine(const std::string& dir,
                                                        const RocksEngineOptions& options) {
  rocksdb::LRUCacheOptions cache_options;
  cache_options.capacity = options.block_cache_bytes;
  cache_options.high_pri_pool_ratio = 0.2;  // indexes and filters outlive a large scan
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(cache_options);

  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.reserve(kFamilies);
  for (const Family family : kAllFamilies) {
    families.emplace_back(FamilyName(family), MakeFamilyOptions(options, family, cache));
  }
  rocksdb::DBOptions db_options = MakeDbOptions(options);
  if (options.background_failed) {
    db_options.listeners.push_back(std::make_shared<FailureListener>(options.background_failed));
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> opened;
  const rocksdb::Status status = rocksdb::DB::Open(db_options, dir, families, &opened, &db);
  if (!status.ok()) {
    const absl::Status failure = ToStatus(status, absl::StrCat("open ", dir));
    // A file that another one names is missing, or a name in one is wrong.
    const bool is_damage =
        status.IsPathNotFound() || status.IsNotFound() || status.IsInvalidArgument();
    return is_damage ? absl::DataLossError(failure.message()) : failure;
  }
  STELE_CHECK(opened.size() == kFamilies);
  Handles handles{};
  for (std::size_t i = 0; i < kFamilies; ++i) handles[Slot(kAllFamilies[i])] = opened[i];
  return std::unique_ptr<Engine>(new RocksEngine(
      std::unique_ptr<rocksdb::DB>(db), handles,
      std::make_shared<const std::function<void(const absl::Status&)>>(options.damaged)));
}

}  // namespace stele::storage
