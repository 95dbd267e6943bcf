#include "src/storage/mvcc/snapshot_source.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/key_value_wire.h"
#include "src/storage/mvcc/latest_cursor.h"

namespace stele::storage {

namespace {

// An iterator costs as much as so many lookups.
constexpr std::size_t kFewVersions = 4;

// The first record of `kHistory` for a key that is not above a revision.
struct HistoryHit {
  bool tombstone = false;
  KeyMeta meta;
};

// Walks `kHistory` key by key and tells of each what it was at the revision.
class HistoryWalk {
 public:
  HistoryWalk(const EngineSnapshot& snapshot, const KeyInterval& interval, std::int64_t revision)
      : iterator_(snapshot.NewIterator(Family::kHistory, interval.unbounded()
                                                             ? std::string()
                                                             : HistoryLowerBound(interval.end()))),
        revision_(revision) {
    iterator_->Seek(HistoryLowerBound(interval.begin()));
    Settle();
  }

  bool Valid() const { return valid_; }
  const std::string& key() const { return key_; }
  // nullopt: the key did not exist at the revision, or has no record that old here.
  const std::optional<KeyMeta>& meta() const { return meta_; }
  absl::Status status() const { return status_.ok() ? iterator_->status() : status_; }

  // On to the next key.
  void Next() {
    // Most keys have few versions: steps are cheaper than a seek until they are not.
    constexpr int kStepsMax = 8;
    std::string key;
    Revision ignored;
    for (int step = 0; iterator_->Valid(); ++step) {
      if (step == kStepsMax) {
        EncodeHistoryKey(key_, Revision{0, 0}, &seek_key_);
        iterator_->Seek(seek_key_);
      } else {
        iterator_->Next();
      }
      if (!iterator_->Valid()) break;
      if (!DecodeHistoryKey(iterator_->key(), &key, &ignored)) return Fail();
      if (key != key_) break;
    }
    Settle();
  }

 private:
  // Reads the key that the iterator is at and moves on to its version at the revision.
  void Settle() {
    valid_ = iterator_->Valid();
    meta_.reset();
    if (!valid_) return;
    Revision revision;
    if (!DecodeHistoryKey(iterator_->key(), &key_, &revision)) return Fail();
    if (revision.main > revision_) {
      EncodeHistoryKey(key_, Revision{revision_, kSubMax}, &seek_key_);
      iterator_->Seek(seek_key_);
      std::string found;
      if (!iterator_->Valid()) return;
      if (!DecodeHistoryKey(iterator_->key(), &found, &revision)) return Fail();
      if (found != key_) {
        // All versions here are newer. Next() must not skip the key we ended up on.
        iterator_->Prev();
        return;
      }
    }
    HistoryHit hit;
    if (!DecodeHistoryMeta(iterator_->value(), revision, &hit.tombstone, &hit.meta)) return Fail();
    if (!hit.tombstone) meta_ = hit.meta;
  }

  void Fail() {
    valid_ = false;
    status_ = DamagedRecord("history");
  }

  const std::unique_ptr<Iterator> iterator_;
  const std::int64_t revision_;
  bool valid_ = false;
  std::string key_;
  std::string seek_key_;
  std::optional<KeyMeta> meta_;
  absl::Status status_;
};

// Merges the newest versions with the superseded ones.
class HistoricalCursor : public KeyCursor {
 public:
  HistoricalCursor(const LatestSource& latest, const KeyInterval& interval, std::int64_t revision)
      : latest_(latest.Scan(interval)),
        history_(latest.snapshot(), interval, revision),
        revision_(revision) {
    Settle();
  }

  bool Valid() const override { return valid_; }
  void Next() override { Settle(); }
  std::string_view key() const override { return key_; }
  const KeyMeta& meta() const override { return meta_; }
  absl::Status status() const override {
    return latest_->status().ok() ? history_.status() : latest_->status();
  }

 private:
  void Settle() {
    valid_ = false;
    while (!valid_ && (latest_->Valid() || history_.Valid())) {
      const bool take_latest =
          latest_->Valid() && (!history_.Valid() || latest_->key() <= history_.key());
      const bool take_history =
          history_.Valid() && (!latest_->Valid() || history_.key() <= latest_->key());
      if (take_latest && latest_->meta().mod.main <= revision_) {
        Accept(latest_->key(), latest_->meta());
      } else if (take_history && history_.meta()) {
        Accept(history_.key(), *history_.meta());
      }
      if (take_latest) latest_->Next();
      if (take_history) history_.Next();
    }
    if (!status().ok()) valid_ = false;
  }

  void Accept(std::string_view key, const KeyMeta& meta) {
    key_.assign(key);
    meta_ = meta;
    valid_ = true;
  }

