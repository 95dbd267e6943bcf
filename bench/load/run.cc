#include "bench/load/run.h"

#include <sys/resource.h>

#include <ctime>
#include <utility>

#include "bench/load/crew.h"
#include "bench/load/endpoint.h"
#include "bench/load/fan_out.h"
#include "bench/load/leader.h"
#include "bench/load/monotonic_clock.h"
#include "bench/load/preparation.h"
#include "src/raft/check.h"

namespace stele::load {
namespace {

absl::StatusOr<std::vector<Endpoint>> EndpointsToLoad(const Options& options) {
  std::vector<Endpoint> endpoints;
  for (const std::string& text : options.endpoints) {
    absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(text);
    if (!endpoint.ok()) return endpoint.status();
    endpoints.push_back(*std::move(endpoint));
  }
  if (!options.target_leader) return endpoints;
  absl::StatusOr<Endpoint> leader = FindLeader(endpoints, options.timeout);
  if (!leader.ok()) return leader.status();
  return std::vector<Endpoint>{*std::move(leader)};
}

}  // namespace

CpuTime OwnCpu() {
  rusage usage = {};
  STELE_CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  return {.user = absl::DurationFromTimeval(usage.ru_utime),
          .system = absl::DurationFromTimeval(usage.ru_stime)};
}

absl::Duration CpuOf(const std::vector<int>& pids) {
  absl::Duration sum;
  for (const int pid : pids) {
    clockid_t clock = {};
    timespec cpu = {};
    const bool found = ::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &cpu) == 0;
    if (found) sum += absl::DurationFromTimespec(cpu);
  }
  return sum;
}

std::uint64_t RunResult::succeeded() const {
  std::uint64_t sum = 0;
  for (const OperationResult& operation : operations) {
    if (operation.counts) sum += operation.latency.count();
  }
  return sum;
}

absl::StatusOr<RunResult> Run(const Options& options, const std::atomic<bool>& stop,
                              const OnProgress& on_progress) {
  const absl::StatusOr<std::vector<Endpoint>> endpoints = EndpointsToLoad(options);
  if (!endpoints.ok()) return endpoints.status();
  const std::int64_t begin_ns = MonotonicNs();
  const absl::StatusOr<Preparation> prepared = Prepare(options, *endpoints, stop, on_progress);
  if (!prepared.ok()) return prepared.status();
  const std::int64_t prepared_ns = MonotonicNs();
  absl::StatusOr<RunResult> result =
      options.workload == FanOut::kName
          ? RunFanOut(options, *endpoints, stop, on_progress)
          : RunWorkers(options, *prepared, *endpoints, stop, on_progress);
  if (!result.ok()) return result;
  result->preparation += absl::Nanoseconds(prepared_ns - begin_ns);
  for (const Endpoint& endpoint : *endpoints) result->endpoints.push_back(endpoint.authority);
  return result;
}

}  // namespace stele::load
