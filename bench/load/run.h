// Runs a load from start to end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/load/error_counts.h"
#include "bench/load/latency_histogram.h"
#include "bench/load/options.h"

namespace stele::load {

struct OperationResult {
  std::string name;
  LatencyHistogram latency;  // of the successes
};

struct RunResult {
  std::vector<std::string> endpoints;  // those that were loaded
  absl::Duration elapsed;              // from the start to the end of the last operation
  absl::Duration own_cpu;              // of this process, user and system, during `elapsed`
  std::vector<OperationResult> operations;
  ErrorCounts errors;
  std::uint64_t response_bytes = 0;
  std::string given_up;  // why the run ended early; empty if it did not

  std::uint64_t succeeded() const;
};

struct Progress {
  absl::Duration elapsed;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
};
// Called about once a second by the calling thread of Run.
using OnProgress = std::function<void(const Progress&)>;

// Blocks until the load has ended; `stop` ends it early. An error means that nothing was measured.
absl::StatusOr<RunResult> Run(const Options& options, const std::atomic<bool>& stop,
                              const OnProgress& on_progress);

}  // namespace stele::load
