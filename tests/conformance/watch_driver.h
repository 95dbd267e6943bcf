// Runs watch programs on one server.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/conformance/watch_program.h"
#include "tests/conformance/wire_client.h"

namespace stele::conformance {

// What one watch was told.
struct WatchOutcome {
  std::string created;              // the answer to its creation
  std::vector<std::string> events;  // in order, however they were packed into answers
  std::vector<std::string> ends;    // answers that say it is cancelled

  bool operator==(const WatchOutcome&) const = default;
};

struct WatchBundleOutcome {
  std::map<int, WatchOutcome> watches;  // by name
  std::vector<std::string> progress;
  std::vector<std::string> faults;  // broken promises, whatever the other server says
  std::int64_t events = 0;

  bool operator==(const WatchBundleOutcome&) const = default;
};

// Runs `bundle`, with streams of its own, on a server that belongs to watch programs alone. An
// error means that the server cannot be used any more.
absl::StatusOr<WatchBundleOutcome> RunWatchBundle(WireClient* client, const WatchBundle& bundle);

}  // namespace stele::conformance
