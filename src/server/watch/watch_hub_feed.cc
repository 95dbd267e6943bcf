// The part of WatchHub that hands events to streams: live, and from history.
#include <algorithm>
#include <utility>

#include "src/raft/check.h"
#include "src/server/mutation.h"
#include "src/server/watch/watch_hub.h"

namespace stele::server {
namespace {

// Ids of compacted watches that a stream remembers; a client that never cancels one costs no more.
constexpr std::size_t kCompactedIdsMax = 10'000;

// A watcher keeps room for so many parts of its next response.
constexpr std::size_t kPendingKept = 8;

bool Filters(const Watcher& watcher, bool is_delete) {
  if (Planted(Mutation::kFilterIgnored)) return false;
  return is_delete ? watcher.no_delete : watcher.no_put;
}

// Begins a response with the parts before its events; the header is put in later.
void AddLeadParts(const Watcher& watcher, std::vector<Call::Bytes>* parts) {
  parts->push_back(nullptr);
  if (watcher.id_field != nullptr) parts->push_back(watcher.id_field);
}

std::size_t LeadPartCount(const Watcher& watcher) { return watcher.id_field != nullptr ? 2 : 1; }

}  // namespace

void WatchHub::Handle(Publication& publication) {
  const std::shared_ptr<const storage::ReadView> view = std::move(publication.view);
  compact_revision_ = std::max(compact_revision_, view->compact_revision());
  if (publication.batches.empty()) {
    JumpTo(view->current_revision());
    return;
  }
  const std::int64_t first = publication.batches.front().revision;
  STELE_CHECK(first == published_revision_ + 1);
  STELE_CHECK(publication.batches.back().revision == view->current_revision());

  ++pass_;
  std::int64_t revision = published_revision_;
  std::int64_t events = 0;
  for (const storage::EventBatch& batch : publication.batches) {
    ++revision;
    STELE_CHECK(batch.revision == revision);  // no gap: synced watchers rely on it
    events += static_cast<std::int64_t>(batch.events.size());
    for (const storage::Event& event : batch.events) {
      groups_.clear();
      table_.synced().FindCovering(event.kv->key(), &groups_);
      if (groups_.empty()) continue;
      EncodedEvent encoded(&event, view.get());
      OfferEvent(batch.revision, &encoded);
    }
  }
  published_revision_ = view->current_revision();

  for (Watcher* watcher : touched_) WritePending(watcher, published_revision_);
  touched_.clear();
  for (Watcher* watcher : lagging_) {
    watcher->lagging = false;
    table_.MoveToUnsynced(watcher);
  }
  lagging_.clear();
  counters_.pending_events -= events;
  publication.batches.clear();
}

// Gives one live event to the synced watchers in groups_.
void WatchHub::OfferEvent(std::int64_t revision, EncodedEvent* event) {
  for (const KeyRangeMap::Group* group : groups_) {
    for (Watcher* watcher : *group) {
      const bool asked_for_later = revision < watcher->next_revision;
      if (asked_for_later && !Planted(Mutation::kFutureWatchSeesAll)) continue;
      if (watcher->lagging || Filters(*watcher, event->IsDelete())) continue;
      const Call::Bytes& wire = event->Wire(watcher->prev_kv);
      wire != nullptr ? AddPending(watcher, revision, wire) : FallBack(watcher);
    }
  }
}

// An event's previous value could not be read. The way through history tells the client so, if it
// still is so.
void WatchHub::FallBack(Watcher* watcher) {
  if (!watcher->pending.empty()) {
    watcher->pending.clear();
    watcher->pending_bytes = 0;
    watcher->next_revision = watcher->pending_first_revision;
  }
  watcher->lagging = true;
  lagging_.push_back(watcher);
}

void WatchHub::AddPending(Watcher* watcher, std::int64_t revision, const Call::Bytes& wire) {
  // A response ends only between revisions.
  const bool may_end =
      watcher->pending_last_revision < revision || Planted(Mutation::kRevisionSplit);
  if (watcher->pending_bytes > options_.response_bytes && may_end) {
    WritePending(watcher, watcher->pending_last_revision);
    if (watcher->lagging) return;
  }
  if (watcher->pending.empty()) {
    AddLeadParts(*watcher, &watcher->pending);
    watcher->pending_first_revision = revision;
    touched_.push_back(watcher);
  }
  watcher->pending.push_back(wire);
  watcher->pending_bytes += wire->size();
  watcher->pending_last_revision = revision;
}

// Writes what is pending as a response that covers everything up to `covered_revision`, or leaves
// the cursor in front of it if the stream is full.
void WatchHub::WritePending(Watcher* watcher, std::int64_t covered_revision) {
  if (watcher->pending.empty()) return;
  const std::size_t bytes = std::exchange(watcher->pending_bytes, 0);
  if (!HasRoom(watcher->stream)) {
    watcher->pending.clear();
    if (Planted(Mutation::kSlowWatcherForgets)) return;
    watcher->next_revision = watcher->pending_first_revision;
    if (Planted(Mutation::kCursorFallsBack)) --watcher->next_revision;
    watcher->lagging = true;
    lagging_.push_back(watcher);
    return;
  }
  watcher->pending.front() = HeaderOf(covered_revision);
  WriteEvents(watcher, watcher->pending, bytes);
  watcher->pending.clear();
  if (watcher->pending.capacity() > kPendingKept) watcher->pending.shrink_to_fit();
  watcher->next_revision = covered_revision + 1;
}

bool WatchHub::CatchUp() {
  view_was_stale_ = false;
  if (!table_.HasAnyToFeed()) return false;
  ++pass_;
  HistoryPass pass(surroundings_.view(), {.slice_bytes = options_.slice_bytes,
                                          .slice_revisions = options_.slice_revisions});
  bool any = false;
  for (std::size_t turn = 0; turn < options_.pass_watchers; ++turn) {
    Watcher* watcher = table_.NextToFeed();
    if (watcher == nullptr) break;
    if (FeedHistory(watcher, &pass)) any = true;
    if (pass.bytes_read() >= options_.pass_bytes) break;
  }
  view_was_stale_ = !any && table_.HasAnyToFeed();
  return any;
}

// Returns whether anything changed for the watcher.
bool WatchHub::FeedHistory(Watcher* watcher, HistoryPass* pass) {
  if (!HasRoom(watcher->stream)) return true;  // its stream has left the list
  const std::int64_t compacted = std::max(compact_revision_, pass->compact_revision());
  if (Planted(Mutation::kCompactedWatcherSkips)) {
    watcher->next_revision = std::max(watcher->next_revision, compacted);
  }
  if (watcher->next_revision < compacted) {
    CancelCompacted(watcher, compacted);
    return true;
  }
  const HistorySlice& slice = pass->Read(*watcher);
  if (!slice.status.ok()) {
    // The store could not be read. The client must know that its watch is over.
    WatchStream* stream = watcher->stream;
    const WatchId id = watcher->id;
    table_.RemoveWatcher(watcher);
    WriteControl(stream, published_revision_,
                 {.watch_id = id, .canceled = true, .cancel_reason = slice.status.message()});
    return true;
  }
  // A view may be ahead of what was published. Such events come live in a moment; leaving them
  // out here keeps one rule for both states: nobody is told more than the published revision.
  const std::int64_t end = std::min(slice.next, published_revision_ + 1);
  if (end <= watcher->next_revision) return false;
  if (!WriteSlice(watcher, slice, end)) return true;
  if (watcher->next_revision == published_revision_ + 1) table_.MoveToSynced(watcher);
  return true;
}

// Writes the slice's events below revision `end` in responses of a bounded size and moves the
// cursor behind each; returns false if the stream is full before the end.
bool WatchHub::WriteSlice(Watcher* watcher, const HistorySlice& slice, std::int64_t end) {
  std::vector<Call::Bytes> parts;
  AddLeadParts(*watcher, &parts);
  const std::size_t lead_parts = parts.size();
  std::size_t bytes = 0;
  for (const HistorySlice::Revision& revision : slice.revisions) {
    if (revision.revision >= end) break;
    if (bytes > options_.response_bytes) {
      if (!HasRoom(watcher->stream)) return false;
      parts.front() = HeaderOf(revision.revision - 1);
      WriteEvents(watcher, parts, bytes);
      parts.resize(lead_parts);
      watcher->next_revision = revision.revision;
      bytes = 0;
    }
    for (const HistorySlice::Element& event : revision.events) {
      if (Filters(*watcher, event.is_delete)) continue;
      parts.push_back(event.wire);
      bytes += event.wire->size();
    }
  }
  if (parts.size() > lead_parts) {
    if (!HasRoom(watcher->stream)) return false;
    parts.front() = HeaderOf(end - 1);
    WriteEvents(watcher, parts, bytes);
  }
  watcher->next_revision = end;
  return true;
}

void WatchHub::CancelCompacted(Watcher* watcher, std::int64_t compact_revision) {
  WatchStream* stream = watcher->stream;
  const WatchId id = watcher->id;
  table_.RemoveWatcher(watcher);
  if (stream->compacted_ids.size() < kCompactedIdsMax) stream->compacted_ids.insert(id);
  WriteControl(stream, 0, {.watch_id = id, .canceled = true, .compact_revision = compact_revision});
}

const Call::Bytes& WatchHub::HeaderOf(std::int64_t revision) {
  const std::uint64_t term = surroundings_.raft_term();
  if (header_ == nullptr || header_revision_ != revision || header_term_ != term) {
    header_ = EncodeHeader(options_.ids, revision, term);
    header_revision_ = revision;
    header_term_ = term;
  }
  return header_;
}

// Whether the stream may be given more. If not it is congested from here on, until it reports that
// it drained.
bool WatchHub::HasRoom(WatchStream* stream) {
  if (stream->congested) return false;
  if (stream->measured_pass != pass_) {
    stream->measured_pass = pass_;
    stream->queued_bytes = stream->call->queued_bytes();
  }
  if (stream->queued_bytes <= options_.stream_bytes_max) return true;
  table_.SetCongested(stream, true);
  stream->call->NotifyDrained(options_.stream_bytes_max / 2, [inbox = inbox_, id = stream->id] {
    inbox->Post(StreamDrained{id});
  });
  return false;
}

void WatchHub::WriteEvents(Watcher* watcher, const std::vector<Call::Bytes>& parts,
                           std::size_t bytes) {
  const std::size_t lead_parts = LeadPartCount(*watcher);
  WatchStream* stream = watcher->stream;
  watcher->idle = false;
  stream->queued_bytes += bytes;
  counters_.events_sent.fetch_add(static_cast<std::int64_t>(parts.size() - lead_parts),
                                  std::memory_order_relaxed);
  if (!watcher->fragment) {
    stream->call->Write(parts);
    return;
  }
  for (const std::vector<Call::Bytes>& fragment :
       SplitIntoFragments(parts, lead_parts, options_.max_fragment_bytes)) {
    stream->call->Write(fragment);
  }
}

// Writes an answer that has no events. Answers do not wait for room, because they are small; a
// client that keeps asking without reading loses its stream.
void WatchHub::WriteControl(WatchStream* stream, std::int64_t header_revision,
                            const ControlAnswer& answer) {
  std::vector<Call::Bytes> parts = EncodeControl(HeaderOf(header_revision), answer);
  const std::size_t bytes = TotalSize(parts);
  if (!HasRoom(stream)) {
    stream->control_bytes += bytes;
    if (stream->control_bytes > options_.control_bytes_max) {
      stream->control_bytes = 0;
      const absl::Status status =
          absl::ResourceExhaustedError("etcdserver: watch stream is not being read");
      stream->call->Finish(status);
      inbox_->Post(StreamClosed{stream->id, status});
      return;
    }
  }
  stream->queued_bytes += bytes;
  stream->call->Write(parts);
}

}  // namespace stele::server
