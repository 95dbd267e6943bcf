// Compares candidate layouts of the MVCC store on RocksDB, set up as the daemon sets it up, with
// the same workload. docs/store.md has the figures that decided.
//
//   a  key+revision -> metadata and value; revision -> key
//   b  key+revision -> metadata;           revision -> the whole change
//   c  key -> metadata and value; old versions moved aside with their value; revision -> key
//   d  key -> metadata; old metadata moved aside;             revision -> the whole change
//
// Usage: mvcc_layout_bench [keys] [value bytes] [layouts] [none|lz4|zstd]
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "src/raft/check.h"
#include "src/storage/engine/rocks_options.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {
namespace {

constexpr std::size_t kKeyBytes = 24;
constexpr std::size_t kPrefixBytes = kKeyBytes + 2;  // escaped: no NUL in the bench's keys
constexpr int kBatch = 50;
constexpr int kHotVersions = 10'000;

struct Shape {
  bool value_with_key;   // else the value is in the revision's record
  bool newest_is_apart;  // else all versions of a key stand together
};

Shape ShapeOf(char layout) { return {layout == 'a' || layout == 'c', layout >= 'c'}; }

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Prints wall and CPU time of one step, background work of RocksDB included in the latter.
class Stopwatch {
 public:
  explicit Stopwatch(const char* step) : step_(step), wall_(WallSeconds()), cpu_(CpuSeconds()) {}
  void Report(double count) {
    const double wall = WallSeconds() - wall_;
    const double cpu = CpuSeconds() - cpu_;
    std::printf("  %-34s %10.2f us wall %10.2f us cpu  (%.0f)\n", step_, wall * 1e6 / count,
                cpu * 1e6 / count, count);
    std::fflush(stdout);
  }

