#include "src/server/watch/watch_inbox.h"

#include <utility>

#include "src/raft/check.h"

namespace stele::server {
WatchInbox::WatchInbox(std::function<void()> wake, std::size_t event_bytes_max,
                       std::atomic<std::int64_t>* pending_events)
    : event_bytes_max_(event_bytes_max), pending_events_(pending_events), wake_(std::move(wake)) {}

void WatchInbox::Post(WatchInput input) {
  const std::lock_guard<std::mutex> lock(mutex_);
  PostLocked(std::move(input));
}

void WatchInbox::PostPublication(Publication publication) {
  std::size_t bytes = 0;
  std::int64_t events = 0;
  for (const storage::EventBatch& batch : publication.batches) {
    events += static_cast<std::int64_t>(batch.events.size());
    for (const storage::Event& event : batch.events) {
      bytes += sizeof(*event.kv) + event.kv->key().size() + event.kv->value().size();
    }
  }
  std::vector<storage::EventBatch> dropped;  // freed outside the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return;
  if (event_bytes_ > event_bytes_max_) {
    dropped.swap(publication.batches);
  } else {
    event_bytes_ += bytes;
    *pending_events_ += events;
  }
  PostLocked(std::move(publication));
}

void WatchInbox::PostLocked(WatchInput input) {
  if (closed_) return;
  const bool was_empty = inputs_.empty();
  inputs_.push_back(std::move(input));
  if (was_empty && wake_) wake_();
}

void WatchInbox::TakeAll(std::vector<WatchInput>* inputs) {
  STELE_CHECK(inputs->empty());
  const std::lock_guard<std::mutex> lock(mutex_);
  inputs->swap(inputs_);
  event_bytes_ = 0;
}

bool WatchInbox::Empty() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return inputs_.empty();
}

void WatchInbox::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  inputs_.clear();
}

}  // namespace stele::server