  const std::unique_ptr<KeyCursor> latest_;
  HistoryWalk history_;
  const std::int64_t revision_;
  bool valid_ = false;
  std::string key_;
  KeyMeta meta_;
};

absl::Status DecodeVersion(std::string_view bytes, const FoundKey& found, std::string_view* value) {
  ChangeRecord change;
  if (!DecodeChange(bytes, found.meta.mod, &change) || change.key != found.key ||
      change.tombstone) {
    return DamagedRecord("version of a key");
  }
  *value = change.value;
  return absl::OkStatus();
}

// Moves forward to the record with this key; false if there is none. A few steps are cheaper than a
// seek.
bool Reach(std::string_view engine_key, Iterator* iterator) {
  constexpr int kStepsMax = 8;
  for (int step = 0; iterator->Valid() && step < kStepsMax; ++step) {
    if (iterator->key() >= engine_key) break;
    iterator->Next();
  }
  if (!iterator->Valid() || iterator->key() < engine_key) iterator->Seek(engine_key);
  return iterator->Valid() && iterator->key() == engine_key;
}

// Calls take(position in `found`, value) for each, in any order; the value is valid during the
// call.
template <class Take>
absl::Status ReadValues(const EngineSnapshot& snapshot, const std::vector<FoundKey>& found,
                        const Take& take) {
  std::string engine_key;
  std::string_view value;
  if (found.size() < kFewVersions) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      EncodeRevisionKey(found[i].meta.mod, &engine_key);
      const absl::StatusOr<std::optional<std::string>> bytes =
          snapshot.Get(Family::kRev, engine_key);
      if (!bytes.ok()) return bytes.status();
      if (!*bytes) return DamagedRecord("version of a key");
      absl::Status status = DecodeVersion(**bytes, found[i], &value);
      if (!status.ok()) return status;
      take(i, value);
    }
    return absl::OkStatus();
  }
  // What was written together is read together.
  std::vector<std::size_t> order(found.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto is_older = [&](std::size_t a, std::size_t b) {
    return found[a].meta.mod < found[b].meta.mod;
  };
  if (!std::is_sorted(order.begin(), order.end(), is_older)) {
    std::sort(order.begin(), order.end(), is_older);
  }
  const std::unique_ptr<Iterator> iterator = snapshot.NewIterator(Family::kRev, "");
  for (const std::size_t i : order) {
    EncodeRevisionKey(found[i].meta.mod, &engine_key);
    if (!Reach(engine_key, iterator.get())) {
      if (!iterator->status().ok()) return iterator->status();
      return DamagedRecord("version of a key");
    }
    absl::Status status = DecodeVersion(iterator->value(), found[i], &value);
    if (!status.ok()) return status;
    take(i, value);
  }
  return absl::OkStatus();
}

absl::Status EncodeVersion(const EngineSnapshot& snapshot, const FoundKey& found,
                           ValueCache* values, std::string* out) {
  if (const std::shared_ptr<const std::string> value = values->Find(found.meta.mod)) {
    AppendKeyValue(found.key, found.meta, *value, out);
    return absl::OkStatus();
  }
  return ReadValues(snapshot, {found}, [&](std::size_t, std::string_view value) {
    AppendKeyValue(found.key, found.meta, value, out);
    values->Put(found.meta.mod, value);
  });
}

}  // namespace

absl::Status LoadVersion(const EngineSnapshot& snapshot, std::string_view key, const KeyMeta& meta,
                         mvccpb::KeyValue* kv) {
  FillKeyValue(key, meta, kv);
  return ReadValues(snapshot, {{std::string(key), meta}}, [&](std::size_t, std::string_view value) {
    kv->set_value(value.data(), value.size());
  });
}

absl::Status LoadVersions(const EngineSnapshot& snapshot, const std::vector<FoundKey>& found,
                          KeyValues* kvs) {
  const int first = kvs->size();
  kvs->Reserve(first + static_cast<int>(found.size()));
  for (const FoundKey& element : found) FillKeyValue(element.key, element.meta, kvs->Add());
  return ReadValues(snapshot, found, [&](std::size_t i, std::string_view value) {
    kvs->Mutable(first + static_cast<int>(i))->set_value(value.data(), value.size());
  });
}

