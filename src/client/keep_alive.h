// Keeps a lease alive in the background until it is stopped or the lease is gone.
//
//   stele::client::KeepAlive keep_alive(client, lease_id);
//   ...
//   if (!keep_alive.Failure().ok()) ...   // the lease is gone: what hung on it has been deleted
//
// One thread an object. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "src/client/client.h"
#include "src/client/keep_alive_stream.h"

namespace stele::client {

// How long after a renewal that answered `ttl_seconds` the next one is due: a third of it, so that
// two renewals may fail before the lease runs out.
absl::Duration RenewalPause(int64_t ttl_seconds);

struct KeepAliveOptions {
  // Until when the lease is certain to live without a renewal. Past it with no renewal, the lease
  // counts as lost, although it may still be there: whoever must not act without it is warned in
  // time. The default is one call timeout from now.
  absl::Time certain_until = absl::InfinitePast();

  // Called once, by the object's own thread, when the lease is lost. It must not destroy the
  // object.
  std::function<void(const absl::Status&)> on_lost;
};

class KeepAlive {
 public:
  // Renews at once, then after every third of the TTL.
  KeepAlive(const Client& client, int64_t lease_id, KeepAliveOptions options = {});
  KeepAlive(const KeepAlive&) = delete;
  KeepAlive& operator=(const KeepAlive&) = delete;
  // Stops renewing; the lease stays until its TTL is over.
  ~KeepAlive();

  // OK as long as the lease is kept alive; NotFound once it is gone, DeadlineExceeded or
  // Unavailable once no member could be reached for a whole TTL.
  absl::Status Failure() const;

  // Waits until at least `count` renewals have succeeded or the lease is lost; false at `deadline`.
  bool WaitForRenewals(int64_t count, absl::Time deadline) const;

 private:
  // Renews until told to stop (OK) or the lease is lost (why).
  absl::Status RenewUntilLost();

  const int64_t lease_id_;
  const absl::Duration call_timeout_;
  const KeepAliveOptions options_;
  KeepAliveStream stream_;  // used by the thread only
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t renewals_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the members above
};

}  // namespace stele::client
