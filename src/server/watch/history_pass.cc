#include "src/server/watch/history_pass.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"

namespace stele::server {

const HistorySlice& HistoryPass::Read(const Watcher& watcher) {
  // The lengths make the concatenation unambiguous.
  std::string name =
      absl::StrCat(watcher.next_revision, watcher.prev_kv ? "+" : "-", watcher.range.key.size(),
                   ":", watcher.range.key, watcher.range.range_end);
  const auto found = slices_.find(name);
  if (found != slices_.end()) return found->second;
  return slices_.emplace(std::move(name), ReadFromStore(watcher)).first->second;
}

HistorySlice HistoryPass::ReadFromStore(const Watcher& watcher) {
  HistorySlice slice;
  slice.next = watcher.next_revision;
  // A view from before the cursor has nothing to say, not even that something is compacted.
  if (view_->current_revision() < watcher.next_revision) return slice;

  std::vector<storage::EventBatch> batches;
  slice.status = view_->ReadEvents(watcher.range.key, watcher.range.range_end,
                                   watcher.next_revision, watcher.prev_kv, limits_.slice_bytes,
                                   limits_.slice_revisions, &batches, &slice.next);
  if (!slice.status.ok()) return slice;
  STELE_CHECK(slice.next > watcher.next_revision);

  std::int64_t previous = watcher.next_revision - 1;
  slice.revisions.reserve(batches.size());
  for (const storage::EventBatch& batch : batches) {
    STELE_CHECK(batch.revision > previous);
    STELE_CHECK(batch.revision < slice.next);
    previous = batch.revision;
    HistorySlice::Revision& revision = slice.revisions.emplace_back();
    revision.revision = batch.revision;
    revision.events.reserve(batch.events.size());
    for (const storage::Event& event : batch.events) {
      revision.events.push_back(
          {event.type == mvccpb::Event::DELETE, EncodeEvent(event, event.prev_kv.get())});
      bytes_read_ += revision.events.back().wire->size();
    }
  }
  return slice;
}

}  // namespace stele::server
