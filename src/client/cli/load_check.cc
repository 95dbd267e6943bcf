#include "src/client/cli/load_check.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace stele::cli {
namespace {

// Sums from which mean and deviation follow; one for each thread, added up at the end.
struct Tally {
  int64_t puts = 0;
  double sum = 0;
  double squares = 0;
  double slowest = 0;
  std::map<std::string, int64_t> errors;

  void Add(const Tally& other) {
    puts += other.puts;
    sum += other.sum;
    squares += other.squares;
    slowest = std::max(slowest, other.slowest);
    for (const auto& [text, count] : other.errors) errors[text] += count;
  }
};

// What all threads share: the next put's number, which also says when it is due.
struct Pace {
  const LoadPlan& plan;
  absl::Time start;
  std::atomic<int64_t> next = 0;
};

void PutInTurn(client::Client& client, Pace& pace, Progress& progress, Tally& tally) {
  const std::string value(static_cast<size_t>(pace.plan.value_bytes), '\0');
  while (true) {
    const int64_t number = pace.next++;
    if (pace.plan.puts_max > 0 && number >= pace.plan.puts_max) return;
    absl::Time due = absl::Now();
    if (pace.plan.puts_per_second > 0) {
      due = pace.start + absl::Seconds(static_cast<double>(number) / pace.plan.puts_per_second);
    }
    if (due - pace.start >= pace.plan.duration) return;
    absl::Notification never;
    never.WaitForNotificationWithDeadline(due);
    const absl::Time asked_at = absl::Now();
    if (asked_at - pace.start >= pace.plan.duration) return;
    const absl::Status put =
        client.Put(absl::StrFormat("%s%016x", pace.plan.prefix, number), value).status();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - asked_at);
    progress.Advance(1);
    if (!put.ok()) {
      ++tally.errors[std::string(put.message())];
      continue;
    }
    ++tally.puts;
    tally.sum += seconds;
    tally.squares += seconds * seconds;
    tally.slowest = std::max(tally.slowest, seconds);
  }
}

}  // namespace

LoadResult RunLoad(client::Client& client, const LoadPlan& plan, Progress& progress) {
  Pace pace{plan, absl::Now()};
  std::vector<Tally> tallies(static_cast<size_t>(plan.clients));
  std::vector<std::thread> threads;
  threads.reserve(tallies.size());
  for (Tally& tally : tallies) {
    threads.emplace_back([&] { PutInTurn(client, pace, progress, tally); });
  }
  for (std::thread& thread : threads) thread.join();
  Tally all;
  for (const Tally& tally : tallies) all.Add(tally);
  LoadResult result;
  result.puts = all.puts;
  result.took = absl::Now() - pace.start;
  result.slowest_seconds = all.slowest;
  result.errors = all.errors;
  if (all.puts > 0) {
    const double mean = all.sum / static_cast<double>(all.puts);
    const double variance = all.squares / static_cast<double>(all.puts) - mean * mean;
    result.stddev_seconds = std::sqrt(std::max(variance, 0.0));
  }
  return result;
}

}  // namespace stele::cli
