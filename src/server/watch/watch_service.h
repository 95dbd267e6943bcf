// The row /etcdserverpb.Watch/Watch of the method table: parses requests and hands them to the hub.
//
// Thread-safe; outlives every call that it serves, as does the hub.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "src/server/api/call.h"
#include "src/server/watch/watch_hub.h"

namespace stele::server {

class WatchService {
 public:
  // `admit` decides about every new stream; a status that is not ok ends it (a learner, for
  // example, serves no watches). May be null.
  explicit WatchService(WatchHub* hub, std::function<absl::Status()> admit = nullptr);

  Method WatchMethod();

 private:
  WatchHub* const hub_;
  const std::function<absl::Status()> admit_;
};

}  // namespace stele::server
