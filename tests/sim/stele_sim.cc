// Runs the simulated cluster over many seeds.
//
//   stele_sim --seeds=2000 --seconds=100     the whole lot
//   stele_sim --seed=7241 --trace            one seed, every event
//   stele_sim --mutation=commit-old-term     how long until a planted bug is found
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>

#include "CLI/CLI.hpp"
#include "tests/sim/world.h"

namespace stele::sim {
namespace {

struct Flags {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 100;
  std::uint64_t seed = 0;
  double seconds = 100;
  int members = 3;
  std::string bug = "none";
  bool trace = false;
  bool twice = false;
  bool keep_going = false;
};

class Totals {
 public:
  void Add(const RunResult& result) {
    ++seeds_;
    simulated_ += result.simulated;
    events_ += result.events;
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += result.counts[i];
  }

  double WallSeconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  void PrintProgress() const {
    std::fprintf(stderr, "\r%llu seeds, %.0f simulated s, %.0f s  ",
                 static_cast<unsigned long long>(seeds_), Simulated(), WallSeconds());
  }

  void Print() const {
    const double processor = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    std::printf("%llu seeds, %.0f simulated s, %llu events in %.1f s (%.1f s of processor)\n",
                static_cast<unsigned long long>(seeds_), Simulated(),
                static_cast<unsigned long long>(events_), WallSeconds(), processor);
    std::printf("%.0f simulated s and %.0f events for a second of processor\n",
                Simulated() / processor, static_cast<double>(events_) / processor);
    std::string never;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const std::string name(NameOf(static_cast<Mark>(i)));
      if (counts_[i] == 0) {
        never += " " + name;
      } else {
        std::printf("  %-24s%12llu\n", name.c_str(), static_cast<unsigned long long>(counts_[i]));
      }
    }
    std::printf("never reached:%s\n", never.empty() ? " (none)" : never.c_str());
  }

 private:
  double Simulated() const { return static_cast<double>(simulated_) / kSecond; }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::uint64_t seeds_ = 0;
  Micros simulated_ = 0;
  std::uint64_t events_ = 0;
  MarkCounts counts_{};
};

// False when a promise was broken or, with `twice`, the run was not repeatable.
bool RunOne(const RunOptions& options, bool twice, Totals* totals) {
  const RunResult result = RunSeed(options);
  totals->Add(result);
  if (!result.violation.empty()) {
    std::printf("\nVIOLATION in seed %llu after %.6f simulated s (%.1f s): %s\n  %s\n",
                static_cast<unsigned long long>(options.seed),
                static_cast<double>(result.simulated) / kSecond, totals->WallSeconds(),
                result.violation.c_str(), result.swarm.c_str());
    return false;
  }
  if (options.tells) std::printf("%s\n", result.swarm.c_str());
  if (twice && RunSeed(options).hash != result.hash) {
    std::printf("\nNOT REPEATABLE: seed %llu\n", static_cast<unsigned long long>(options.seed));
    return false;
  }
  return true;
}

int RunAll(const Flags& flags, PlantedBug bug) {
  Totals totals;
  RunOptions options;
  options.members = flags.members;
  options.faulty_time = static_cast<Micros>(flags.seconds * kSecond);
  options.bug = bug;
  options.tells = flags.trace;
  const bool single = flags.seed != 0;
  const std::uint64_t first = single ? flags.seed : flags.first_seed;
  const std::uint64_t count = single ? 1 : flags.seeds;
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < count && (failed == 0 || flags.keep_going); ++i) {
    options.seed = first + i;
    if (!RunOne(options, flags.twice, &totals)) ++failed;
    if (!single && i % 10 == 9) totals.PrintProgress();
  }
  std::fprintf(stderr, "\n");
  totals.Print();
  if (failed == 0) {
    std::printf("PASSED\n");
    return 0;
  }
  std::printf("FAILED: %llu seeds\n", static_cast<unsigned long long>(failed));
  return 1;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Runs a simulated cluster over many seeds and checks what it promises.");
  app.add_option("--first-seed", flags.first_seed, "the first seed");
  app.add_option("--seeds", flags.seeds, "how many");
  app.add_option("--seed", flags.seed, "this one only");
  app.add_option("--seconds", flags.seconds, "simulated seconds of faults for each seed");
  app.add_option("--members", flags.members, "of the cluster")->check(CLI::Range(1, 9));
  std::string names;
  for (const NamedBug& named : kPlantedBugs) names += " " + std::string(named.name);
  app.add_option("--mutation", flags.bug, "plant one of:" + names);
  app.add_flag("--trace", flags.trace, "print every event");
  app.add_flag("--twice", flags.twice, "run every seed twice and compare");
  app.add_flag("--keep-going", flags.keep_going, "go on after a violation");
  CLI11_PARSE(app, argc, argv);
  for (const NamedBug& named : kPlantedBugs) {
    if (named.name == flags.bug) return RunAll(flags, named.bug);
  }
  std::fprintf(stderr, "--mutation: one of%s\n", names.c_str());
  return 2;
}

}  // namespace
}  // namespace stele::sim

int main(int argc, char** argv) try {
  return stele::sim::Main(argc, argv);
} catch (const std::exception& thrown) {  // the flag parser's, for flags that contradict themselves
  std::fprintf(stderr, "stele_sim: %s\n", thrown.what());
  return 2;
}