absl::Status EncodeVersions(const EngineSnapshot& snapshot, const std::vector<FoundKey>& found,
                            ValueCache* values, std::string* out) {
  if (values != nullptr && found.size() < kFewVersions) {
    for (const FoundKey& element : found) {
      absl::Status status = EncodeVersion(snapshot, element, values, out);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }
  // In the order of reading, because that is not always the order of the keys.
  std::string bytes;
  std::vector<std::pair<std::size_t, std::size_t>> places(found.size());
  absl::Status status = ReadValues(snapshot, found, [&](std::size_t i, std::string_view value) {
    places[i] = {bytes.size(), value.size()};
    bytes.append(value);
  });
  if (!status.ok()) return status;
  constexpr std::size_t kNumbersBytes = 48;  // at most, about
  std::size_t size = out->size() + bytes.size();
  for (const FoundKey& element : found) size += element.key.size() + kNumbersBytes;
  out->reserve(size);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [begin, length] = places[i];
    AppendKeyValue(found[i].key, found[i].meta, std::string_view(bytes).substr(begin, length), out);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<KeyMeta>> LatestSource::Find(std::string_view key) const {
  if (memory_ != nullptr) {
    if (const std::optional<MetaCache::Meta> known = memory_->metas.FindAt(key, revision_)) {
      return *known;
    }
  }
  absl::StatusOr<std::optional<std::string>> bytes = snapshot_.Get(Family::kKey, key);
  if (!bytes.ok()) return bytes.status();
  std::optional<KeyMeta> meta;
  if (*bytes && !DecodeKeyMeta(**bytes, &meta.emplace())) return DamagedRecord("key");
  if (memory_ != nullptr) memory_->metas.Offer(key, meta, revision_);
  return meta;
}

std::unique_ptr<KeyCursor> LatestSource::Scan(const KeyInterval& interval) const {
  return std::make_unique<LatestCursor>(snapshot_, interval, revision_,
                                        memory_ == nullptr ? nullptr : &memory_->empty_spans);
}

absl::StatusOr<std::int64_t> LatestSource::Count(const KeyInterval& interval) const {
  if (memory_ == nullptr) return KeySource::Count(interval);
  return CountKeys(*this, interval, revision_, &memory_->counts);
}

absl::Status LatestSource::Load(std::string_view key, const KeyMeta& meta,
                                mvccpb::KeyValue* kv) const {
  return LoadVersion(snapshot_, key, meta, kv);
}

absl::Status LatestSource::LoadAll(const std::vector<FoundKey>& found, KeyValues* kvs) const {
  return LoadVersions(snapshot_, found, kvs);
}

absl::Status LatestSource::EncodeAll(const std::vector<FoundKey>& found, std::string* out) const {
  return EncodeVersions(snapshot_, found, memory_ == nullptr ? nullptr : &memory_->values, out);
}

absl::StatusOr<std::optional<KeyMeta>> HistoricalSource::Find(std::string_view key) const {
  absl::StatusOr<std::optional<KeyMeta>> latest = latest_.Find(key);
  if (!latest.ok()) return latest;
  if (*latest && (*latest)->mod.main <= revision_) return latest;

  std::string engine_key;
  EncodeHistoryKey(key, Revision{0, 0}, &engine_key);
  const std::unique_ptr<Iterator> iterator =
      latest_.snapshot().NewIterator(Family::kHistory, engine_key);
  EncodeHistoryKey(key, Revision{revision_, kSubMax}, &engine_key);
  iterator->Seek(engine_key);
  if (!iterator->Valid()) {
    if (!iterator->status().ok()) return iterator->status();
    return std::optional<KeyMeta>();
  }
  std::string found;
  Revision revision;
  HistoryHit hit;
  if (!DecodeHistoryKey(iterator->key(), &found, &revision) || found != key ||
      !DecodeHistoryMeta(iterator->value(), revision, &hit.tombstone, &hit.meta)) {
    return DamagedRecord("history");
  }
  return hit.tombstone ? std::optional<KeyMeta>() : std::optional<KeyMeta>(hit.meta);
}

std::unique_ptr<KeyCursor> HistoricalSource::Scan(const KeyInterval& interval) const {
  return std::make_unique<HistoricalCursor>(latest_, interval, revision_);
}

absl::StatusOr<std::int64_t> HistoricalSource::Count(const KeyInterval& interval) const {
  if (latest_.memory() == nullptr) return KeySource::Count(interval);
  return CountKeys(*this, interval, revision_, &latest_.memory()->counts);
}

absl::Status HistoricalSource::Load(std::string_view key, const KeyMeta& meta,
                                    mvccpb::KeyValue* kv) const {
  return latest_.Load(key, meta, kv);
}

absl::Status HistoricalSource::LoadAll(const std::vector<FoundKey>& found, KeyValues* kvs) const {
  return latest_.LoadAll(found, kvs);
}

absl::Status HistoricalSource::EncodeAll(const std::vector<FoundKey>& found,
                                         std::string* out) const {
  return latest_.EncodeAll(found, out);
}

}  // namespace stele::storage
