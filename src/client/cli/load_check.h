// A load of puts, to see what a cluster can do.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "src/client/cli/progress.h"
#include "src/client/client.h"

namespace stele::cli {

struct LoadPlan {
  std::string prefix;  // of the keys that are written
  int clients = 1;     // puts under way at the same time
  int64_t value_bytes = 1024;
  int64_t puts_max = 0;        // ends after so many; 0: no bound
  double puts_per_second = 0;  // not faster than this; 0: as fast as it goes
  absl::Duration duration = absl::InfiniteDuration();  // ends after that time
};

struct LoadResult {
  int64_t puts = 0;  // that succeeded
  absl::Duration took;
  double slowest_seconds = 0;
  double stddev_seconds = 0;
  std::map<std::string, int64_t> errors;  // how often each text

  double puts_per_second() const { return static_cast<double>(puts) / absl::ToDoubleSeconds(took); }
};

// `progress` advances by one a put.
LoadResult RunLoad(client::Client& client, const LoadPlan& plan, Progress& progress);

}  // namespace stele::cli
