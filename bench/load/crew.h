// A load on its threads, from start to end.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/load/endpoint.h"
#include "bench/load/options.h"
#include "bench/load/pacer.h"
#include "bench/load/preparation.h"
#include "bench/load/run.h"

namespace stele::load {

// The share of thread `thread` of a run that begins at `start_ns`.
Pacer::Plan PaceOf(const Options& options, std::int64_t start_ns, std::uint32_t thread);

// Everything of a result but its endpoints. REQUIRES: the workload consists of independent
// operations (WorkloadRow::make is set).
absl::StatusOr<RunResult> RunWorkers(const Options& options, const Preparation& prepared,
                                     const std::vector<Endpoint>& endpoints,
                                     const std::atomic<bool>& stop, const OnProgress& on_progress);
// The same for watch-fanout.
absl::StatusOr<RunResult> RunFanOut(const Options& options, const std::vector<Endpoint>& endpoints,
                                    const std::atomic<bool>& stop, const OnProgress& on_progress);

}  // namespace stele::load
