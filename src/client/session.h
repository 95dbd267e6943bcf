// A lease that is kept alive for as long as this object lives: the ground that locks, elections and
// registrations stand on. When this process dies, the lease runs out and the cluster cleans up.
//
//   auto session = Session::Create(client, {.ttl_seconds = 10});
//   client.Put("services/web/" + name, address, (*session)->lease_id());
//   ...
//   if (!(*session)->Failure().ok()) ...   // what hung on the lease is gone or soon will be
//
// Thread-safe. The client must outlive the session.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "src/client/client.h"
#include "src/client/keep_alive.h"

namespace stele::client {

struct SessionOptions {
  // For how long the cluster waits for a session that has fallen silent.
  int64_t ttl_seconds = 60;
  // A lease that exists already; 0: a new one is granted. `ttl_seconds` must then be its TTL.
  int64_t lease_id = 0;
};

class Session {
 public:
  // Grants the lease. Errors are those of LeaseGrant.
  static absl::StatusOr<std::unique_ptr<Session>> Create(Client& client,
                                                         SessionOptions options = {});

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  // Closes the session.
  ~Session();

  int64_t lease_id() const { return lease_id_; }
  Client& client() const { return client_; }

  // OK while the session lives. NotFound when its lease is gone, DeadlineExceeded or Unavailable
  // when nobody could be reached for a whole TTL, Cancelled after Close.
  absl::Status Failure() const;

  // True once the session has failed or was closed; false at `deadline`.
  bool WaitUntilOver(absl::Time deadline = absl::InfiniteFuture()) const;

  // Revokes the lease, which deletes what hangs on it. Whoever waits with this session for a lock
  // or an election gets Cancelled. The status is that of the revocation; NotFound, when the lease
  // was gone before, is OK. Later calls do nothing.
  absl::Status Close();

  // Stops keeping the lease alive and leaves it to its TTL, with everything that hangs on it.
  void Abandon();

  // While it lives, `notice` is called when the session is over: at once if it is already. The
  // call comes from another thread, under a lock: be short and call nothing of the session.
  class OverNotice {
   public:
    OverNotice(const Session& session, std::function<void()> notice);
    OverNotice(const OverNotice&) = delete;
    OverNotice& operator=(const OverNotice&) = delete;
    ~OverNotice();

   private:
    const Session& session_;
    int64_t number_ = 0;
  };

 private:
  Session(Client& client, int64_t lease_id, int64_t ttl_seconds, absl::Time granted_at);

  // The first reason stays. False when there was one before.
  bool End(const absl::Status& reason);

  Client& client_;
  const int64_t lease_id_;
  mutable absl::Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  mutable std::map<int64_t, std::function<void()>> notices_ ABSL_GUARDED_BY(mutex_);
  mutable int64_t next_notice_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Mutex keep_alive_mutex_;
  // Last: its thread uses the members above.
  std::unique_ptr<KeepAlive> keep_alive_ ABSL_GUARDED_BY(keep_alive_mutex_);
};

}  // namespace stele::client
