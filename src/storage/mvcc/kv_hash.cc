#include "src/storage/mvcc/kv_hash.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proto/mvcc.pb.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/record_codec.h"
#include "src/storage/mvcc/snapshot_source.h"
#include "src/storage/wal/crc32c.h"

namespace stele::storage {

namespace {

using Visit = std::function<void(const ChangeRecord&)>;

// The changes at revisions up to `last`, ascending.
absl::Status ForEachChange(const EngineSnapshot& snapshot, std::int64_t last, const Visit& visit) {
  std::string bound;
  EncodeRevisionKey(Revision{last + 1, 0}, &bound);
  const std::unique_ptr<Iterator> iterator = snapshot.NewIterator(Family::kRev, bound);
  for (iterator->Seek(""); iterator->Valid(); iterator->Next()) {
    Revision revision;
    ChangeRecord change;
    if (!DecodeRevisionKey(iterator->key(), &revision) ||
        !DecodeChange(iterator->value(), revision, &change)) {
      return DamagedRecord("change under a hash");
    }
    visit(change);
  }
  return iterator->status();
}

// etcd's bytes for a change: the revision, an underscore, the change's number and, for a deletion,
// a mark; then the version as a message, of which a deletion has nothing but the key.
class ChangeHasher {
 public:
  ChangeHasher() : crc_(wal::Crc32c("key")) {}

  void Add(const ChangeRecord& change) {
    bytes_.clear();
    AppendBigEndian64(static_cast<std::uint64_t>(change.meta.mod.main), &bytes_);
    bytes_.push_back('_');
    AppendBigEndian64(change.meta.mod.sub, &bytes_);
    kv_.Clear();
    if (change.tombstone) {
      bytes_.push_back('t');
      kv_.set_key(change.key.data(), change.key.size());
    } else {
      FillKeyValue(change.key, change.meta, &kv_);
      kv_.set_value(change.value.data(), change.value.size());
    }
    kv_.AppendToString(&bytes_);
    crc_ = wal::ExtendCrc32c(crc_, bytes_);
  }

  std::uint32_t crc() const { return crc_; }

 private:
  std::uint32_t crc_;
  std::string bytes_;
  mvccpb::KeyValue kv_;
};

// etcd asks for the versions that a compaction of `revision` would keep and passes over the others
// below the compact revision. When it would keep none, it does not look at all, and everything
// counts that the last compaction left.
absl::StatusOr<std::int64_t> RevisionToKeepAt(const EngineSnapshot& snapshot, std::int64_t revision,
                                              std::int64_t compact_revision) {
  const KeyInterval everything(std::string_view("\0", 1), std::string_view("\0", 1));
  const HistoricalSource source(LatestSource(snapshot), revision);
  const std::unique_ptr<KeyCursor> any = source.Scan(everything);
  if (!any->status().ok()) return any->status();
  return any->Valid() ? revision : compact_revision;
}

// The versions at or below the compact revision that a change up to `keep_at` superseded, sorted.
absl::StatusOr<std::vector<Revision>> Superseded(const EngineSnapshot& snapshot,
                                                 std::int64_t keep_at,
                                                 std::int64_t compact_revision) {
  std::vector<Revision> superseded;
  absl::Status status = ForEachChange(snapshot, keep_at, [&](const ChangeRecord& change) {
    if (change.prev.IsNone() || change.prev.main > compact_revision) return;
    superseded.push_back(change.prev);
  });
  if (!status.ok()) return status;
  std::sort(superseded.begin(), superseded.end());
  return superseded;
}

}  // namespace

absl::StatusOr<KvHash> HashKeyValues(const EngineSnapshot& snapshot, std::int64_t revision,
                                     std::int64_t current_revision, std::int64_t compact_revision) {
  if (revision > 0 && revision < compact_revision) return CompactedError();
  if (revision > current_revision) return FutureRevisionError();
  if (revision == 0) revision = current_revision;
  KvHash result{wal::Crc32c("key"), compact_revision, revision};
  if (revision < 0) return result;

  std::vector<Revision> superseded;
  if (compact_revision > 0) {
    absl::StatusOr<std::int64_t> keep_at = RevisionToKeepAt(snapshot, revision, compact_revision);
    if (!keep_at.ok()) return keep_at.status();
    auto found = Superseded(snapshot, *keep_at, compact_revision);
    if (!found.ok()) return found.status();
    superseded = *std::move(found);
  }
  ChangeHasher hasher;
  auto next_superseded = superseded.begin();
  absl::Status status = ForEachChange(snapshot, revision, [&](const ChangeRecord& change) {
    if (change.meta.mod.main <= compact_revision) {
      if (change.tombstone) return;
      while (next_superseded != superseded.end() && *next_superseded < change.meta.mod) {
        ++next_superseded;
      }
      if (next_superseded != superseded.end() && *next_superseded == change.meta.mod) return;
    }
    hasher.Add(change);
  });
  if (!status.ok()) return status;
  result.hash = hasher.crc();
  return result;
}

}  // namespace stele::storage
