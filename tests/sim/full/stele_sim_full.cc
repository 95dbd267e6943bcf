// Runs the full tier over many seeds.
//
//   stele_sim_full --ci                  the run of CI with its figures: see kCi below
//   stele_sim_full --seed=17 --trace     one seed, every event
//   stele_sim_full --mutants             how long until each planted bug is found
//   stele_sim_full --all-mutations       the same with those of the raft tier, and one summary
//   stele_sim_full --sweep               each disk operation of a script fails in every way
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "tests/sim/disk_sweep.h"
#include "tests/sim/full/full_mutants.h"
#include "tests/sim/full/full_sweep.h"
#include "tests/sim/full/full_world.h"
#include "tests/sim/full/mutant_hunt.h"
#include "tests/sim/mutant_hunt.h"
#include "tests/sim/seed_runs.h"

namespace stele::sim {
namespace {

// What CI demands of one run.
constexpr double kCiHours = 6;
constexpr std::uint64_t kCiOperations = 1'000'000;
constexpr std::uint64_t kCiWatchEvents = 1'000'000;
constexpr std::uint64_t kCiReachedMin = 20;
constexpr double kCiEventsMin = 100'000;  // for a second of processor

struct Flags {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 50;
  std::uint64_t seed = 0;
  double seconds = 60;
  int members = 3;
  int threads = 1;
  bool trace = false;
  bool twice = false;
  bool keep_going = false;
  bool ci = false;
  bool mutants = false;
  bool all_mutations = false;
  bool sweep = false;
  std::string sweep_case;
  std::uint64_t stride = 1;
  std::string mutant;
};

class Totals {
 public:
  void Add(const FullRunResult& result) {
    ++seeds_;
    simulated_ += result.simulated;
    events_ += result.events;
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += result.counts[i];
    for (std::size_t i = 0; i < full_counts_.size(); ++i) full_counts_[i] += result.full_counts[i];
  }

  std::uint64_t Count(FullMark mark) const { return full_counts_[static_cast<std::size_t>(mark)]; }
  double SimulatedHours() const { return static_cast<double>(simulated_) / kSecond / 3600; }
  // What CI is for has been reached.
  bool IsEnoughForCi() const {
    return SimulatedHours() >= kCiHours && Count(FullMark::kOperation) >= kCiOperations &&
           Count(FullMark::kWatchEvent) >= kCiWatchEvents;
  }

  void PrintProgress() const {
    std::fprintf(stderr, "\r%llu seeds, %.2f simulated h, %llu operations, %llu watch events  ",
                 static_cast<unsigned long long>(seeds_), SimulatedHours(),
                 static_cast<unsigned long long>(Count(FullMark::kOperation)),
                 static_cast<unsigned long long>(Count(FullMark::kWatchEvent)));
  }

  double EventsASecond() const {
    return static_cast<double>(events_) * CLOCKS_PER_SEC / static_cast<double>(std::clock());
  }

  // Returns how many marks were reached less than kCiReachedMin times.
  int Print() const {
    const double processor = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    std::printf("%llu seeds, %.2f simulated h, %llu client operations, %llu watch events\n",
                static_cast<unsigned long long>(seeds_), SimulatedHours(),
                static_cast<unsigned long long>(Count(FullMark::kOperation)),
                static_cast<unsigned long long>(Count(FullMark::kWatchEvent)));
    std::printf("%llu events in %.1f s (%.1f s of processor): %.0f a second of processor\n",
                static_cast<unsigned long long>(events_), WallSeconds(), processor,
                static_cast<double>(events_) / processor);
    int rare = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      PrintCount(std::string(NameOf(static_cast<Mark>(i))), counts_[i]);
    }
    for (std::size_t i = 0; i < full_counts_.size(); ++i) {
      PrintCount(std::string(kFullMarkNames[i]), full_counts_[i]);
      if (full_counts_[i] < kCiReachedMin) ++rare;
    }
    std::printf("%zu reachability counters, %d below %llu\n", full_counts_.size(), rare,
                static_cast<unsigned long long>(kCiReachedMin));
    return rare;
  }

