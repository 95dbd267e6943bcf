#include "src/storage/mvcc/event_reader.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "src/storage/mutation.h"
#include "src/storage/mvcc/errors.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

namespace {

// Bounds the work of a call whose interval matches little: it then returns early with few events
// and an advanced cursor.
constexpr std::size_t kBytesScannedMax = std::size_t{8} << 20;

std::shared_ptr<const mvccpb::KeyValue> MakeKeyValue(const ChangeRecord& change) {
  auto kv = std::make_shared<mvccpb::KeyValue>();
  if (change.tombstone) {
    kv->set_key(change.key.data(), change.key.size());
    kv->set_mod_revision(change.meta.mod.main);
  } else {
    FillKeyValue(change.key, change.meta, kv.get());
    kv->set_value(change.value.data(), change.value.size());
  }
  return kv;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const mvccpb::KeyValue>> ReadPrevious(const EngineSnapshot& snapshot,
                                                                     const Event& event) {
  if (event.prev_kv != nullptr || event.prev.IsNone()) return event.prev_kv;
  std::string engine_key;
  EncodeRevisionKey(event.prev, &engine_key);
  absl::StatusOr<std::optional<std::string>> bytes = snapshot.Get(Family::kRev, engine_key);
  if (!bytes.ok()) return bytes.status();
  ChangeRecord change;
  if (!*bytes || !DecodeChange(**bytes, event.prev, &change) || change.key != event.kv->key()) {
    return DamagedRecord("previous version of an event");
  }
  return MakeKeyValue(change);
}

absl::Status ReadEventHistory(const EngineSnapshot& snapshot, const KeyInterval& interval,
                              std::int64_t from, std::int64_t current_revision,
                              std::int64_t compact_revision, bool with_prev_kv,
                              const EventReadBounds& bounds, std::vector<EventBatch>* batches,
                              std::int64_t* next) {
  if (from < compact_revision) return CompactedError();
  from = std::max<std::int64_t>(from, 1);
  *next = std::max(from, current_revision + 1);
  if (from > current_revision) return absl::OkStatus();

  std::string engine_key;
  EncodeRevisionKey(Revision{from, 0}, &engine_key);
  const std::unique_ptr<Iterator> iterator = snapshot.NewIterator(Family::kRev, "");
  std::size_t bytes = 0;
  std::size_t bytes_scanned = 0;
  std::size_t revisions = 0;
  std::int64_t last_seen = 0;
  for (iterator->Seek(engine_key); iterator->Valid(); iterator->Next()) {
    Revision revision;
    ChangeRecord change;
    if (!DecodeRevisionKey(iterator->key(), &revision) ||
        !DecodeChange(iterator->value(), revision, &change)) {
      return DamagedRecord("event");
    }
    if (revision.main != last_seen &&
        (bytes >= bounds.bytes_max || bytes_scanned >= kBytesScannedMax ||
         revisions >= bounds.revisions_max) &&
        last_seen != 0) {
      *next = revision.main;
      break;
    }
    last_seen = revision.main;
    bytes_scanned += iterator->key().size() + iterator->value().size();
    if (!interval.Contains(change.key)) continue;

    Event event;
    event.type = change.tombstone ? mvccpb::Event::DELETE : mvccpb::Event::PUT;
    event.kv = MakeKeyValue(change);
    event.prev = change.prev;
    // The version before the first uncompacted revision may or may not be there still: never
    // answer by chance.
    const bool wants_prev = with_prev_kv && !Planted(Mutation::kPreviousLeftOut);
    if (wants_prev && revision.main > compact_revision) {
      auto previous = ReadPrevious(snapshot, event);
      if (!previous.ok()) return previous.status();
      event.prev_kv = *std::move(previous);
    }
    if (batches->empty() || batches->back().revision != revision.main || revisions == 0) {
      batches->push_back(EventBatch{revision.main, {}});
      ++revisions;
    }
    bytes += iterator->value().size();
    batches->back().events.push_back(std::move(event));
  }
  return iterator->status();
}

}  // namespace stele::storage
