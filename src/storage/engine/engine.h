// An ordered store of byte strings in a few families, with atomic batches, snapshots and
// checkpoints. Two implementations: rocks_engine.h and mem_engine.h; one contract test for both.
//
// Writes come from one thread at a time and are not durable until Flush (or a flush of the engine's
// own accord): after a crash the store is some earlier prefix of its batches, never a part of one.
// Snapshots and iterators may be used by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace stele::storage {

enum class Family : std::uint8_t {
  kKey,      // newest version of every live key, without its value
  kHistory,  // superseded versions and tombstones by key, newest first (key_codec.h)
  kRev,      // every change with its value, by revision
  kMeta,     // applied index, revisions, tables of leases and members
};
inline constexpr int kFamilies = 4;

class WriteBatch {
 public:
  virtual ~WriteBatch() = default;
  virtual void Put(Family family, std::string_view key, std::string_view value) = 0;
  virtual void Delete(Family family, std::string_view key) = 0;
  virtual std::size_t ByteSize() const = 0;
  virtual void Clear() = 0;
};

// Positioned nowhere until a Seek. Keys and values are valid until the next move.
class Iterator {
 public:
  virtual ~Iterator() = default;
  virtual bool Valid() const = 0;
  virtual void Seek(std::string_view target) = 0;         // first key >= target
  virtual void SeekForPrev(std::string_view target) = 0;  // last key <= target
  virtual void Next() = 0;
  virtual void Prev() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // How many removed records the moves so far have stepped over; 0 if that is not known.
  virtual std::uint64_t removed_passed() const { return 0; }
  // Not ok when reading failed (damage): Valid() is then false and the result must not be used.
  virtual absl::Status status() const = 0;
};

class EngineSnapshot {
 public:
  virtual ~EngineSnapshot() = default;
  // nullopt: no such key.
  virtual absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                         std::string_view key) const = 0;
  // `upper_bound` (exclusive, may be empty for none) is copied.
  virtual std::unique_ptr<Iterator> NewIterator(Family family,
                                                std::string_view upper_bound) const = 0;
};

struct EngineStats {
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t bytes_live_estimate = 0;
  std::uint64_t memtable_bytes = 0;
};

// A file of the store that does not change any more, and what its bytes must add up to.
struct StoredFile {
  std::string path;
  std::uint32_t crc32c = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::unique_ptr<WriteBatch> NewBatch() = 0;
  virtual absl::Status Write(WriteBatch* batch) = 0;
  virtual std::shared_ptr<const EngineSnapshot> Snapshot() = 0;

  // All families together become durable up to the last Write. Blocks.
  virtual absl::Status Flush() = 0;

  // Begins a flush of what is written so far and returns; DurableMeta tells when it is done.
  virtual absl::Status StartFlush() = 0;

  // A consistent, openable copy of all that is written, in the new directory `dir` (which must not
  // exist); flushes first. Hard links where the file system can.
  virtual absl::Status Checkpoint(const std::string& dir) = 0;

  // The value of the key (Family::kMeta, `key`) as of the last durable flush; nullopt if none.
  // This is how far the log may be released.
  virtual absl::StatusOr<std::optional<std::string>> DurableMeta(std::string_view key) = 0;

  virtual EngineStats Stats() = 0;

  // Gives space back that removed and overwritten records still hold, where that is worth the work;
  // returns at once where not. Any thread; blocks, but nobody else: reads and writes go on. Gives
  // up soon after `given_up` is set.
  virtual absl::Status ReclaimSpace(std::atomic<bool>* /*given_up*/) { return absl::OkStatus(); }
  // Those in use now; any of them may be let go at any time. Any thread.
  virtual std::vector<StoredFile> Files() = 0;
};

}  // namespace stele::storage
