// One thread's share of the load: its connections, its clients (at most one operation in flight
// each) and what it measured.
//
// Connect and Run are called by one thread at a time; completed() and failed() by any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bench/load/connection.h"
#include "bench/load/endpoint.h"
#include "bench/load/error_counts.h"
#include "bench/load/latency_histogram.h"
#include "bench/load/link.h"
#include "bench/load/pacer.h"
#include "bench/load/workload.h"

namespace stele::load {

struct WorkerResult {
  std::vector<LatencyHistogram> latencies;  // of the successes, one for each kind of operation
  ErrorCounts errors;
  std::uint64_t response_bytes = 0;  // of messages with their gRPC prefixes
  std::uint64_t events = 0;          // of watches
  // The longest time without a success, and when it began. The run's start counts as a success.
  std::int64_t longest_gap_ns = 0;
  std::int64_t longest_gap_begin_ns = 0;
  std::int64_t last_end_ns = 0;  // when the last operation ended
  absl::Status status;           // why the run was given up, if it was
};

class Worker {
 public:
  struct LinkPlan {
    const Endpoint* endpoint;  // outlives the worker
    std::uint32_t clients;     // pinned to this connection
  };
  struct Plan {
    std::vector<LinkPlan> links;
    absl::Duration timeout;         // of an operation, and of being without any connection
    const std::atomic<bool>* stop;  // set: start nothing more; outlives the worker
  };

  Worker(const Plan& plan, std::unique_ptr<Workload> workload);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  // Establishes all connections, or says which one failed.
  absl::Status Connect();
  // Returns when all operations of the pace have ended. REQUIRES: Connect succeeded.
  void Run(const Pacer::Plan& pace);

  // REQUIRES: Run has returned.
  const WorkerResult& result() const { return result_; }
  std::span<const std::string_view> operations() const { return workload_->operations(); }

  // For a display while Run is under way.
  std::uint64_t completed() const { return completed_.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  struct Line;
  class Client;

  void OnEnd(Client* client, const CallEnd& end);
  // Whether more messages of this call are of interest.
  bool OnMessage(Client* client, std::string_view message);
  void Succeed(Client* client);
  void Fail(Client* client, std::string_view kind);
  void Release(Client* client);
  void StartDue();
  void Issue(Client* client);
  void FlushTouched();
  // Serves sockets until `until_ns` at the latest; returns at once after the first ready ones.
  void WaitAndServe(std::int64_t until_ns);
  void Tick(std::int64_t now_ns);
  void ExpireCalls(std::int64_t now_ns);
  void Reconnect(std::int64_t now_ns);
  void Touch(Line* line);

  const std::int64_t timeout_ns_;
  const std::atomic<bool>* const stop_;
  const std::unique_ptr<Workload> workload_;
  const CallKind call_kind_;
  const std::unique_ptr<Connection::ReadBuffer> read_buffer_;
  UniqueFd epoll_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Line>> lines_;  // destroyed first: ends the clients' calls
  std::deque<Client*> free_;                  // without a call, in the order in which they ended
  std::vector<Line*> touched_;                // something was started and not flushed
  std::size_t in_flight_ = 0;
  Pacer pacer_{Pacer::Plan{.total = 0}};     // nothing starts before Run
  std::int64_t give_up_ns_ = Pacer::kNever;  // end of the run plus the timeout
  std::int64_t last_up_ns_ = 0;              // when a connection was last seen up
  std::int64_t last_success_ns_ = 0;
  WorkerResult result_;
  std::atomic<std::uint64_t> completed_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
};

}  // namespace stele::load
