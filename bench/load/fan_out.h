// Puts to one key that many watchers watch. A put is over when its last watcher has seen it, and a
// client then begins its next one; so the events are delivered one by one and not as a history that
// is caught up with. One thread; watchers and puts have connections of their own.
//
//   FanOut load(options, endpoints, &stop);
//   Connect, CreateWatchers, Run, result
//
// Not thread-safe, except delivered() and failed().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bench/load/connection.h"
#include "bench/load/endpoint.h"
#include "bench/load/error_counts.h"
#include "bench/load/latency_histogram.h"
#include "bench/load/link.h"
#include "bench/load/options.h"
#include "bench/load/pacer.h"
#include "bench/load/random_bytes.h"

namespace stele::load {

class FanOut {
 public:
  static constexpr std::string_view kName = "watch-fanout";
  // Every value begins with the number of its put, by which events are told apart.
  static constexpr std::size_t kNumberBytes = 12;

  struct Result {
    LatencyHistogram acknowledged;  // from the intended start of a put to its answer
    LatencyHistogram delivered;     // to the last of the watchers, puts that reached all of them
    ErrorCounts errors;
    std::uint64_t events = 0;
    std::uint64_t response_bytes = 0;
    std::int64_t last_end_ns = 0;
    absl::Status status;  // why the run was given up, if it was
  };

  // The endpoints and `stop` outlive this.
  FanOut(const Options& options, const std::vector<Endpoint>& endpoints,
         const std::atomic<bool>* stop);
  FanOut(const FanOut&) = delete;
  FanOut& operator=(const FanOut&) = delete;
  ~FanOut();

  absl::Status Connect();
  absl::Status CreateWatchers();
  // REQUIRES: the two above succeeded.
  void Run(const Pacer::Plan& pace);
  const Result& result() const { return result_; }

  // For a display while Run is under way.
  std::uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  class WatchStream;
  class PutClient;
  // A put that was begun, in the order of the numbers.
  struct Put {
    std::int64_t intended_ns = 0;
    std::int64_t issued_ns = 0;
    std::uint64_t watchers_left = 0;
    bool acknowledged = false;
    bool over = false;  // reached all, or failed
    PutClient* client = nullptr;
  };

  void OnWatchMessage(std::string_view message);
  void OnEvent(std::string_view value);
  void OnPutEnd(PutClient* client, const CallEnd& end);
  void FinishIfComplete(Put* put);
  void EndPut(Put* put, std::string_view failure);
  Put* PutOf(std::uint64_t number);
  void StartDue();
  void Expire(std::int64_t now_ns);
  void GiveUp(std::string_view reason);
  void Wait(std::int64_t until_ns);

  const Options options_;
  const std::atomic<bool>* const stop_;
  const std::int64_t timeout_ns_;
  const std::unique_ptr<Connection::ReadBuffer> read_buffer_;
  UniqueFd epoll_;
  std::vector<std::unique_ptr<WatchStream>> streams_;
  std::vector<std::unique_ptr<PutClient>> clients_;
  std::vector<std::unique_ptr<Link>> links_;  // the last one for puts
  std::deque<PutClient*> free_;
  std::deque<Put> puts_;            // under way, and those that are over behind one that is not
  std::uint64_t first_number_ = 0;  // of puts_
  RandomBytes random_;
  std::string shape_;  // the framed put
  std::vector<std::string_view> values_;
  Pacer pacer_{Pacer::Plan{.total = 0}};
  std::uint64_t created_ = 0;
  Result result_;
  std::atomic<std::uint64_t> delivered_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
};

}  // namespace stele::load
