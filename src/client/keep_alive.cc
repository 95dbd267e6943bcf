#include "src/client/keep_alive.h"

#include <algorithm>
#include <utility>

#include "src/client/connections.h"

namespace stele::client {

absl::Duration RenewalPause(int64_t ttl_seconds) { return absl::Seconds(ttl_seconds) / 3; }

KeepAlive::KeepAlive(const Client& client, int64_t lease_id, KeepAliveOptions options)
    : lease_id_(lease_id),
      call_timeout_(client.connections()->options().call_timeout),
      options_(std::move(options)),
      stream_(client),
      thread_([this] {
        const absl::Status failure = RenewUntilLost();
        if (!failure.ok() && options_.on_lost) options_.on_lost(failure);
      }) {}

KeepAlive::~KeepAlive() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

absl::Status KeepAlive::Failure() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

bool KeepAlive::WaitForRenewals(int64_t count, absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto done = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return renewals_ >= count || !failure_.ok();
  };
  return mutex_.AwaitWithDeadline(absl::Condition(&done), deadline);
}

absl::Status KeepAlive::RenewUntilLost() {
  // Until the first answer tells the TTL, what the caller knows is all there is to go by.
  absl::Time lost_at = options_.certain_until == absl::InfinitePast() ? absl::Now() + call_timeout_
                                                                      : options_.certain_until;
  while (true) {
    const absl::Time asked_at = absl::Now();
    auto response = stream_.Renew(lease_id_, std::min(lost_at, asked_at + call_timeout_));
    absl::Time due = absl::Now() + absl::Milliseconds(100);
    absl::MutexLock lock(&mutex_);
    if (response.ok()) {
      ++renewals_;
      // Counted from the question, the earliest moment at which the server's clock for it started.
      lost_at = asked_at + absl::Seconds(response->ttl());
      due = asked_at + RenewalPause(response->ttl());
    } else if (absl::IsNotFound(response.status()) || absl::Now() >= lost_at) {
      return failure_ = response.status();
    }
    if (mutex_.AwaitWithDeadline(absl::Condition(&stopping_), due)) return absl::OkStatus();
  }
}

}  // namespace stele::client
