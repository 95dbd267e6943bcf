// The uncommitted effects of the entries of one apply pass over the engine snapshot that the pass
// began with. Reads see them; other threads do not.
//
// A command's changes come first into a draft: Keep makes them part of the pass, at one new
// revision if there are any, Drop undoes them, so that a transaction that fails half-way leaves
// nothing behind.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/key_source.h"
#include "src/storage/mvcc/read_memory.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

class PendingWrites : public KeySource {
 public:
  // `base` holds everything up to `current_revision`, and `memory` remembers some of it. Events are
  // appended to `events`, whose existing batches are older. The pointers outlive this.
  PendingWrites(std::shared_ptr<const EngineSnapshot> base, ReadMemory* memory,
                std::int64_t current_revision, std::vector<EventBatch>* events, WriteBatch* batch);

  // The newest state, draft included.
  absl::StatusOr<std::optional<KeyMeta>> Find(std::string_view key) const override;
  std::unique_ptr<KeyCursor> Scan(const KeyInterval& interval) const override;
  absl::Status Load(std::string_view key, const KeyMeta& meta, mvccpb::KeyValue* kv) const override;

  // `before` is what Find says now.
  void Put(std::string key, std::string value, std::int64_t lease,
           const std::optional<KeyMeta>& before);
  void Delete(std::string_view key, const KeyMeta& before);

  // Keys attached to a lease, sorted. REQUIRES: no draft
  absl::StatusOr<std::vector<std::string>> LeaseKeys(std::int64_t lease) const;

  bool HasDraft() const { return !draft_.empty(); }
  // Nothing of this pass has changed a key.
  bool IsEmpty() const { return overlay_.empty(); }
  // The changes of this pass. Valid as long as nobody appends to what it was given.
  std::span<const EventBatch> KeptEvents() const {
    return std::span<const EventBatch>(*events_).subspan(first_event_);
  }
  std::int64_t current_revision() const { return current_revision_; }
  // What a response inside the command reports: counts the draft.
  std::int64_t RevisionNow() const { return current_revision_ + (HasDraft() ? 1 : 0); }
  const EngineSnapshot& base() const { return *base_; }

  void Keep();
  void Drop();

  // Tells the memory what changed, for the passes after this one. REQUIRES: no draft
  void RememberChanges();

 private:
  friend class PendingCursor;
  using Overlay = absl::btree_map<std::string, std::optional<KeyMeta>, std::less<>>;

  struct DraftChange {
    std::string key;
    std::optional<KeyMeta> before;
    std::optional<KeyMeta> after;
    bool was_in_overlay = false;
    Event event;
  };

  void Record(std::string key, const std::optional<KeyMeta>& before,
              const std::optional<KeyMeta>& after, Event event);
  void Encode(const DraftChange& change, Revision revision);
  Revision NextRevision() const;
  const Event& EventOf(const Revision& version) const;

  const std::shared_ptr<const EngineSnapshot> base_;
  ReadMemory* const memory_;
  const std::int64_t base_revision_;
  const std::size_t first_event_;  // position in `events_` of revision base_revision_ + 1
  std::vector<EventBatch>* const events_;
  WriteBatch* const batch_;

  std::int64_t current_revision_;
  Overlay overlay_;                                        // nullopt: deleted
  absl::btree_map<std::string, bool> attachment_changes_;  // lease index key -> is attached
  std::vector<DraftChange> draft_;
  std::string engine_key_;  // scratch
  std::string engine_value_;
};

}  // namespace stele::storage
