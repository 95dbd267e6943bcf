#include "tests/sim/seed_runs.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <mutex>
#include <thread>
#include <vector>

namespace stele::sim {
namespace {

// What the simulator does to the cluster, as opposed to what comes of it.
constexpr std::array kFaultMarks = {Mark::kCrash,           Mark::kIoError,       Mark::kNoSpace,
                                    Mark::kStalledSync,     Mark::kPause,         Mark::kLongPause,
                                    Mark::kSlowProcessor,   Mark::kDiskFull,      Mark::kIsolated,
                                    Mark::kHalved,          Mark::kRing,          Mark::kBridge,
                                    Mark::kOneWayPartition, Mark::kSingleLinkCut, Mark::kClog};

class Runner {
 public:
  Runner(const SeedRange& range, const OnFailed& failed) : range_(range), failed_(failed) {}

  Totals Run() {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (int i = 1; i < range_.threads; ++i) threads.emplace_back([this] { Work(); });
    Work();
    for (std::thread& thread : threads) thread.join();
    totals_.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return totals_;
  }

 private:
  bool TakeSeed(std::uint64_t* seed) {
    const std::lock_guard lock(mutex_);
    if (totals_.failed > 0 && !range_.keep_going) return false;
    const bool enough = taken_ >= range_.count && totals_.simulated >= range_.simulated_min;
    if (enough) return false;
    *seed = range_.first + taken_++;
    return true;
  }

  void Work() {
    const double before = ThreadSeconds();
    RunOptions options = range_.options;
    while (TakeSeed(&options.seed)) RunOne(options);
    const std::lock_guard lock(mutex_);
    totals_.processor_seconds += ThreadSeconds() - before;
  }

  void RunOne(const RunOptions& options) {
    const RunResult result = RunSeed(options);
    std::string why = result.violation;
    const bool repeats = range_.repeat_every > 0 && options.seed % range_.repeat_every == 0;
    if (repeats && why.empty()) {
      const RunResult again = RunSeed(options);
      if (again.hash != result.hash || again.events != result.events) why = "NOT REPEATABLE";
    }
    const std::lock_guard lock(mutex_);
    totals_.Add(result);
    if (repeats) ++totals_.repeated;
    if (why.empty()) return;
    ++totals_.failed;
    failed_(options, result, why);
  }

  const SeedRange& range_;
  const OnFailed& failed_;
  std::mutex mutex_;
  std::uint64_t taken_ = 0;
  Totals totals_;
};

}  // namespace

std::uint64_t Totals::Faults() const {
  std::uint64_t sum = 0;
  for (const Mark mark : kFaultMarks) sum += counts[static_cast<std::size_t>(mark)];
  return sum;
}

void Totals::Add(const RunResult& result) {
  ++seeds;
  simulated += result.simulated;
  events += result.events;
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += result.counts[i];
}

Totals RunSeeds(const SeedRange& range, const OnFailed& failed) {
  return Runner(range, failed).Run();
}

void KeepMemory() {
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TOP_PAD, 4 << 20);
  mallopt(M_MXFAST, 0);
}

double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace stele::sim