 private:
  static void PrintCount(const std::string& name, std::uint64_t count) {
    std::printf("  %-24s%12llu%s\n", name.c_str(), static_cast<unsigned long long>(count),
                count < kCiReachedMin ? "  (rare)" : "");
  }
  double WallSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::uint64_t seeds_ = 0;
  Micros simulated_ = 0;
  std::uint64_t events_ = 0;
  MarkCounts counts_{};
  FullMarkCounts full_counts_{};
};

// Seeds of one call, on several threads: each world is its own.
class SeedRuns {
 public:
  explicit SeedRuns(const Flags& flags) : flags_(flags) {
    options_.members = flags.members;
    options_.faulty_time = static_cast<Micros>(flags.seconds * kSecond);
    options_.tells = flags.trace;
  }

  std::uint64_t first() const { return flags_.seed != 0 ? flags_.seed : flags_.first_seed; }
  std::uint64_t failed() const { return failed_; }
  const Totals& totals() const { return totals_; }

  void Run() {
    std::vector<std::thread> others;
    for (int i = 1; i < flags_.threads; ++i) others.emplace_back([this] { Work(); });
    Work();
    for (std::thread& other : others) other.join();
  }

 private:
  void Work() {
    while (const std::optional<std::uint64_t> number = Take()) RunOne(*number);
  }

  std::optional<std::uint64_t> Take() {
    const std::lock_guard lock(mutex_);
    const bool enough =
        flags_.ci ? totals_.IsEnoughForCi() : taken_ >= (flags_.seed != 0 ? 1 : flags_.seeds);
    if (enough || (failed_ > 0 && !flags_.keep_going)) return std::nullopt;
    return taken_++;
  }

  // With --ci one seed in fifty is run again: the same seed has to be the same run.
  void RunOne(std::uint64_t number) {
    FullRunOptions options = options_;
    options.seed = first() + number;
    const FullRunResult result = RunFullSeed(options);
    const bool twice = flags_.twice || (flags_.ci && number % 50 == 7);
    const bool repeats = result.violation.empty() && twice;
    const bool is_same = !repeats || RunFullSeed(options).hash == result.hash;
    const std::lock_guard lock(mutex_);
    totals_.Add(result);
    if (number % 5 == 4) totals_.PrintProgress();
    if (!result.violation.empty()) {
      std::printf("\nVIOLATION in seed %llu after %.6f simulated s: %s\n  %s\n",
                  static_cast<unsigned long long>(options.seed),
                  static_cast<double>(result.simulated) / kSecond, result.violation.c_str(),
                  result.swarm.c_str());
    } else if (!is_same) {
      std::printf("\nNOT REPEATABLE: seed %llu\n", static_cast<unsigned long long>(options.seed));
    } else {
      if (options.tells) std::printf("%s\n", result.swarm.c_str());
      return;
    }
    std::fflush(stdout);
    ++failed_;
  }

