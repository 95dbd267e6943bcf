#include "src/server/watch/watcher_table.h"

#include <utility>

#include "src/raft/check.h"

namespace stele::server {

WatchStream* WatcherTable::AddStream(WatchStreamId id, std::shared_ptr<Call> call,
                                     bool require_leader) {
  auto stream = std::make_unique<WatchStream>();
  stream->id = id;
  stream->call = std::move(call);
  stream->require_leader = require_leader;
  WatchStream* added = stream.get();
  STELE_CHECK(streams_.emplace(id, std::move(stream)).second);
  ++counters_->streams;
  return added;
}

WatchStream* WatcherTable::FindStream(WatchStreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void WatcherTable::RemoveStream(WatchStream* stream) {
  while (!stream->watchers.empty()) RemoveWatcher(stream->watchers.begin()->second.get());
  STELE_CHECK(!stream->ready);
  STELE_CHECK(streams_.erase(stream->id) == 1);
  --counters_->streams;
}

std::vector<WatchStream*> WatcherTable::Streams() const {
  std::vector<WatchStream*> streams;
  streams.reserve(streams_.size());
  for (const auto& [id, stream] : streams_) streams.push_back(stream.get());
  return streams;
}

bool WatcherTable::IsTaken(const WatchStream& stream, WatchId id) {
  return stream.watchers.contains(id) || stream.compacted_ids.contains(id);
}

WatchId WatcherTable::ChooseId(WatchStream* stream) {
  while (IsTaken(*stream, stream->next_id)) ++stream->next_id;
  return stream->next_id++;
}

void WatcherTable::AddWatcher(std::unique_ptr<Watcher> watcher) {
  Watcher* added = watcher.get();
  STELE_CHECK(added->stream != nullptr);
  STELE_CHECK(added->stream->watchers.emplace(added->id, std::move(watcher)).second);
  ++counters_->watchers;
  if (added->state == Watcher::State::kSynced) {
    synced_.Add(added);
  } else {
    Enqueue(added);
  }
}

void WatcherTable::RemoveWatcher(Watcher* watcher) {
  if (watcher->state == Watcher::State::kSynced) {
    synced_.Remove(watcher);
  } else {
    Dequeue(watcher);
  }
  --counters_->watchers;
  STELE_CHECK(watcher->stream->watchers.erase(watcher->id) == 1);
}

void WatcherTable::MoveToSynced(Watcher* watcher) {
  STELE_CHECK(watcher->state == Watcher::State::kUnsynced);
  Dequeue(watcher);
  watcher->state = Watcher::State::kSynced;
  synced_.Add(watcher);
}

void WatcherTable::MoveToUnsynced(Watcher* watcher) {
  STELE_CHECK(watcher->state == Watcher::State::kSynced);
  synced_.Remove(watcher);
  watcher->state = Watcher::State::kUnsynced;
  Enqueue(watcher);
}

void WatcherTable::SetCongested(WatchStream* stream, bool congested) {
  stream->congested = congested;
  UpdateReady(stream);
}

Watcher* WatcherTable::NextToFeed() {
  if (ready_.empty()) return nullptr;
  WatchStream* stream = ready_.front();
  ready_.splice(ready_.end(), ready_, ready_.begin());
  STELE_CHECK(!stream->unsynced.empty());
  stream->unsynced.splice(stream->unsynced.end(), stream->unsynced, stream->unsynced.begin());
  return stream->unsynced.back();
}

void WatcherTable::Enqueue(Watcher* watcher) {
  std::list<Watcher*>& queue = watcher->stream->unsynced;
  watcher->queue_position = queue.insert(queue.end(), watcher);
  ++counters_->slow_watchers;
  UpdateReady(watcher->stream);
}

void WatcherTable::Dequeue(Watcher* watcher) {
  watcher->stream->unsynced.erase(watcher->queue_position);
  --counters_->slow_watchers;
  UpdateReady(watcher->stream);
}

void WatcherTable::UpdateReady(WatchStream* stream) {
  const bool ready = !stream->congested && !stream->unsynced.empty();
  if (ready == stream->ready) return;
  stream->ready = ready;
  if (ready) {
    stream->ready_position = ready_.insert(ready_.end(), stream);
  } else {
    ready_.erase(stream->ready_position);
  }
}

void WatcherTable::CheckInvariants() const {
  std::size_t synced = 0;
  std::size_t ready = 0;
  for (const auto& [stream_id, stream] : streams_) {
    std::size_t unsynced = 0;
    for (const auto& [id, watcher] : stream->watchers) {
      STELE_CHECK(watcher->id == id);
      STELE_CHECK(watcher->stream == stream.get());
      STELE_CHECK(watcher->pending.empty());
      ++(watcher->state == Watcher::State::kSynced ? synced : unsynced);
    }
    STELE_CHECK(unsynced == stream->unsynced.size());
    STELE_CHECK(stream->ready == (!stream->congested && unsynced > 0));
    if (stream->ready) ++ready;
  }
  STELE_CHECK(synced == synced_.size());
  STELE_CHECK(ready == ready_.size());
}

}  // namespace stele::server
