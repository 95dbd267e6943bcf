// What a watch has delivered so far, and which part of a new response is still to be delivered.
// Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "proto/rpc.pb.h"

namespace stele::client {

class WatchCursor {
 public:
  // `start_revision` as in the create request; 0 is "from now on".
  explicit WatchCursor(int64_t start_revision) : next_revision_(start_revision) {}

  // Takes a response as it came from the server and returns what the user should see of it: nothing
  // for a confirmation, an unfinished fragment, or events that were delivered before the watch was
  // opened again.
  std::optional<etcdserverpb::WatchResponse> Take(etcdserverpb::WatchResponse response);

  // The connection is gone: fragments that wait for their end will be sent again.
  void ForgetFragments() { fragments_.Clear(); }

  // Where the watch is to be opened again; 0 when it has never been created and started "from now".
  int64_t next_revision() const { return next_revision_; }

 private:
  int64_t next_revision_;
  etcdserverpb::WatchResponse fragments_;  // the parts of an unfinished response
};

}  // namespace stele::client
