// A place in a queue of sessions: what locks and elections have in common. Internal to src/client.
//
// Whoever queues has the key `<name>/<lease id in hexadecimal>`, which hangs on its session's
// lease; the keys' create revisions are the order, and the oldest key's owner has the turn. Other
// clients of etcd use the same scheme, and the servers' Lock and Election services do, too.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/rpc.pb.h"
#include "src/client/requests.h"
#include "src/client/session.h"

namespace stele::client {

class QueuePlace {
 public:
  QueuePlace(Session& session, const std::string& name);

  // Takes a place at the end of the queue with `value` in it, or keeps the place that this session
  // has already; see `value_in_place`. Answers whether the turn has come.
  absl::StatusOr<bool> Enter(const std::string& value);

  // Waits until the turn has come. Checks at the end that the place is still there. Errors:
  // DeadlineExceeded; the session's failure when that ends first; NotFound when the place was
  // taken away.
  absl::Status WaitForTurn(absl::Time deadline);

  // Gives the place back; no error when it is gone.
  absl::Status Leave();

  const std::string& key() const { return key_; }
  int64_t create_revision() const { return create_revision_; }  // 0 without a place
  const std::string& value_in_place() const { return value_in_place_; }

  // Holds as long as this place does: for txns that must not happen without it.
  etcdserverpb::Compare StillThere() const;

  // All keys of the queue of that name.
  static KeyRange KeysOf(const std::string& name);

 private:
  // Waits until `key`, which existed at `revision`, is deleted.
  absl::Status WaitForDeletion(const std::string& key, int64_t revision, absl::Time deadline);
  // The reason of a wait's end, when that is the session's.
  absl::Status Explained(const absl::Status& status) const;

  Session& session_;
  const KeyRange queue_;
  const std::string key_;
  int64_t create_revision_ = 0;
  std::string value_in_place_;
};

}  // namespace stele::client
