#include "src/storage/mvcc/pending_writes.h"

#include "src/raft/check.h"
#include "src/storage/lease/lease_index.h"
#include "src/storage/mutation.h"
#include "src/storage/mvcc/key_codec.h"
#include "src/storage/mvcc/snapshot_source.h"

namespace stele::storage {

// Merges the snapshot's keys with the overlay, which wins.
class PendingCursor : public KeyCursor {
 public:
  PendingCursor(const PendingWrites& writes, const KeyInterval& interval)
      : base_(LatestSource(writes.base(), writes.base_revision_, writes.memory_).Scan(interval)),
        next_(writes.overlay_.lower_bound(interval.begin())),
        end_(interval.unbounded() ? writes.overlay_.end()
                                  : writes.overlay_.lower_bound(interval.end())) {
    if (interval.IsEmpty()) end_ = next_;
    Settle();
  }

  bool Valid() const override { return base_->status().ok() && (in_overlay_ || base_->Valid()); }
  void Next() override {
    Advance();
    Settle();
  }
  std::string_view key() const override {
    return in_overlay_ ? std::string_view(next_->first) : base_->key();
  }
  const KeyMeta& meta() const override { return in_overlay_ ? *next_->second : base_->meta(); }
  absl::Status status() const override { return base_->status(); }

 private:
  // Stands on the smaller key; deleted ones are passed over.
  void Settle() {
    for (;;) {
      in_overlay_ = next_ != end_ && (!base_->Valid() || next_->first <= base_->key());
      if (!in_overlay_ || next_->second) return;
      Advance();
    }
  }
  void Advance() {
    if (!in_overlay_) {
      base_->Next();
      return;
    }
    if (base_->Valid() && base_->key() == next_->first) base_->Next();
    ++next_;
  }

