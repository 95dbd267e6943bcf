#include "src/storage/mvcc/compactor.h"

#include <algorithm>
#include <memory>
#include <string>

#include "src/raft/check.h"
#include "src/storage/mutation.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

namespace {

void RemoveVersion(std::string_view key, Revision revision, WriteBatch* batch) {
  std::string engine_key;
  EncodeRevisionKey(revision, &engine_key);
  batch->Delete(Family::kRev, engine_key);
  EncodeHistoryKey(key, revision, &engine_key);
  batch->Delete(Family::kHistory, engine_key);
}

}  // namespace

void RetargetCompaction(std::int64_t old_target, CompactionCursor* cursor) {
  STELE_CHECK(cursor->next.main <= std::max<std::int64_t>(old_target, 0));
  if (cursor->next.main == old_target) cursor->next.sub = 0;
}

absl::Status CompactSome(const EngineSnapshot& snapshot, std::int64_t target,
                         std::size_t changes_max, CompactionCursor* cursor, WriteBatch* batch) {
  STELE_CHECK(changes_max > 0);
  if (cursor->finished >= target) return absl::OkStatus();
  std::string engine_key;
  EncodeRevisionKey(Revision{std::max<std::int64_t>(target, 0) + 1, 0}, &engine_key);
  const std::unique_ptr<Iterator> iterator = snapshot.NewIterator(Family::kRev, engine_key);
  EncodeRevisionKey(cursor->next, &engine_key);
  iterator->Seek(engine_key);
  for (std::size_t walked = 0; iterator->Valid() && walked < changes_max; ++walked) {
    Revision revision;
    ChangeRecord change;
    if (!DecodeRevisionKey(iterator->key(), &revision) ||
        !DecodeChange(iterator->value(), revision, &change)) {
      return DamagedRecord("change under compaction");
    }
    // A version at the target is still an event that a watcher from there must see.
    if (!change.prev.IsNone() && change.prev.main < target) {
      RemoveVersion(change.key, change.prev, batch);
    }
    const bool is_before = revision.main < target || Planted(Mutation::kTombstoneCompacted);
    if (change.tombstone && is_before) RemoveVersion(change.key, revision, batch);
    cursor->next = Revision{revision.main, revision.sub + 1};
    iterator->Next();
  }
  if (!iterator->status().ok()) return iterator->status();
  if (!iterator->Valid()) {
    cursor->finished = target;
    cursor->next = Revision{std::max<std::int64_t>(target, 0), 0};
  }
  return absl::OkStatus();
}

}  // namespace stele::storage
