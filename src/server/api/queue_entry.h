// One session's way through a queue of keys: a lease if it has none, a key at the end of the queue,
// and patience. What locks and campaigns have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/server/api/call.h"
#include "src/server/api/ports.h"
#include "src/server/api/queue_wait.h"
#include "src/server/api/quota.h"

namespace stele::server {

// What the handlers of locks and elections work with.
struct QueuePorts {
  ClientPorts client;
  std::shared_ptr<const Quota> quota;
};

// Calls `done` with `lease`, or with a new one if that is 0: it lives 60 s, and nobody but its
// owner keeps it alive.
void WithSessionLease(const ClientPorts& ports, std::int64_t lease,
                      absl::AnyInvocable<void(absl::StatusOr<std::int64_t>)> done);

class QueueEntry : public std::enable_shared_from_this<QueueEntry> {
 public:
  struct Wish {
    std::string name;
    std::string value;
    std::int64_t lease = 0;
    // A key that the session has in the queue already gets the value.
    bool renew_value = false;
  };
  // The entry is at the head; answers the call. Any thread.
  using AtHead = absl::AnyInvocable<void(QueueEntry& entry)>;

  // Ends the call itself if anything fails. If the client goes away while it waits, or before it
  // can hear of its luck, the key is removed.
  static void Join(const QueuePorts& ports, std::shared_ptr<Call> call, Wish wish, AtHead at_head);

  const QueuePorts& ports() const { return ports_; }
  Call& call() const { return *call_; }
  const Wish& wish() const { return wish_; }
  std::int64_t lease() const { return lease_; }
  const std::string& key() const { return key_; }
  std::int64_t create_revision() const { return create_revision_; }
  // Of the store when the session entered the queue.
  std::int64_t revision() const { return revision_; }
  bool waited() const { return waited_; }
  std::shared_ptr<QueueEntry> shared() { return shared_from_this(); }

  // Ends the call with an error and takes the key out of the queue.
  void Leave(const absl::Status& status);

 private:
  QueueEntry(QueuePorts ports, std::shared_ptr<Call> call, Wish wish, AtHead at_head);
  void Enter(std::int64_t lease);
  void OnEntered(const storage::CommandResult& result);
  void RenewValue();
  void Wait();
  void OnWaited(const absl::Status& status);
  void OnCancelled();
  void RemoveKey();

  const QueuePorts ports_;
  const std::shared_ptr<Call> call_;
  const Wish wish_;
  const std::string prefix_;
  AtHead at_head_;

  // Each is set once, before the next step begins.
  std::int64_t lease_ = 0;
  std::string key_;
  std::int64_t create_revision_ = 0;
  std::int64_t revision_ = 0;
  bool is_head_ = false;
  bool waited_ = false;

  std::mutex mutex_;  // guards what follows; never held while something else is called
  bool cancelled_ = false;
  // The key goes when the call is cancelled: it is there only because of this call.
  bool owns_key_ = false;
  std::shared_ptr<QueueWait> wait_;
};

}  // namespace stele::server