  const std::unique_ptr<KeyCursor> base_;
  PendingWrites::Overlay::const_iterator next_;
  PendingWrites::Overlay::const_iterator end_;
  bool in_overlay_ = false;
};

PendingWrites::PendingWrites(std::shared_ptr<const EngineSnapshot> base, ReadMemory* memory,
                             std::int64_t current_revision, std::vector<EventBatch>* events,
                             WriteBatch* batch)
    : base_(std::move(base)),
      memory_(memory),
      base_revision_(current_revision),
      first_event_(events->size()),
      events_(events),
      batch_(batch),
      current_revision_(current_revision) {}

absl::StatusOr<std::optional<KeyMeta>> PendingWrites::Find(std::string_view key) const {
  const auto found = overlay_.find(key);
  if (found != overlay_.end()) return found->second;
  if (const std::optional<MetaCache::Meta> known = memory_->metas.Find(key)) return *known;
  absl::StatusOr<std::optional<KeyMeta>> stored = LatestSource(*base_).Find(key);
  if (stored.ok()) memory_->metas.Put(key, *stored);
  return stored;
}

std::unique_ptr<KeyCursor> PendingWrites::Scan(const KeyInterval& interval) const {
  return std::make_unique<PendingCursor>(*this, interval);
}

absl::Status PendingWrites::Load(std::string_view key, const KeyMeta& meta,
                                 mvccpb::KeyValue* kv) const {
  if (meta.mod.main <= base_revision_) return LoadVersion(*base_, key, meta, kv);
  *kv = *EventOf(meta.mod).kv;
  STELE_CHECK(kv->key() == key);
  return absl::OkStatus();
}

// The change of this pass, maybe of the draft, that made the version.
const Event& PendingWrites::EventOf(const Revision& version) const {
  if (version.main == current_revision_ + 1) {
    STELE_CHECK(version.sub < draft_.size());
    return draft_[version.sub].event;
  }
  const auto offset = static_cast<std::size_t>(version.main - base_revision_ - 1);
  STELE_CHECK(first_event_ + offset < events_->size());
  const EventBatch& batch = (*events_)[first_event_ + offset];
  STELE_CHECK(batch.revision == version.main);
  STELE_CHECK(version.sub < batch.events.size());
  return batch.events[version.sub];
}

Revision PendingWrites::NextRevision() const {
  STELE_CHECK(draft_.size() < kSubMax);
  return Revision{current_revision_ + 1, static_cast<std::uint32_t>(draft_.size())};
}

void PendingWrites::Put(std::string key, std::string value, std::int64_t lease,
                        const std::optional<KeyMeta>& before) {
  KeyMeta after;
  after.mod = NextRevision();
  const bool is_update = before && !Planted(Mutation::kCreationForgotten);
  after.create_revision = is_update ? before->create_revision : after.mod.main;
  after.version = before ? before->version + 1 : 1;
  after.lease = lease;

  auto kv = std::make_shared<mvccpb::KeyValue>();
  FillKeyValue(key, after, kv.get());
  *kv->mutable_value() = std::move(value);
  Event event;
  event.type = mvccpb::Event::PUT;
  event.kv = std::move(kv);
  if (before) event.prev = before->mod;
  Record(std::move(key), before, after, std::move(event));
}

void PendingWrites::Delete(std::string_view key, const KeyMeta& before) {
  auto kv = std::make_shared<mvccpb::KeyValue>();
  kv->set_key(key.data(), key.size());
  kv->set_mod_revision(current_revision_ + 1);
  Event event;
  event.type = mvccpb::Event::DELETE;
  event.kv = std::move(kv);
  event.prev = before.mod;
  Record(std::string(key), before, std::nullopt, std::move(event));
}

void PendingWrites::Record(std::string key, const std::optional<KeyMeta>& before,
                           const std::optional<KeyMeta>& after, Event event) {
  const auto [position, inserted] = overlay_.try_emplace(key, after);
  if (!inserted) position->second = after;
  draft_.push_back({std::move(key), before, after, !inserted, std::move(event)});
}

void PendingWrites::Keep() {
  if (draft_.empty()) return;
  EventBatch events;
  events.revision = current_revision_ + 1;
  events.events.reserve(draft_.size());
  std::uint32_t sub = 0;
  for (DraftChange& change : draft_) {
    Encode(change, Revision{events.revision, sub++});
    events.events.push_back(std::move(change.event));
  }
  events_->push_back(std::move(events));
  draft_.clear();
  ++current_revision_;
}

void PendingWrites::Encode(const DraftChange& change, Revision revision) {
  ChangeRecord record;
  record.tombstone = !change.after;
  if (change.after) {
    record.meta = *change.after;
    record.value = change.event.kv->value();
  }
  if (change.before) record.prev = change.before->mod;
  record.key = change.key;
  EncodeRevisionKey(revision, &engine_key_);
  EncodeChange(record, &engine_value_);
  batch_->Put(Family::kRev, engine_key_, engine_value_);

  if (change.before) {
    EncodeHistoryKey(change.key, change.before->mod, &engine_key_);
    EncodeHistoryMeta(*change.before, &engine_value_);
    batch_->Put(Family::kHistory, engine_key_, engine_value_);
  }
  if (change.after) {
    EncodeKeyMeta(*change.after, &engine_value_);
    batch_->Put(Family::kKey, change.key, engine_value_);
  } else {
    EncodeHistoryKey(change.key, revision, &engine_key_);
    batch_->Put(Family::kHistory, engine_key_, kTombstoneMark);
    batch_->Delete(Family::kKey, change.key);
  }

  const std::int64_t lease_before = change.before ? change.before->lease : 0;
  const std::int64_t lease_after = change.after ? change.after->lease : 0;
  if (lease_before == lease_after) return;
  if (lease_before != 0 && !Planted(Mutation::kOverwrittenKeyStays)) {
    std::string attachment = AttachmentKey(lease_before, change.key);
    batch_->Delete(Family::kMeta, attachment);
    attachment_changes_[std::move(attachment)] = false;
  }
  if (lease_after != 0) {
    std::string attachment = AttachmentKey(lease_after, change.key);
    batch_->Put(Family::kMeta, attachment, "");
    attachment_changes_[std::move(attachment)] = true;
  }
}

void PendingWrites::Drop() {
  // Backwards, because one key may have changed twice.
  while (!draft_.empty()) {
    const DraftChange& change = draft_.back();
    if (change.was_in_overlay) {
      overlay_[change.key] = change.before;
    } else {
      overlay_.erase(change.key);
    }
    draft_.pop_back();
  }
}

void PendingWrites::RememberChanges() {
  STELE_CHECK(!HasDraft());
  memory_->metas.set_revision(current_revision_);
  for (const auto& [key, meta] : overlay_) memory_->metas.Put(key, meta);
}

absl::StatusOr<std::vector<std::string>> PendingWrites::LeaseKeys(std::int64_t lease) const {
  STELE_CHECK(!HasDraft());
  absl::StatusOr<std::vector<std::string>> stored = AttachedKeys(*base_, lease);
  if (!stored.ok()) return stored;
  absl::btree_map<std::string, bool> attached;
  for (std::string& key : *stored) attached.emplace(std::move(key), true);
  const std::string prefix = AttachmentKey(lease, "");
  for (auto change = attachment_changes_.lower_bound(prefix);
       change != attachment_changes_.end() && change->first.compare(0, prefix.size(), prefix) == 0;
       ++change) {
    attached[change->first.substr(prefix.size())] = change->second;
  }
  std::vector<std::string> keys;
  for (const auto& [key, is_attached] : attached) {
    if (is_attached) keys.push_back(key);
  }
  return keys;
}

}  // namespace stele::storage
