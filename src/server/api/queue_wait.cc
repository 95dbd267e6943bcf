#include "src/server/api/queue_wait.h"

#include <utility>

#include "src/server/api/queue_keys.h"

namespace stele::server {

namespace pb = etcdserverpb;

std::shared_ptr<QueueWait> QueueWait::Start(Reader* reader, WatchSource* watches,
                                            std::string prefix, std::int64_t create_revision_max,
                                            Done done) {
  std::shared_ptr<QueueWait> wait(
      new QueueWait(reader, watches, std::move(prefix), create_revision_max, std::move(done)));
  wait->Look();
  return wait;
}

QueueWait::QueueWait(Reader* reader, WatchSource* watches, std::string prefix,
                     std::int64_t create_revision_max, Done done)
    : reader_(reader),
      watches_(watches),
      prefix_(std::move(prefix)),
      create_revision_max_(create_revision_max),
      done_(std::move(done)) {}

void QueueWait::Cancel() { Finish(absl::CancelledError("context canceled")); }

void QueueWait::Look() {
  reader_->Linearizable([self = shared_from_this()](const absl::StatusOr<Reader::View>& view) {
    self->OnView(view);
  });
}

void QueueWait::OnView(const absl::StatusOr<Reader::View>& view) {
  if (!view.ok()) return Finish(view.status());
  pb::RangeResponse found;
  absl::Status read = (*view)->Range(LastCreatedBy(prefix_, create_revision_max_), &found);
  if (!read.ok()) return Finish(read);
  if (found.kvs().empty()) return Finish(absl::OkStatus());
  WatchUntilGone(found.kvs(0).key(), found.header().revision());
}

void QueueWait::WatchUntilGone(const std::string& key, std::int64_t revision) {
  pb::WatchCreateRequest request;
  request.set_key(key);
  request.set_start_revision(revision + 1);
  request.add_filters(pb::WatchCreateRequest::NOPUT);
  const std::lock_guard lock(mutex_);
  if (!done_) return;
  const std::uint64_t step = ++step_;
  WatchListener listener;
  listener.on_response = [self = shared_from_this(), step](const pb::WatchResponse& response) {
    self->OnResponse(step, response);
  };
  listener.on_end = [self = shared_from_this(), step](const absl::Status& status) {
    if (self->NextStep(step)) self->Finish(status);
  };
  watch_ = watches_->Begin(std::move(request), std::move(listener));
}

void QueueWait::OnResponse(std::uint64_t step, const pb::WatchResponse& response) {
  // Cancelled: what was watched is compacted by now, so whoever was in front may be gone.
  if (response.events().empty() && !response.canceled()) return;
  if (NextStep(step)) Look();
}

bool QueueWait::NextStep(std::uint64_t expected_step) {
  std::uint64_t watch = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!done_ || step_ != expected_step) return false;
    ++step_;
    watch = std::exchange(watch_, 0);
  }
  if (watch != 0) watches_->End(watch);
  return true;
}

void QueueWait::Finish(const absl::Status& status) {
  Done done;
  std::uint64_t watch = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!done_) return;
    done = std::exchange(done_, nullptr);
    ++step_;
    watch = std::exchange(watch_, 0);
  }
  if (watch != 0) watches_->End(watch);
  done(status);
}

}  // namespace stele::server
