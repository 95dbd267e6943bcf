// Prints what a watch sees, and runs a program for every event when asked to.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "proto/rpc.pb.h"
#include "src/client/cli/session.h"
#include "src/client/watcher.h"

namespace stele::cli {

// Runs until the watch is over. `program` (may be empty) and its arguments are started for every
// event with ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE, ETCD_WATCH_KEY and ETCD_WATCH_VALUE set;
// one that cannot be run or fails ends the watch.
// `output` keeps the texts of several watches apart.
absl::Status RunWatch(const Session& session, client::Watcher& watcher,
                      const std::vector<std::string>& program, absl::Mutex& output);

}  // namespace stele::cli
