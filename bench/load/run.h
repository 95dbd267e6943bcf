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
  // False for a second view of operations that another row counts already.
  bool counts = true;
};

struct CpuTime {
  absl::Duration user;
  absl::Duration system;
  absl::Duration total() const { return user + system; }
};
// Of this process so far.
CpuTime OwnCpu();
// Of other processes of this machine so far, all together; those that have ended count nothing.
absl::Duration CpuOf(const std::vector<int>& pids);

struct RunResult {
  std::vector<std::string> endpoints;  // those that were loaded
  absl::Duration preparation;          // what had to be done before the measured run took so long
  absl::Duration elapsed;              // from the start to the end of the last operation
  CpuTime own_cpu;                     // of this process during `elapsed`
  absl::Duration server_cpu;           // of the processes of Options::server_pids, the same
  std::vector<OperationResult> operations;
  ErrorCounts errors;
  std::uint64_t response_bytes = 0;
  std::uint64_t events = 0;  // that watches received
  // The longest time without a success on one of the threads, and its start on CLOCK_MONOTONIC.
  absl::Duration longest_gap;
  std::int64_t longest_gap_begin_ns = 0;
  std::string given_up;  // why the run ended early; empty if it did not

  std::uint64_t succeeded() const;
};

struct Progress {
  std::string_view phase;  // what is under way, static
  absl::Duration elapsed;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
};
// Called about once a second, by any one thread at a time.
using OnProgress = std::function<void(const Progress&)>;

// Blocks until the load has ended; `stop` ends it early. An error means that nothing was measured.
absl::StatusOr<RunResult> Run(const Options& options, const std::atomic<bool>& stop,
                              const OnProgress& on_progress);

}  // namespace stele::load
