// A lock that one session at a time holds, in the order in which they asked for it.
//
//   Lock lock(*session, "locks/report");
//   if (absl::Status locked = lock.Acquire(absl::Now() + absl::Minutes(1)); !locked.ok()) ...
//   ... TxnBuilder().When(lock.StillHeld()).Then(PutOf("report", text)).Commit(client) ...
//   lock.Release();
//
// The lock is lost when the session is: its lease runs out when this process is dead or cut off,
// and somebody else goes on. Guard what must not happen twice with StillHeld.
//
// The keys are those of etcd's clients (docs/client.md), so programs in other languages share it.
// One thread at a time. The session must outlive the lock.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "src/client/queue_place.h"
#include "src/client/session.h"

namespace stele::client {

class Lock {
 public:
  Lock(Session& session, const std::string& name) : place_(session, name) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  // Releases the lock if it is held.
  ~Lock();

  // Waits for the lock. DeadlineExceeded when it was not to be had in time: the place in the queue
  // is given back then. The session's failure when that is over. OK again for its holder.
  absl::Status Acquire(absl::Time deadline = absl::InfiniteFuture());

  // As above without waiting: ResourceExhausted when somebody else has the lock.
  absl::Status TryAcquire();

  // Gives the lock back. On an error it goes when the session does.
  absl::Status Release();

  bool held() const { return held_; }  // as far as this process knows

  // The key that stands for the lock, and the revision at which it was made: a number that grows
  // from holder to holder.
  const std::string& key() const { return place_.key(); }
  int64_t create_revision() const { return place_.create_revision(); }

  // A condition for txns: this holder has not lost the lock.
  etcdserverpb::Compare StillHeld() const { return place_.StillThere(); }

 private:
  QueuePlace place_;
  bool held_ = false;
};

}  // namespace stele::client