 private:
  const char* step_;
  double wall_;
  double cpu_;
};

struct Found {
  KeyMeta meta;
  std::string value;  // only where it stands with the key
};

class LayoutStore {
 public:
  LayoutStore(const std::string& dir, Shape shape, rocksdb::CompressionType compression)
      : shape_(shape) {
    RocksEngineOptions options;
    rocksdb::LRUCacheOptions cache_options;
    cache_options.capacity = options.block_cache_bytes;
    const auto cache = rocksdb::NewLRUCache(cache_options);
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const Family family : {Family::kMeta, Family::kKey, Family::kHistory, Family::kRev}) {
      rocksdb::ColumnFamilyOptions family_options = MakeFamilyOptions(options, family, cache);
      family_options.compression = compression;
      if (family == Family::kKey && !shape_.newest_is_apart) {
        family_options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kPrefixBytes));
      }
      families.emplace_back(FamilyName(family), family_options);
    }
    rocksdb::DB* db = nullptr;
    STELE_CHECK(rocksdb::DB::Open(MakeDbOptions(options), dir, families, &handles_, &db).ok());
    db_.reset(db);
  }
  ~LayoutStore() {
    for (auto* handle : handles_) STELE_CHECK(db_->DestroyColumnFamilyHandle(handle).ok());
  }
  LayoutStore(const LayoutStore&) = delete;
  LayoutStore& operator=(const LayoutStore&) = delete;

  void Put(const std::string& key, const std::string& value) {
    Found before;
    const bool existed = FindNewest(key, &before);
    KeyMeta meta;
    meta.mod = Revision{++revision_, 0};
    meta.create_revision = existed ? before.meta.create_revision : revision_;
    meta.version = existed ? before.meta.version + 1 : 1;
    if (shape_.newest_is_apart) {
      if (existed) MoveAside(key, before);
      EncodeKeyMeta(meta, &encoded_);
      if (shape_.value_with_key) encoded_.insert(0, SizePrefix(encoded_)).append(value);
      batch_.Put(handles_[1], key, encoded_);
    } else {
      EncodeHistoryKey(key, meta.mod, &engine_key_);
      EncodeKeyMeta(meta, &encoded_);
      if (shape_.value_with_key) encoded_.insert(0, SizePrefix(encoded_)).append(value);
      batch_.Put(handles_[1], engine_key_, encoded_);
    }
    ChangeRecord change;
    change.meta = meta;
    if (existed) change.prev = before.meta.mod;
    change.key = key;
    if (!shape_.value_with_key) change.value = value;
    EncodeChange(change, &encoded_);
    EncodeRevisionKey(meta.mod, &engine_key_);
    batch_.Put(handles_[3], engine_key_, encoded_);
    if (revision_ % kBatch == 0) Commit();
  }

  void Commit() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    batch_.Put(handles_[0], "S", std::string(53, 's'));
    STELE_CHECK(db_->Write(options, &batch_).ok());
    batch_.Clear();
  }

  void Flush() { STELE_CHECK(db_->Flush(rocksdb::FlushOptions(), handles_).ok()); }

  void Settle() {
    for (auto* handle : handles_) {
      STELE_CHECK(db_->CompactRange(rocksdb::CompactRangeOptions(), handle, nullptr, nullptr).ok());
    }
  }

  std::size_t PointRead(const std::string& key) {
    Found found;
    STELE_CHECK(FindNewest(key, &found));
    if (!shape_.value_with_key) LoadValue(found.meta.mod, &found.value);
    return found.value.size();
  }

  // Returns how many keys there were. `limit` 0 counts all without reading values on purpose.
  std::size_t Range(const std::string& from, std::size_t limit) {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handles_[1]));
    std::string last;
    std::size_t count = 0;
    std::string value;
    for (it->Seek(from); it->Valid() && (limit == 0 || count < limit); it->Next()) {
      if (!shape_.newest_is_apart) {
        const std::string_view key(it->key().data(), kKeyBytes);
        if (key == last) continue;
        last = key;
      }
      ++count;
      if (limit == 0) continue;
      KeyMeta meta;
      Decode(it->value(), &meta, &value);
      if (!shape_.value_with_key) LoadValue(meta.mod, &value);
    }
    return count;
  }

  void HistoricalRead(const std::string& key, std::int64_t revision) {
    const int family = shape_.newest_is_apart ? 2 : 1;
    const std::unique_ptr<rocksdb::Iterator> it(
        db_->NewIterator(rocksdb::ReadOptions(), handles_[static_cast<std::size_t>(family)]));
    EncodeHistoryKey(key, Revision{revision, kSubMax}, &engine_key_);
    it->Seek(engine_key_);
    STELE_CHECK(it->Valid());
    std::string found;
    Revision mod;
    STELE_CHECK(DecodeHistoryKey({it->key().data(), it->key().size()}, &found, &mod));
    STELE_CHECK(found == key);
    std::string value;
    if (!shape_.value_with_key) LoadValue(mod, &value);
  }

  std::size_t CatchUp(std::int64_t from, std::size_t changes) {
    const std::unique_ptr<rocksdb::Iterator> it(
        db_->NewIterator(rocksdb::ReadOptions(), handles_[3]));
    EncodeRevisionKey(Revision{from, 0}, &engine_key_);
    std::size_t read = 0;
    std::string value;
    for (it->Seek(engine_key_); it->Valid() && read < changes; it->Next(), ++read) {
      ChangeRecord change;
      Revision revision;
      STELE_CHECK(DecodeRevisionKey({it->key().data(), it->key().size()}, &revision));
      STELE_CHECK(DecodeChange({it->value().data(), it->value().size()}, revision, &change));
      if (shape_.value_with_key) LoadByKey(std::string(change.key), revision, &value);
    }
    return read;
  }

  // Removes every superseded version, by walking the history once.
  std::size_t Compact() {
    const std::unique_ptr<rocksdb::Iterator> it(
        db_->NewIterator(rocksdb::ReadOptions(), handles_[3]));
    std::size_t walked = 0;
    for (it->SeekToFirst(); it->Valid(); it->Next(), ++walked) {
      ChangeRecord change;
      Revision revision;
      STELE_CHECK(DecodeRevisionKey({it->key().data(), it->key().size()}, &revision));
      STELE_CHECK(DecodeChange({it->value().data(), it->value().size()}, revision, &change));
      if (change.prev.IsNone()) continue;
      EncodeRevisionKey(change.prev, &engine_key_);
      batch_.Delete(handles_[3], engine_key_);
      EncodeHistoryKey(change.key, change.prev, &engine_key_);
      batch_.Delete(handles_[shape_.newest_is_apart ? 2 : 1], engine_key_);
      if (walked % 1000 == 0) Commit();
    }
    Commit();
    return walked;
  }

  std::int64_t revision() const { return revision_; }

 private:
  static std::string SizePrefix(const std::string& meta) {
    return std::string(1, static_cast<char>(meta.size()));
  }

  void Decode(const rocksdb::Slice& bytes, KeyMeta* meta, std::string* value) const {
    std::string_view view(bytes.data(), bytes.size());
    if (shape_.value_with_key) {
      const auto size = std::size_t{static_cast<unsigned char>(view[0])};
      value->assign(view.substr(1 + size));
      view = view.substr(1, size);
    }
    STELE_CHECK(DecodeKeyMeta(view, meta));
  }

  bool FindNewest(const std::string& key, Found* found) {
    if (shape_.newest_is_apart) {
      std::string bytes;
      const auto status = db_->Get(rocksdb::ReadOptions(), handles_[1], key, &bytes);
      if (status.ok()) Decode(bytes, &found->meta, &found->value);
      return status.ok();
    }
    rocksdb::ReadOptions options;
    options.prefix_same_as_start = true;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handles_[1]));
    it->Seek(HistoryLowerBound(key));
    if (!it->Valid()) return false;
    Decode(it->value(), &found->meta, &found->value);
    return true;
  }

  void MoveAside(const std::string& key, const Found& before) {
    EncodeHistoryKey(key, before.meta.mod, &engine_key_);
    EncodeHistoryMeta(before.meta, &encoded_);
    if (shape_.value_with_key) encoded_.insert(0, SizePrefix(encoded_)).append(before.value);
    batch_.Put(handles_[2], engine_key_, encoded_);
  }

  void LoadValue(Revision revision, std::string* value) {
    EncodeRevisionKey(revision, &engine_key_);
    std::string bytes;
    STELE_CHECK(db_->Get(rocksdb::ReadOptions(), handles_[3], engine_key_, &bytes).ok());
    ChangeRecord change;
    STELE_CHECK(DecodeChange(bytes, revision, &change));
    value->assign(change.value);
  }

  void LoadByKey(const std::string& key, Revision revision, std::string* value) {
    if (shape_.newest_is_apart) {
      Found found;
      STELE_CHECK(FindNewest(key, &found));
      if (found.meta.mod == revision) return value->swap(found.value);
    }
    EncodeHistoryKey(key, revision, &engine_key_);
    // A key that changed twice in one batch lost the version between: the bench has no overlay.
    const auto status = db_->Get(rocksdb::ReadOptions(), handles_[shape_.newest_is_apart ? 2 : 1],
                                 engine_key_, value);
    STELE_CHECK(status.ok() || status.IsNotFound());
  }

  const Shape shape_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // meta, key, history, rev
  rocksdb::WriteBatch batch_;
  std::int64_t revision_ = 1;
  std::string engine_key_;
  std::string encoded_;
};