  const Flags& flags_;
  FullRunOptions options_;
  std::mutex mutex_;
  std::uint64_t taken_ = 0;
  std::uint64_t failed_ = 0;
  Totals totals_;
};

int RunAll(const Flags& flags) {
  SeedRuns runs(flags);
  runs.Run();
  std::fprintf(stderr, "\n");
  const int rare = runs.totals().Print();
  std::printf("seeds from %llu, %.0f s of faults each, %d members\n",
              static_cast<unsigned long long>(runs.first()), flags.seconds, flags.members);
  const bool is_slow = flags.ci && runs.totals().EventsASecond() < kCiEventsMin;
  if (is_slow) std::printf("too slow\n");
  if (runs.failed() == 0 && !is_slow && !(flags.ci && rare > 0)) {
    std::printf("PASSED\n");
    return 0;
  }
  std::printf("FAILED: %llu seeds, %d counters\n", static_cast<unsigned long long>(runs.failed()),
              rare);
  return 1;
}

// The table of planted bugs of store, watches and leases.
HuntTotals RunFullMutants() {
  HuntTotals totals;
  for (const FullMutant& mutant : kFullMutants) {
    const Hunt hunt = HuntMutant(mutant, kMutantSecondsMax);
    const std::string what = hunt.violation.substr(0, hunt.violation.find(':'));
    std::printf("%-28s seed %3llu  %5.1f s  %s\n", std::string(mutant.name).c_str(),
                static_cast<unsigned long long>(hunt.seeds), hunt.processor_seconds,
                hunt.violation.empty() ? "MISSED" : what.c_str());
    std::fflush(stdout);
    ++totals.hunted;
    totals.found += hunt.violation.empty() ? 0 : 1;
    totals.slowest = std::max(totals.slowest, hunt.processor_seconds);
    totals.all += hunt.processor_seconds;
  }
  std::printf(
      "full tier: %zu of %zu planted bugs found, the slowest in %.1f s of processor (%.1f s for "
      "all), at most %.0f s each\n",
      totals.found, totals.hunted, totals.slowest, totals.all, kMutantSecondsMax);
  return totals;
}

// Both tiers; fails if a bug is missed.
int RunAllMutations(int threads) {
  const HuntTotals raft = HuntMutants(kMutantSecondsMax, threads);
  const HuntTotals full = RunFullMutants();
  const std::size_t hunted = raft.hunted + full.hunted;
  const std::size_t found = raft.found + full.found;
  std::printf(
      "planted bugs: %zu of %zu found by the simulator, the slowest in %.1f s of processor, %.0f s "
      "for all; %zu more by the tests named above\n%s\n",
      found, hunted, std::max(raft.slowest, full.slowest), raft.all + full.all, raft.scripted,
      found == hunted ? "PASSED" : "FAILED");
  return found == hunted ? 0 : 1;
}

// One planted bug: stops when it is found.
int RunMutant(const Flags& flags) {
  for (const FullMutant& mutant : kFullMutants) {
    if (mutant.name != flags.mutant) continue;
    const Plant plant(mutant);
    return RunAll(flags);
  }
  std::string names;
  for (const FullMutant& mutant : kFullMutants) names += " " + std::string(mutant.name);
  std::fprintf(stderr, "--mutation: one of%s\n", names.c_str());
  return 2;
}

int Main(int argc, char** argv) {
  KeepMemory();
  Flags flags;
  CLI::App app("Runs a simulated cluster of whole daemons over many seeds and judges its history.");
  app.add_option("--first-seed", flags.first_seed, "the first seed");
  app.add_option("--seeds", flags.seeds, "how many");
  app.add_option("--seed", flags.seed, "this one only");
  app.add_option("--seconds", flags.seconds, "simulated seconds of faults for each seed");
  app.add_option("--members", flags.members, "of the cluster")->check(CLI::Range(1, 9));
  app.add_option("--threads", flags.threads, "each runs seeds of its own");
  app.add_flag("--trace", flags.trace, "print every event");
  app.add_flag("--twice", flags.twice, "run every seed twice and compare");
  app.add_flag("--keep-going", flags.keep_going, "go on after a violation");
  app.add_flag("--ci", flags.ci, "as many seeds as CI demands");
  app.add_flag("--mutants", flags.mutants, "look for every planted bug; fails if one is missed");
  app.add_option("--mutation", flags.mutant, "plant this bug");
  app.add_flag("--all-mutations", flags.all_mutations, "--mutants, and those of the raft tier");
  app.add_flag("--sweep", flags.sweep, "fail each disk operation of a script");
  app.add_option("--sweep-case", flags.sweep_case, "--sweep: this one, every event of it");
  app.add_option("--stride", flags.stride, "--sweep: every so many operations");
  CLI11_PARSE(app, argc, argv);
  if (flags.trace) flags.threads = 1;
  if (flags.mutants) {
    const HuntTotals totals = RunFullMutants();
    return totals.found == totals.hunted ? 0 : 1;
  }
  if (flags.all_mutations) return RunAllMutations(flags.threads);
  if (flags.sweep) {
    return SweepDisks({flags.stride, 0, flags.threads, flags.sweep_case}, RunFullScript) ? 0 : 1;
  }
  return flags.mutant.empty() ? RunAll(flags) : RunMutant(flags);
}

}  // namespace
}  // namespace stele::sim

int main(int argc, char** argv) try {
  return stele::sim::Main(argc, argv);
} catch (const std::exception& thrown) {  // the flag parser's, for flags that contradict themselves
  std::fprintf(stderr, "stele_sim_full: %s\n", thrown.what());
  return 2;
}
