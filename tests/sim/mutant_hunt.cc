#include "tests/sim/mutant_hunt.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/sim/planted_bug.h"
#include "tests/sim/seed_runs.h"
#include "tests/sim/swarm.h"
#include "tests/sim/world.h"

namespace stele::sim {
namespace {

constexpr Micros kFaultyTime = 60 * kSecond;

struct Find {
  std::uint64_t seed = 0;
  double seconds = 0;
  std::string violation;
};

// Snapshots everywhere, and crashes between their arrival and their installation.
void AimAtSnapshots(Swarm* swarm) {
  swarm->snapshot_count = 5;
  swarm->catch_up_entries = 0;
  swarm->flush_every = 1;
  swarm->apply_stall = 0.3;
  swarm->crash_every = 2.0 * kSecond;
  swarm->restart_after = 0.5 * kSecond;
}

// Snapshots everywhere, into members that soon let their logs go, so that an old one that arrives
// late finds a log that begins behind it.
void AimAtLateSnapshots(Swarm* swarm) {
  swarm->snapshot_count = 5;
  swarm->catch_up_entries = 0;
  swarm->flush_every = 1;
  swarm->apply_stall = 0;
  swarm->read_share = 0.1;
  swarm->operation_every = 30.0 * kMillisecond;
}

// Appends that arrive again while the first one is still being synced, and power cuts.
void AimAtRepeats(Swarm* swarm) {
  swarm->duplicate = 0.3;
  swarm->slow_sync = 0.25;
  swarm->power_cut = 1;
  swarm->crash_every = 3.0 * kSecond;
  swarm->restart_after = 0.5 * kSecond;
  swarm->operation_every = 60.0 * kMillisecond;
}

Find Hunt(const PlantedBug& bug, double budget_seconds) {
  const double start = ThreadSeconds();
  Find find;
  while (find.violation.empty() && find.seconds < budget_seconds) {
    RunOptions options;
    options.seed = ++find.seed;
    options.faulty_time = kFaultyTime;
    // Mild worlds are for what must work in them; few bugs show there.
    Swarm swarm = DrawSwarm(options.seed, 0);
    if (swarm.harshness == 0 || (swarm.harshness == 1 && options.seed % 2 == 0)) continue;
    if (bug.model == ModelBug::kSnapshotNotDurable) AimAtSnapshots(&swarm);
    if (bug.mutation == raft::Mutation::kSnapshotBehindCommit) AimAtLateSnapshots(&swarm);
    if (bug.mutation == raft::Mutation::kRepeatAckBeforePersist) AimAtRepeats(&swarm);
    swarm.operation_every /= 2;  // busy clients give a bug more to spoil
    options.swarm = std::move(swarm);
    options.bug = bug;
    find.violation = RunSeed(options).violation;
    find.seconds = ThreadSeconds() - start;
  }
  return find;
}

}  // namespace

HuntTotals HuntMutants(double budget_seconds, int threads) {
  const auto bugs = PlantedBugs();
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  HuntTotals totals;
  std::printf("%-28s %6s %6s %6s  %s\n", "bug", "found", "seed", "s", "by");
  const auto work = [&] {
    for (std::size_t i = next++; i < bugs.size(); i = next++) {
      if (!bugs[i].finder.empty()) {
        const std::lock_guard lock(mutex);
        ++totals.scripted;
        std::printf("%-28s %6s %6s %6s  %s\n", std::string(bugs[i].name).c_str(), "test", "", "",
                    std::string(bugs[i].finder).c_str());
        continue;
      }
      const Find find = Hunt(bugs[i], budget_seconds);
      const std::lock_guard lock(mutex);
      const bool is_found = !find.violation.empty();
      ++totals.hunted;
      totals.found += is_found ? 1 : 0;
      totals.slowest = std::max(totals.slowest, find.seconds);
      totals.all += find.seconds;
      std::printf("%-28.*s %6s %6llu %6.2f  %s\n", static_cast<int>(bugs[i].name.size()),
                  bugs[i].name.data(), is_found ? "yes" : "NO",
                  static_cast<unsigned long long>(find.seed), find.seconds, find.violation.c_str());
      std::fflush(stdout);
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  std::printf(
      "mutants: %zu of %zu found, the slowest in %.1f s of processor (%.1f s for all); %zu more "
      "have a test\n",
      totals.found, totals.hunted, totals.slowest, totals.all, totals.scripted);
  return totals;
}

}  // namespace stele::sim