struct Workload {
  int keys = 300'000;
  std::size_t value_bytes = 256;
  std::string layouts = "abcd";
  std::string compression = "lz4";
};

std::string KeyAt(int number) {
  char key[64];
  std::snprintf(key, sizeof(key), "/registry/object/%07d", number);
  return key;
}

std::uint64_t DiskBytes(const std::filesystem::path& dir) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == ".sst") bytes += entry.file_size();
  }
  return bytes;
}

rocksdb::CompressionType CompressionNamed(const std::string& name) {
  if (name == "zstd") return rocksdb::kZSTD;
  return name == "lz4" ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

// Half random letters, half repeated: compresses to something between JSON and encrypted bytes.
const std::string& PickValue(std::size_t bytes) {
  static std::vector<std::string> values;
  static std::size_t next = 0;
  if (values.empty()) {
    std::mt19937_64 random(2);
    values.assign(1024, std::string(bytes, 'v'));
    for (std::string& value : values) {
      for (std::size_t i = 0; i < bytes / 2; ++i) value[i] = static_cast<char>('a' + random() % 26);
    }
  }
  return values[next++ % values.size()];
}

void Fill(LayoutStore* store, const Workload& workload, std::mt19937_64* random) {
  const auto count = static_cast<double>(workload.keys);
  std::vector<int> order(static_cast<std::size_t>(workload.keys));
  for (int i = 0; i < workload.keys; ++i) order[static_cast<std::size_t>(i)] = i;
  std::shuffle(order.begin(), order.end(), *random);
  Stopwatch create("put, new key");
  for (const int number : order) {
    store->Put(KeyAt(number), PickValue(workload.value_bytes));
  }
  create.Report(count);
  Stopwatch update("put, existing key");
  for (int i = 0; i < workload.keys; ++i) {
    const int number = static_cast<int>((*random)() % static_cast<std::uint64_t>(workload.keys));
    store->Put(KeyAt(number), PickValue(workload.value_bytes));
  }
  update.Report(count);
  for (int i = 0; i < kHotVersions; ++i) {
    store->Put(KeyAt(0), PickValue(workload.value_bytes));
    store->Commit();
  }
  store->Commit();
  store->Flush();
}

void Read(LayoutStore* store, const Workload& workload, std::mt19937_64* random) {
  constexpr int kPointReads = 100'000;
  constexpr int kRanges = 10;
  constexpr std::size_t kRangeKeys = 10'000;
  const auto keys = static_cast<std::uint64_t>(workload.keys);
  Stopwatch point("point read");
  for (int i = 0; i < kPointReads; ++i) {
    store->PointRead(KeyAt(static_cast<int>((*random)() % keys)));
  }
  point.Report(kPointReads);
  Stopwatch range("range of 10,000, per key");
  for (int i = 0; i < kRanges; ++i) {
    store->Range(KeyAt(static_cast<int>((*random)() % (keys - kRangeKeys))), kRangeKeys);
  }
  range.Report(static_cast<double>(kRanges * kRangeKeys));
  Stopwatch count("count, per key");
  STELE_CHECK(store->Range("", 0) == keys);
  count.Report(static_cast<double>(keys));
  Stopwatch historical("historical read, 10,000 versions");
  const std::int64_t newest = store->revision();
  for (int i = 0; i < 1000; ++i) {
    const auto back = static_cast<std::int64_t>((*random)() % (kHotVersions - 2));
    store->HistoricalRead(KeyAt(0), newest - back - 1);
  }
  historical.Report(1000);
  Stopwatch catch_up("watch catch-up, per event");
  catch_up.Report(static_cast<double>(store->CatchUp(newest / 3, 100'000)));
}

void RunLayout(char layout, const Workload& workload) {
  std::printf("layout %c: %d keys, values of %zu bytes, %s\n", layout, workload.keys,
              workload.value_bytes, workload.compression.c_str());
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("stele_layout_" + std::to_string(getpid()));
  std::filesystem::remove_all(dir);
  {
    std::mt19937_64 random(1);
    LayoutStore store(dir.string(), ShapeOf(layout), CompressionNamed(workload.compression));
    Fill(&store, workload, &random);
    std::printf("  %-34s %10.1f MiB\n", "on disk", static_cast<double>(DiskBytes(dir)) / 1048576);
    Read(&store, workload, &random);
    Stopwatch compact("compaction, per change");
    const auto walked = static_cast<double>(store.Compact());
    store.Flush();
    compact.Report(walked);
    Stopwatch settle("RocksDB compaction of it, per change");
    store.Settle();
    settle.Report(walked);
    std::printf("  %-34s %10.1f MiB\n", "on disk", static_cast<double>(DiskBytes(dir)) / 1048576);
  }
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace stele::storage

int main(int argc, char** argv) {
  stele::storage::Workload workload;
  if (argc > 1) workload.keys = std::atoi(argv[1]);
  if (argc > 2) workload.value_bytes = static_cast<std::size_t>(std::atoi(argv[2]));
  if (argc > 3) workload.layouts = argv[3];
  if (argc > 4) workload.compression = argv[4];
  for (const char layout : workload.layouts) stele::storage::RunLayout(layout, workload);
  return 0;
}
