#include "bench/load/run.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <memory>
#include <mutex>
#include <thread>

#include "bench/load/endpoint.h"
#include "bench/load/leader.h"
#include "bench/load/worker.h"
#include "bench/load/workload_table.h"

namespace stele::load {
namespace {

constexpr absl::Duration kProgressInterval = absl::Seconds(1);

absl::Duration ProcessCpu() {
  timespec cpu = {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return absl::DurationFromTimespec(cpu);
}

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

// Connections take turns with the endpoints and with the threads, clients with the connections.
Worker::Plan PlanOf(const Options& options, const std::vector<Endpoint>& endpoints,
                    const std::atomic<bool>& stop, std::uint32_t thread) {
  Worker::Plan plan = {.links = {}, .timeout = options.timeout, .stop = &stop};
  for (std::uint32_t conn = thread; conn < options.conns; conn += options.threads) {
    const bool takes_one_more = conn < options.clients % options.conns;
    plan.links.push_back({.endpoint = &endpoints[conn % endpoints.size()],
                          .clients = options.clients / options.conns + (takes_one_more ? 1 : 0)});
  }
  return plan;
}

// Each thread does its share of the total; in open loop the threads' instants interleave.
Pacer::Plan PaceOf(const Options& options, std::int64_t start_ns, std::uint32_t thread) {
  Pacer::Plan pace = {.start_ns = start_ns};
  if (options.duration != absl::ZeroDuration()) {
    pace.end_ns = start_ns + absl::ToInt64Nanoseconds(options.duration);
  }
  if (options.total != 0) {
    const bool takes_one_more = thread < options.total % options.threads;
    pace.total = options.total / options.threads + (takes_one_more ? 1 : 0);
  }
  if (options.rate > 0) {
    const double apart_ns = 1e9 / options.rate;
    pace.start_ns += static_cast<std::int64_t>(apart_ns * thread);
    pace.interval_ns = apart_ns * options.threads;
  }
  return pace;
}

// The threads of a run and the count of those that are done.
class Crew {
 public:
  Crew(const std::vector<std::unique_ptr<Worker>>& workers, const Options& options)
      : start_ns_(MonotonicNs()), working_(workers.size()) {
    for (std::uint32_t i = 0; i < workers.size(); ++i) {
      threads_.emplace_back(
          [this, worker = workers[i].get(), pace = PaceOf(options, start_ns_, i)] {
            worker->Run(pace);
            const std::lock_guard lock(mutex_);
            if (--working_ == 0) done_.notify_all();
          });
    }
  }

  // True once all are done, false after `patience`.
  bool WaitFor(absl::Duration patience) {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, absl::ToChronoNanoseconds(patience),
                          [this] { return working_ == 0; });
  }

  std::int64_t start_ns() const { return start_ns_; }

 private:
  const std::int64_t start_ns_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t working_;                // guarded by mutex_
  std::vector<std::jthread> threads_;  // last: joined before the rest is gone
};

Progress ProgressOf(const std::vector<std::unique_ptr<Worker>>& workers, std::int64_t start_ns) {
  Progress progress = {.elapsed = absl::Nanoseconds(MonotonicNs() - start_ns)};
  for (const auto& worker : workers) {
    progress.completed += worker->completed();
    progress.failed += worker->failed();
  }
  return progress;
}

void Collect(const Worker& worker, std::int64_t start_ns, RunResult* result) {
  const WorkerResult& share = worker.result();
  result->elapsed = std::max(result->elapsed, absl::Nanoseconds(share.last_end_ns - start_ns));
  result->errors.Add(share.errors);
  result->response_bytes += share.response_bytes;
  if (!share.status.ok()) result->given_up = std::string(share.status.message());
  for (std::size_t i = 0; i < share.latencies.size(); ++i) {
    if (result->operations.size() <= i) {
      result->operations.push_back({.name = std::string(worker.operations()[i]), .latency = {}});
    }
    result->operations[i].latency.Add(share.latencies[i]);
  }
}

}  // namespace

std::uint64_t RunResult::succeeded() const {
  std::uint64_t sum = 0;
  for (const OperationResult& operation : operations) sum += operation.latency.count();
  return sum;
}

absl::StatusOr<RunResult> Run(const Options& options, const std::atomic<bool>& stop,
                              const OnProgress& on_progress) {
  const absl::StatusOr<std::vector<Endpoint>> endpoints = EndpointsToLoad(options);
  if (!endpoints.ok()) return endpoints.status();
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    workers.push_back(
        std::make_unique<Worker>(PlanOf(options, *endpoints, stop, i), MakeWorkload(options, i)));
    if (absl::Status status = workers.back()->Connect(); !status.ok()) return status;
  }

  RunResult result;
  for (const Endpoint& endpoint : *endpoints) result.endpoints.push_back(endpoint.authority);
  const absl::Duration cpu_before = ProcessCpu();
  Crew crew(workers, options);
  while (!crew.WaitFor(kProgressInterval)) on_progress(ProgressOf(workers, crew.start_ns()));
  result.own_cpu = ProcessCpu() - cpu_before;
  for (const auto& worker : workers) Collect(*worker, crew.start_ns(), &result);
  return result;
}

}  // namespace stele::load
