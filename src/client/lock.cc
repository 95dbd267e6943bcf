#include "src/client/lock.h"

namespace stele::client {

Lock::~Lock() {
  if (held_) Release().IgnoreError();
}

absl::Status Lock::Acquire(absl::Time deadline) {
  auto first = place_.Enter("");
  if (!first.ok()) return first.status();
  if (!*first) {
    absl::Status waited = place_.WaitForTurn(deadline);
    if (!waited.ok()) {
      place_.Leave().IgnoreError();  // what is left of it goes with the session
      return waited;
    }
  }
  held_ = true;
  return absl::OkStatus();
}

absl::Status Lock::TryAcquire() {
  auto first = place_.Enter("");
  if (!first.ok()) return first.status();
  held_ = *first;
  if (held_) return absl::OkStatus();
  const absl::Status left = place_.Leave();
  return left.ok() ? absl::ResourceExhaustedError("somebody else holds the lock") : left;
}

absl::Status Lock::Release() {
  held_ = false;
  return place_.Leave();
}

}  // namespace stele::client
