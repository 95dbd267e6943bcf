// Keeps a lease alive in the background until it is stopped or the lease is gone.
//
//   stele::client::KeepAlive keep_alive(client, lease_id);
//   ...
//   if (!keep_alive.Failure().ok()) ...   // the lease is gone: what hung on it has been deleted
//
// One thread an object. Thread-safe.
#pragma once

#include <cstdint>
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

class KeepAlive {
 public:
  // Renews at once, then after every third of the TTL.
  KeepAlive(const Client& client, int64_t lease_id);
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
  void Run();

  const int64_t lease_id_;
  const absl::Duration call_timeout_;
  KeepAliveStream stream_;  // used by the thread only
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t renewals_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the members above
};

}  // namespace stele::client
