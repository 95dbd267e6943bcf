#include "tests/sim/full/sim_call.h"

#include "absl/status/status.h"

namespace stele::sim {

void SimCall::Write(std::span<const Bytes> parts) {
  if (ended_) return;
  std::string message;
  for (const Bytes& part : parts) message += *part;
  if (!reads_) {
    held_bytes_ += message.size();
    held_.push_back(std::move(message));
    return;
  }
  Deliver(std::move(message));
}

void SimCall::Deliver(std::string message) {
  queue_->After(delay_, [self = shared_from_this(), message = std::move(message)] {
    if (!self->left_) self->outputs_.message(message);
  });
}

void SimCall::Finish(const absl::Status& status) {
  if (std::exchange(ended_, true)) return;
  for (std::string& message : std::exchange(held_, {})) Deliver(std::move(message));
  queue_->After(delay_, [self = shared_from_this(), status] {
    if (!self->left_) self->outputs_.finished(status);
  });
}

void SimCall::Reply(std::string message) {
  if (ended_) return;
  Deliver(std::move(message));
  Finish(absl::OkStatus());
}

void SimCall::NotifyDrained(std::size_t threshold, std::function<void()> drained) {
  if (ended_) return;
  waiting_.emplace_back(threshold, std::move(drained));
  CallDrained();
}

void SimCall::CallDrained() {
  if (ended_) return;
  for (auto& [threshold, drained] : std::exchange(waiting_, {})) {
    if (held_bytes_ <= threshold) {
      drained();
    } else {
      waiting_.emplace_back(threshold, std::move(drained));
    }
  }
}

void SimCall::SetReading(bool reading) {
  reads_ = reading;
  if (!reads_) return;
  held_bytes_ = 0;
  for (std::string& message : std::exchange(held_, {})) Deliver(std::move(message));
  CallDrained();
}

void SimCall::Leave() {
  left_ = true;
  ended_ = true;
}

void SimCall::Break() {
  held_.clear();
  Finish(absl::UnavailableError("connection lost"));
}

}  // namespace stele::sim
