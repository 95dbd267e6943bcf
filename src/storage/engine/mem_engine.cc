#include "src/storage/engine/mem_engine.h"

#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"

namespace stele::storage {

namespace {

std::size_t Slot(Family family) { return static_cast<std::size_t>(family); }

struct BatchedChange {
  Family family;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes
};

class MemBatch : public WriteBatch {
 public:
  void Put(Family family, std::string_view key, std::string_view value) override {
    changes_.push_back({family, std::string(key), std::string(value)});
    byte_size_ += key.size() + value.size();
  }
  void Delete(Family family, std::string_view key) override {
    changes_.push_back({family, std::string(key), std::nullopt});
    byte_size_ += key.size();
  }
  std::size_t ByteSize() const override { return byte_size_; }
  void Clear() override {
    changes_.clear();
    byte_size_ = 0;
  }
  const std::vector<BatchedChange>& changes() const { return changes_; }

 private:
  std::vector<BatchedChange> changes_;
  std::size_t byte_size_ = 0;
};

class MemIterator : public Iterator {
 public:
  MemIterator(PersistentMap map, std::string_view upper_bound)
      : map_(std::move(map)), upper_bound_(upper_bound) {}

  bool Valid() const override { return node_ != nullptr; }
  void Seek(std::string_view target) override { Set(map_.FirstAtOrAfter(target)); }
  void SeekForPrev(std::string_view target) override {
    const bool beyond = !upper_bound_.empty() && target >= upper_bound_;
    Set(beyond ? map_.LastBefore(upper_bound_) : map_.LastAtOrBefore(target));
  }
  void Next() override {
    STELE_CHECK(Valid());
    Set(map_.FirstAfter(node_->key));
  }
  void Prev() override {
    STELE_CHECK(Valid());
    Set(map_.LastBefore(node_->key));
  }
  std::string_view key() const override { return node_->key; }
  std::string_view value() const override { return node_->value; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  void Set(const PersistentMap::Node* node) {
    const bool beyond = node != nullptr && !upper_bound_.empty() && node->key >= upper_bound_;
    node_ = beyond ? nullptr : node;
  }

  const PersistentMap map_;
  const std::string upper_bound_;
  const PersistentMap::Node* node_ = nullptr;
};

class MemSnapshot : public EngineSnapshot {
 public:
  explicit MemSnapshot(FamilyMaps maps) : maps_(std::move(maps)) {}

  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 std::string_view key) const override {
    const PersistentMap::Node* node = maps_[Slot(family)].Find(key);
    if (node == nullptr) return std::optional<std::string>();
    return std::optional<std::string>(node->value);
  }
  std::unique_ptr<Iterator> NewIterator(Family family,
                                        std::string_view upper_bound) const override {
    return std::make_unique<MemIterator>(maps_[Slot(family)], upper_bound);
  }

 private:
  const FamilyMaps maps_;
};

}  // namespace

bool MemDisk::Exists(const std::string& dir) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return dirs_.count(dir) != 0;
}

FamilyMaps MemDisk::Load(const std::string& dir) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = dirs_.find(dir);
  return found == dirs_.end() ? FamilyMaps() : found->second;
}

void MemDisk::Save(const std::string& dir, const FamilyMaps& maps) {
  const std::lock_guard<std::mutex> lock(mutex_);
  dirs_[dir] = maps;
}

void MemDisk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = dirs_.find(from);
  STELE_CHECK(found != dirs_.end());
  dirs_[to] = found->second;
  dirs_.erase(from);
}

void MemDisk::Remove(const std::string& dir) {
  const std::lock_guard<std::mutex> lock(mutex_);
  dirs_.erase(dir);
}

MemEngine::MemEngine() : MemEngine(std::make_shared<MemDisk>(), "engine") {}

MemEngine::MemEngine(std::shared_ptr<MemDisk> disk, std::string dir)
    : disk_(std::move(disk)), dir_(std::move(dir)), maps_(disk_->Load(dir_)), durable_(maps_) {}

std::unique_ptr<WriteBatch> MemEngine::NewBatch() { return std::make_unique<MemBatch>(); }

absl::Status MemEngine::Write(WriteBatch* batch) {
  const auto* changes = dynamic_cast<MemBatch*>(batch);
  STELE_CHECK(changes != nullptr);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const BatchedChange& change : changes->changes()) {
    PersistentMap& map = maps_[Slot(change.family)];
    if (change.value) {
      map.Put(change.key, *change.value);
    } else {
      map.Erase(change.key);
    }
  }
  bytes_written_ += batch->ByteSize();
  unflushed_.push_back(maps_);
  if (unflushed_.size() > kUnflushedMax) {
    durable_ = std::move(unflushed_.front());
    unflushed_.pop_front();
    disk_->Save(dir_, durable_);
  }
  return absl::OkStatus();
}

std::shared_ptr<const EngineSnapshot> MemEngine::Snapshot() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::make_shared<const MemSnapshot>(maps_);
}

void MemEngine::MakeDurable(FamilyMaps maps) {
  maps_ = std::move(maps);
  durable_ = maps_;
  unflushed_.clear();
  disk_->Save(dir_, durable_);
}

absl::Status MemEngine::Flush() {
  const std::lock_guard<std::mutex> lock(mutex_);
  MakeDurable(maps_);
  return absl::OkStatus();
}

absl::Status MemEngine::Checkpoint(const std::string& dir) {
  if (disk_->Exists(dir)) {
    return absl::AlreadyExistsError(absl::StrCat("checkpoint directory exists: ", dir));
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  MakeDurable(maps_);
  disk_->Save(dir, maps_);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> MemEngine::DurableMeta(std::string_view key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const PersistentMap::Node* node = durable_[Slot(Family::kMeta)].Find(key);
  if (node == nullptr) return std::optional<std::string>();
  return std::optional<std::string>(node->value);
}

EngineStats MemEngine::Stats() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {
      .bytes_on_disk = bytes_written_, .bytes_live_estimate = bytes_written_, .memtable_bytes = 0};
}

std::size_t MemEngine::UnflushedBatches() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return unflushed_.size();
}

void MemEngine::CrashKeeping(std::size_t kept) {
  const std::lock_guard<std::mutex> lock(mutex_);
  STELE_CHECK(kept <= unflushed_.size());
  MakeDurable(kept == 0 ? durable_ : unflushed_[kept - 1]);
}

void MemEngine::Crash(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  CrashKeeping(random() % (UnflushedBatches() + 1));
}

}  // namespace stele::storage
