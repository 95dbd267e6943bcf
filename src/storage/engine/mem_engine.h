// The engine in memory, for tests and the simulator. It has a disk of its own kind: what was
// flushed survives the engine, and a crash may keep any number of the batches after it, because a
// real engine also flushes of its own accord.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "src/storage/engine/engine.h"
#include "src/storage/engine/persistent_map.h"

namespace stele::storage {

using FamilyMaps = std::array<PersistentMap, kFamilies>;

// Directories of flushed stores and checkpoints. Outlives the engines on it. Any thread.
class MemDisk {
 public:
  bool Exists(const std::string& dir) const;
  // Empty maps when there is no such directory.
  FamilyMaps Load(const std::string& dir) const;
  void Save(const std::string& dir, const FamilyMaps& maps);
  void Rename(const std::string& from, const std::string& to);  // REQUIRES: Exists(from)
  void Remove(const std::string& dir);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, FamilyMaps> dirs_;
};

class MemEngine : public Engine {
 public:
  // On a disk of its own.
  MemEngine();
  // Opens what was last flushed to `dir` of `disk`.
  MemEngine(std::shared_ptr<MemDisk> disk, std::string dir);

  std::unique_ptr<WriteBatch> NewBatch() override;
  absl::Status Write(WriteBatch* batch) override;
  std::shared_ptr<const EngineSnapshot> Snapshot() override;
  absl::Status Flush() override;
  absl::Status StartFlush() override { return Flush(); }
  absl::Status Checkpoint(const std::string& dir) override;
  absl::StatusOr<std::optional<std::string>> DurableMeta(std::string_view key) override;
  EngineStats Stats() override;
  std::vector<StoredFile> Files() override { return {}; }

  // Batches written after the last flush (at most kUnflushedMax: then the oldest become durable).
  std::size_t UnflushedBatches() const;
  // The engine is as if reopened after a crash that spared the first `kept` of them.
  // REQUIRES: kept <= UnflushedBatches()
  void CrashKeeping(std::size_t kept);
  // The same with a number drawn from the seed.
  void Crash(std::uint64_t seed);

  static constexpr std::size_t kUnflushedMax = 4096;

 private:
  void MakeDurable(FamilyMaps maps);  // REQUIRES: mutex_ is held

  const std::shared_ptr<MemDisk> disk_;
  const std::string dir_;

  mutable std::mutex mutex_;          // guards what is below: snapshots come from any thread
  FamilyMaps maps_;                   // what was written
  FamilyMaps durable_;                // what was flushed
  std::deque<FamilyMaps> unflushed_;  // the state after each batch since then
  std::uint64_t bytes_written_ = 0;
};

}  // namespace stele::storage
