#include "bench/load/crew.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "bench/load/fan_out.h"
#include "bench/load/monotonic_clock.h"
#include "bench/load/worker.h"
#include "bench/load/workload_table.h"

namespace stele::load {
namespace {

constexpr absl::Duration kProgressInterval = absl::Seconds(1);

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

// The threads of a run and the count of those that are done.
class Crew {
 public:
  // `work(i)` is the whole life of thread i.
  Crew(std::uint32_t threads, const std::function<void(std::uint32_t)>& work) : working_(threads) {
    for (std::uint32_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this, work, i] {
        work(i);
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

 private:
  std::mutex mutex_;  // not absl's, which the thread sanitizer cannot see
  std::condition_variable done_;
  std::size_t working_;                // guarded by mutex_
  std::vector<std::jthread> threads_;  // last: joined before the rest is gone
};

// Runs the threads, reports about them, and notes what CPU time they and the servers took.
void RunThreads(const Options& options, const std::function<void(std::uint32_t)>& work,
                const std::function<void()>& report, RunResult* result) {
  const absl::Duration servers_before = CpuOf(options.server_pids);
  const CpuTime before = OwnCpu();
  Crew crew(options.threads, work);
  while (!crew.WaitFor(kProgressInterval)) report();
  const CpuTime after = OwnCpu();
  result->own_cpu = {.user = after.user - before.user, .system = after.system - before.system};
  result->server_cpu = CpuOf(options.server_pids) - servers_before;
}

Progress ProgressOf(const std::vector<std::unique_ptr<Worker>>& workers, std::int64_t start_ns) {
  Progress progress = {.phase = "", .elapsed = absl::Nanoseconds(MonotonicNs() - start_ns)};
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
  result->events += share.events;
  if (const auto gap = absl::Nanoseconds(share.longest_gap_ns); gap > result->longest_gap) {
    result->longest_gap = gap;
    result->longest_gap_begin_ns = share.longest_gap_begin_ns;
  }
  if (!share.status.ok()) result->given_up = std::string(share.status.message());
  for (std::size_t i = 0; i < share.latencies.size(); ++i) {
    if (result->operations.size() <= i) {
      result->operations.push_back({.name = std::string(worker.operations()[i]), .latency = {}});
    }
    result->operations[i].latency.Add(share.latencies[i]);
  }
}

}  // namespace

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

absl::StatusOr<RunResult> RunWorkers(const Options& options, const Preparation& prepared,
                                     const std::vector<Endpoint>& endpoints,
                                     const std::atomic<bool>& stop, const OnProgress& on_progress) {
  const WorkloadRow& row = WorkloadNamed(options.workload);
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::uint32_t i = 0; i < options.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(PlanOf(options, endpoints, stop, i),
                                               row.make(options, prepared, i)));
    if (absl::Status status = workers.back()->Connect(); !status.ok()) return status;
  }
  RunResult result;
  const std::int64_t start_ns = MonotonicNs();
  RunThreads(
      options, [&](std::uint32_t i) { workers[i]->Run(PaceOf(options, start_ns, i)); },
      [&] { on_progress(ProgressOf(workers, start_ns)); }, &result);
  for (const auto& worker : workers) Collect(*worker, start_ns, &result);
  return result;
}

absl::StatusOr<RunResult> RunFanOut(const Options& options, const std::vector<Endpoint>& endpoints,
                                    const std::atomic<bool>& stop, const OnProgress& on_progress) {
  FanOut fan_out(options, endpoints, &stop);
  if (absl::Status status = fan_out.Connect(); !status.ok()) return status;
  const std::int64_t create_ns = MonotonicNs();
  if (absl::Status status = fan_out.CreateWatchers(); !status.ok()) return status;
  RunResult result;
  const std::int64_t start_ns = MonotonicNs();
  result.preparation = absl::Nanoseconds(start_ns - create_ns);
  RunThreads(
      options, [&](std::uint32_t /*thread*/) { fan_out.Run(PaceOf(options, start_ns, 0)); },
      [&] {
        on_progress({.phase = "",
                     .elapsed = absl::Nanoseconds(MonotonicNs() - start_ns),
                     .completed = fan_out.delivered(),
                     .failed = fan_out.failed()});
      },
      &result);
  const FanOut::Result& measured = fan_out.result();
  result.elapsed = absl::Nanoseconds(measured.last_end_ns - start_ns);
  result.operations = {{.name = "to last", .latency = measured.delivered},
                       {.name = "put", .latency = measured.acknowledged, .counts = false}};
  result.errors = measured.errors;
  result.events = measured.events;
  result.response_bytes = measured.response_bytes;
  result.given_up = std::string(measured.status.message());
  return result;
}

}  // namespace stele::load
