// Keys in an engine snapshot: as they are in it, or as they were at an older revision.
//
// A source must not outlive the snapshot that it reads, nor the memory that it was given, if any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/key_source.h"
#include "src/storage/mvcc/read_memory.h"

namespace stele::storage {

// Reads the one record of `kRev` that holds the version.
absl::Status LoadVersion(const EngineSnapshot& snapshot, std::string_view key, const KeyMeta& meta,
                         mvccpb::KeyValue* kv);

// The same for many, appended in the order of `found` and read in the order of their revisions:
// what was written together is read together.
absl::Status LoadVersions(const EngineSnapshot& snapshot, const std::vector<FoundKey>& found,
                          KeyValues* kvs);

// The same in the wire form of RangeResponse.kvs. A few values are kept in `values`, if not null.
absl::Status EncodeVersions(const EngineSnapshot& snapshot, const std::vector<FoundKey>& found,
                            ValueCache* values, std::string* out);

class LatestSource : public KeySource {
 public:
  explicit LatestSource(const EngineSnapshot& snapshot) : snapshot_(snapshot) {}
  // `revision` is the snapshot's.
  LatestSource(const EngineSnapshot& snapshot, std::int64_t revision, ReadMemory* memory)
      : snapshot_(snapshot), revision_(revision), memory_(memory) {}

  absl::StatusOr<std::optional<KeyMeta>> Find(std::string_view key) const override;
  std::unique_ptr<KeyCursor> Scan(const KeyInterval& interval) const override;
  absl::StatusOr<std::int64_t> Count(const KeyInterval& interval) const override;
  absl::Status Load(std::string_view key, const KeyMeta& meta, mvccpb::KeyValue* kv) const override;
  absl::Status LoadAll(const std::vector<FoundKey>& found, KeyValues* kvs) const override;
  absl::Status EncodeAll(const std::vector<FoundKey>& found, std::string* out) const override;

  const EngineSnapshot& snapshot() const { return snapshot_; }
  ReadMemory* memory() const { return memory_; }

 private:
  const EngineSnapshot& snapshot_;
  const std::int64_t revision_ = 0;
  ReadMemory* const memory_ = nullptr;
};

// REQUIRES: compact_revision <= revision <= current_revision of the snapshot
class HistoricalSource : public KeySource {
 public:
  HistoricalSource(LatestSource latest, std::int64_t revision)
      : latest_(std::move(latest)), revision_(revision) {}

  absl::StatusOr<std::optional<KeyMeta>> Find(std::string_view key) const override;
  std::unique_ptr<KeyCursor> Scan(const KeyInterval& interval) const override;
  absl::StatusOr<std::int64_t> Count(const KeyInterval& interval) const override;
  absl::Status Load(std::string_view key, const KeyMeta& meta, mvccpb::KeyValue* kv) const override;
  absl::Status LoadAll(const std::vector<FoundKey>& found, KeyValues* kvs) const override;
  absl::Status EncodeAll(const std::vector<FoundKey>& found, std::string* out) const override;

 private:
  const LatestSource latest_;
  const std::int64_t revision_;
};

}  // namespace stele::storage
