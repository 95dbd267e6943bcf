#include "src/server/front/grpc_call.h"

#include <utility>

#include "src/server/front/server_stream.h"

namespace stele::server {

namespace {

// Queued by a call in bytes of its own.
constexpr std::size_t kCopiedBytesMax = std::size_t{32} << 10U;

}  // namespace

GrpcCall::GrpcCall(std::shared_ptr<LoopMailbox> mailbox, ServerStream* stream, std::string fields,
                   absl::Time deadline, std::shared_ptr<const std::string> peer)
    : mailbox_(std::move(mailbox)),
      fields_(std::move(fields)),
      deadline_(deadline),
      peer_(std::move(peer)),
      stream_(stream) {}

std::optional<std::string> GrpcCall::Metadata(std::string_view name) const {
  return FindField(fields_, name);
}

void GrpcCall::Write(std::span<const Bytes> parts) {
  bool already_posted = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended()) return;
    // What many slow readers have not taken is held once for all of them.
    const bool copies = queued_bytes() < kCopiedBytesMax;
    const std::size_t bytes = AppendGrpcMessage(parts, copies, &parts_);
    queued_bytes_.fetch_add(bytes, std::memory_order_acq_rel);
    already_posted = std::exchange(posted_, true);
  }
  HandOver(already_posted);
}

void GrpcCall::Finish(const absl::Status& status) {
  bool already_posted = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_.exchange(true, std::memory_order_acq_rel)) return;
    finished_ = true;
    status_ = status;
    already_posted = std::exchange(posted_, true);
  }
  HandOver(already_posted);
}

void GrpcCall::Reply(std::string message) {
  bool already_posted = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_.exchange(true, std::memory_order_acq_rel)) return;
    queued_bytes_.fetch_add(message.size() + kGrpcPrefixBytes, std::memory_order_acq_rel);
    parts_.push_back(GrpcMessagePart(std::move(message)));
    finished_ = true;
    already_posted = std::exchange(posted_, true);
  }
  HandOver(already_posted);
}

void GrpcCall::HandOver(bool already_posted) {
  if (already_posted) return;
  if (mailbox_->InLoopThread()) {
    DeliverOutput();
  } else {
    mailbox_->Post([self = shared_from_this()] { self->DeliverOutput(); });
  }
}

void GrpcCall::DeliverOutput() {
  OutputParts parts;
  bool finished = false;
  absl::Status status;
  {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    parts.swap(parts_);
    finished = finished_;
    status = status_;
  }
  if (stream_ == nullptr) return;
  stream_->SendMessages(&parts);
  if (finished) stream_->FinishCall(status);
}

void GrpcCall::NotifyDrained(std::size_t threshold, std::function<void()> drained) {
  mailbox_->Post([self = shared_from_this(), threshold, drained = std::move(drained)]() mutable {
    if (self->stream_ == nullptr) return;
    if (self->queued_bytes() <= threshold) return drained();
    self->drains_.push_back({threshold, std::move(drained)});
  });
}

void GrpcCall::OnTaken(std::size_t bytes) {
  if (given_up_) return;
  const std::size_t left = queued_bytes_.fetch_sub(bytes, std::memory_order_acq_rel) - bytes;
  for (std::size_t i = 0; i < drains_.size();) {
    if (left > drains_[i].threshold) {
      ++i;
      continue;
    }
    // Posted, because this is called from the depths of framing, where writing is not possible.
    mailbox_->Post([self = shared_from_this(), drained = std::move(drains_[i].drained)] {
      if (self->stream_ != nullptr) drained();
    });
    drains_.erase(drains_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

bool GrpcCall::MarkEnded() {
  given_up_ = true;
  const std::lock_guard lock(mutex_);
  finished_ = false;
  parts_.clear();
  queued_bytes_.store(0, std::memory_order_release);
  return ended_.exchange(true, std::memory_order_acq_rel);
}

void GrpcCall::NotifyCancelled(std::function<void()> cancelled) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_cancelled_) {
      if (stream_is_open_) cancelled_ = std::move(cancelled);
      return;
    }
  }
  mailbox_->Post(std::move(cancelled));
}

void GrpcCall::TellCancelled() {
  std::function<void()> cancelled;
  {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    cancelled.swap(cancelled_);
  }
  if (cancelled) mailbox_->Post(std::move(cancelled));
}

void GrpcCall::Detach() {
  MarkEnded();
  std::function<void()> cancelled;  // may hold this call, so it goes now, and not under the lock
  {
    const std::lock_guard lock(mutex_);
    stream_is_open_ = false;
    cancelled.swap(cancelled_);
  }
  stream_ = nullptr;
  drains_.clear();
}

}  // namespace stele::server
