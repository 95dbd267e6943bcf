// Runs the simulated cluster.
//
//   stele_sim --seeds=2000 --seconds=100     many seeds; a failing one is made smaller and written
//   stele_sim --seed=7241 --trace            one seed, every event
//   stele_sim --repro=seed-7241.repro        a schedule
//   stele_sim --mutation=commit-old-term     how long until a planted bug is found
//   stele_sim --all-mutations                all of them, a table
//   stele_sim --sweep                        each disk operation of a script fails in every way
//   stele_sim --ci                           what the build server demands
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "tests/sim/disk_sweep.h"
#include "tests/sim/mutant_hunt.h"
#include "tests/sim/schedule.h"
#include "tests/sim/seed_runs.h"
#include "tests/sim/shrink.h"
#include "tests/sim/world.h"

namespace stele::sim {
namespace {

constexpr double kClusterDay = 86'400;
constexpr double kDaysMin = 3;
constexpr std::uint64_t kFaultsMin = 100'000;
constexpr double kEventsMin = 500'000;  // for a second of processor
constexpr std::uint64_t kReachedMin = 20;

struct Flags {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 100;
  std::uint64_t seed = 0;
  double seconds = 100;
  int members = 0;
  int threads = 1;
  std::string bug;  // empty: none, or that of the schedule
  std::string repro;
  std::string write_schedule;
  double budget = 8;
  int shrink_budget = 120;
  std::uint64_t stride = 1;
  double days = kDaysMin;
  bool trace = false;
  bool twice = false;
  bool keep_going = false;
  bool all_mutations = false;
  bool sweep = false;
  std::string sweep_case;
  bool ci = false;
};

unsigned long long Long(std::uint64_t number) { return number; }

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  return file.good();
}

// Makes it smaller and says how to repeat it.
void Report(const RunOptions& options, const RunResult& result, const std::string& why,
            int shrink_budget) {
  std::printf("\nVIOLATION in seed %llu after %s simulated s: %s\n  %s\n", Long(options.seed),
              SecondsText(result.simulated).c_str(), why.c_str(), Describe(result.swarm).c_str());
  std::fflush(stdout);
  if (result.violation.empty() || shrink_budget == 0) return;
  const Shrunk shrunk = Shrink(options, std::chrono::seconds(shrink_budget));
  const RunResult last = RunSeed(shrunk.options);
  const std::string path = absl::StrCat("seed-", options.seed, ".repro");
  const std::string text =
      ScheduleText(shrunk.options, last, absl::StrCat("found: ", shrunk.violation));
  std::printf("  %zu of %zu faults left after %zu runs: %s\n", last.faults.size(),
              shrunk.faults_before, shrunk.runs, shrunk.violation.c_str());
  if (WriteFile(path, text)) std::printf("  stele_sim --trace --repro=%s\n", path.c_str());
}

void PrintCounts(const Totals& totals) {
  for (std::size_t i = 0; i < totals.counts.size(); ++i) {
    const std::string name(NameOf(static_cast<Mark>(i)));
    std::printf("  %-26s%12llu\n", name.c_str(), Long(totals.counts[i]));
  }
}

// The names of what happened less often than it must to say that it was tested.
std::string RarelyReached(const Totals& totals, std::uint64_t least) {
  std::string names;
  for (std::size_t i = 0; i < totals.counts.size(); ++i) {
    // Nobody here lies, so that nobody is caught at it.
    if (static_cast<Mark>(i) == Mark::kDroppedSenseless) continue;
    if (totals.counts[i] < least) names += " " + std::string(NameOf(static_cast<Mark>(i)));
  }
  return names;
}

std::string Machine() {
  std::ifstream cpus("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpus, line)) {
    if (line.starts_with("model name")) {
      return absl::StrCat(std::thread::hardware_concurrency(), " x ",
                          line.substr(line.find(':') + 2));
    }
  }
  return "unknown";
}

void PrintTotals(const Totals& totals, std::uint64_t first_seed) {
  const double processor = totals.processor_seconds;
  std::printf(
      "%llu seeds (%llu to %llu), %llu run twice, %.0f simulated s, %llu events, %llu faults, %llu "
      "violations; %.1f s of processor, %.1f s in all: %.0f simulated s and %.0f events for a "
      "second of processor; %s\n",
      Long(totals.seeds), Long(first_seed), Long(first_seed + totals.seeds - 1),
      Long(totals.repeated), totals.SimulatedSeconds(), Long(totals.events), Long(totals.Faults()),
      Long(totals.failed), processor, totals.wall_seconds, totals.SimulatedSeconds() / processor,
      static_cast<double>(totals.events) / processor, Machine().c_str());
}

SeedRange RangeOf(const Flags& flags, const PlantedBug& bug) {
  SeedRange range;
  range.options.members = flags.members;
  range.options.faulty_time = static_cast<Micros>(flags.seconds * kSecond);
  range.options.bug = bug;
  range.options.tells = flags.trace;
  range.first = flags.seed != 0 ? flags.seed : flags.first_seed;
  range.count = flags.seed != 0 ? 1 : flags.seeds;
  range.repeat_every = flags.twice ? 1 : 0;
  range.threads = flags.trace ? 1 : flags.threads;
  range.keep_going = flags.keep_going;
  return range;
}

int RunRange(const Flags& flags, const SeedRange& range) {
  const Totals totals = RunSeeds(
      range, [&](const RunOptions& options, const RunResult& result, const std::string& why) {
        Report(options, result, why, flags.trace || flags.keep_going ? 0 : flags.shrink_budget);
      });
  PrintCounts(totals);
  PrintTotals(totals, range.first);
  const std::string never = RarelyReached(totals, 1);
  std::printf("never reached:%s\n", never.empty() ? " (none)" : never.c_str());
  std::printf("%s\n", totals.failed == 0 ? "PASSED" : "FAILED");
  return totals.failed == 0 ? 0 : 1;
}

// The figures that docs/testing.md promises. `days` below three is for trying it out.
int RunCi(const Flags& flags) {
  SeedRange range = RangeOf(flags, PlantedBug::kNone);
  range.count = 0;
  range.simulated_min = static_cast<Micros>(flags.days * kClusterDay * kSecond);
  range.repeat_every = 50;
  const Totals totals = RunSeeds(
      range, [&](const RunOptions& options, const RunResult& result, const std::string& why) {
        Report(options, result, why, flags.shrink_budget);
      });
  PrintCounts(totals);
  PrintTotals(totals, range.first);
  const double share = std::min(1.0, flags.days / kDaysMin);
  const auto events = static_cast<double>(totals.events) / totals.processor_seconds;
  const std::string rare = RarelyReached(
      totals, std::max<std::uint64_t>(1, static_cast<std::uint64_t>(share * kReachedMin)));
  if (!rare.empty()) std::printf("reached too rarely:%s\n", rare.c_str());
  const bool enough_faults = totals.Faults() >= static_cast<std::uint64_t>(share * kFaultsMin);
  if (!enough_faults) std::printf("too few faults\n");
  if (events < kEventsMin) std::printf("too slow\n");
  const bool passed = totals.failed == 0 && rare.empty() && enough_faults && events >= kEventsMin;
  std::printf("%s\n", passed ? "PASSED" : "FAILED");
  return passed ? 0 : 1;
}

int RunRepro(const Flags& flags) {
  std::ifstream file(flags.repro);
  std::stringstream text;
  text << file.rdbuf();
  std::string error;
  std::optional<RunOptions> options = ScheduleFromText(text.str(), &error);
  if (!options) {
    std::fprintf(stderr, "%s: %s\n", flags.repro.c_str(), error.c_str());
    return 2;
  }
  options->tells = flags.trace;
  if (!flags.bug.empty()) options->bug = *FindPlantedBug(flags.bug);
  const RunResult result = RunSeed(*options);
  std::printf("bug %.*s, %zu faults, %s simulated s: %s\n",
              static_cast<int>(options->bug.name.size()), options->bug.name.data(),
              result.faults.size(), SecondsText(result.simulated).c_str(),
              result.violation.empty() ? "no violation" : result.violation.c_str());
  return result.violation.empty() ? 0 : 1;
}

int WriteSchedule(const Flags& flags, const PlantedBug& bug) {
  RunOptions options = RangeOf(flags, bug).options;
  options.seed = flags.seed;
  const RunResult result = RunSeed(options);
  const std::string comment = result.violation.empty() ? "no violation" : result.violation;
  return WriteFile(flags.write_schedule, ScheduleText(options, result, comment)) ? 0 : 2;
}

void AddOptions(CLI::App* app, Flags* flags) {
  app->add_option("--first-seed", flags->first_seed, "the first seed");
  app->add_option("--seeds", flags->seeds, "how many");
  app->add_option("--seed", flags->seed, "this one only");
  app->add_option("--seconds", flags->seconds, "simulated seconds of faults for each seed");
  app->add_option("--members", flags->members, "at the start; 0: drawn")->check(CLI::Range(0, 7));
  app->add_option("--threads", flags->threads, "each runs seeds of its own");
  app->add_option("--mutation", flags->bug, "plant this bug");
  app->add_option("--repro", flags->repro, "run this schedule; --mutation overrides its bug");
  app->add_option("--write-schedule", flags->write_schedule, "of --seed, to this file");
  app->add_option("--budget", flags->budget, "--all-mutations: seconds of processor for each");
  app->add_option("--shrink-budget", flags->shrink_budget, "seconds; 0: leave it as it is");
  app->add_option("--stride", flags->stride, "--sweep: every so many operations");
  app->add_option("--days", flags->days, "--ci: cluster-days");
  app->add_flag("--trace", flags->trace, "print every event");
  app->add_flag("--twice", flags->twice, "run every seed twice and compare");
  app->add_flag("--keep-going", flags->keep_going, "go on after a violation");
  app->add_flag("--all-mutations", flags->all_mutations, "look for every planted bug");
  app->add_flag("--sweep", flags->sweep, "fail each disk operation of a script");
  app->add_option("--sweep-case", flags->sweep_case, "--sweep: this one, every event of it");
  app->add_flag("--ci", flags->ci, "what the build server demands");
}

int Main(int argc, char** argv) {
  KeepMemory();
  Flags flags;
  CLI::App app("Runs a simulated cluster over many seeds and checks what it promises.");
  AddOptions(&app, &flags);
  CLI11_PARSE(app, argc, argv);
  const PlantedBug* bug = FindPlantedBug(flags.bug.empty() ? "none" : flags.bug);
  if (bug == nullptr) {
    std::fprintf(stderr, "--mutation: one of none");
    for (const PlantedBug& each : PlantedBugs()) {
      std::fprintf(stderr, " %s", std::string(each.name).c_str());
    }
    std::fprintf(stderr, "\n");
    return 2;
  }
  if (!flags.repro.empty()) return RunRepro(flags);
  if (!flags.write_schedule.empty()) return WriteSchedule(flags, *bug);
  if (flags.all_mutations) {
    const HuntTotals totals = HuntMutants(flags.budget, flags.threads);
    return totals.found == totals.hunted ? 0 : 1;
  }
  if (flags.sweep) {
    return SweepDisks({flags.stride, 0, flags.threads, flags.sweep_case}, RunRaftScript) ? 0 : 1;
  }
  if (flags.ci) return RunCi(flags);
  return RunRange(flags, RangeOf(flags, *bug));
}

}  // namespace
}  // namespace stele::sim

int main(int argc, char** argv) try {
  return stele::sim::Main(argc, argv);
} catch (const std::exception& thrown) {  // the flag parser's, for flags that contradict themselves
  std::fprintf(stderr, "stele_sim: %s\n", thrown.what());
  return 2;
}
