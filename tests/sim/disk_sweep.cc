#include "tests/sim/disk_sweep.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/sim/schedule.h"
#include "tests/sim/world.h"

namespace stele::sim {
namespace {

// Crashes lose or tear what was not synced; which, differs from case to case with the seed.
constexpr std::string_view kScript = R"(
seed 1
seconds 9
swarm members=3 tick=40000 heartbeat=1 election=5 delay_min=200 delay_mean=200 sync_mean=300 segment_bytes=4096 restart_after=60000 quick_restart=0.5 power_cut=0.9 append_bytes=4096 inflight=4 applying_bytes=4096 uncommitted_bytes=65536 snapshot_count=12 catch_up=4 flush_every=5 apply_mean=300 operation_every=60000 read_share=0.2 value_bytes=200 drift=0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
1.2 transfer member=2
1.6 conf voters=1,2,3 learners=4 mode=simple
2.6 conf voters=1,2,3,4 mode=simple
3.0 block links=1>2,2>1,1>3,3>1,1>4,4>1 until=4.6
3.4 transfer member=3
5.0 conf voters=1,3,4 mode=simple
5.6 conf voters=3,4,5 mode=joint
6.8 block links=3>4,4>3,3>5,5>3 until=7.8
8.2 conf voters=3,5 learners=4 mode=held
)";

constexpr std::string_view kOutcomes[] = {"crash-before", "crash-after", "eio", "enospc", "short"};
constexpr std::uint64_t kRecoveryOperations = 50;

struct Case {
  raft::NodeId member;
  std::uint64_t operation = 0;
  std::string_view outcome;
  std::uint64_t second = 0;  // operation of a second crash; 0: none
};

std::vector<Fault> FaultsOf(const Case& c) {
  std::vector<Fault> faults;
  const auto add = [&](std::uint64_t operation, std::string_view outcome) {
    Fault fault;
    fault.kind = Fault::Kind::kDisk;
    fault.member = c.member;
    fault.amount = operation;
    fault.mode = std::string(outcome);
    faults.push_back(std::move(fault));
  };
  add(c.operation, c.outcome);
  if (c.second != 0) add(c.second, "crash-after");
  return faults;
}

std::optional<Case> CaseNamed(std::string_view name) {
  const std::vector<std::string> parts = absl::StrSplit(std::string(name), ':');
  Case c;
  const bool is_case = parts.size() >= 3 && absl::SimpleAtoi(parts[0], &c.member.value) &&
                       absl::SimpleAtoi(parts[1], &c.operation) &&
                       (parts.size() == 3 || absl::SimpleAtoi(parts[3], &c.second));
  const auto* outcome =
      std::find(std::begin(kOutcomes), std::end(kOutcomes), is_case ? parts[2] : std::string());
  if (outcome == std::end(kOutcomes)) return std::nullopt;
  c.outcome = *outcome;
  return c;
}

bool RunOnly(std::string_view name, const RunScript& run) {
  const std::optional<Case> only = CaseNamed(name);
  if (!only) {
    std::fprintf(stderr, "no case of the sweep: give MEMBER:OPERATION:OUTCOME[:SECOND]\n");
    return false;
  }
  const std::string violation = run(FaultsOf(*only), /*tells=*/true).violation;
  std::printf("%s\n", violation.empty() ? "no violation" : violation.c_str());
  return violation.empty();
}

std::vector<Case> CasesOf(const SweptRun& plain, const SweepOptions& options) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < plain.disk_operations.size(); ++i) {
    const raft::NodeId member{i + 1};
    for (std::uint64_t n = 1 + options.offset; n <= plain.disk_operations[i]; n += options.stride) {
      for (const std::string_view outcome : kOutcomes) cases.push_back({member, n, outcome, 0});
      // Another place within recovery for each.
      cases.push_back({member, n, "crash-after", n + 1 + n * 31 % kRecoveryOperations});
    }
  }
  return cases;
}

}  // namespace

SweptRun RunRaftScript(const std::vector<Fault>& more, bool tells) {
  std::string error;
  std::optional<RunOptions> script = ScheduleFromText(kScript, &error);
  if (!script) return {.violation = "the script: " + error, .disk_operations = {}, .reached = ""};
  script->tells = tells;
  script->faults->insert(script->faults->begin(), more.begin(), more.end());
  const RunResult result = RunSeed(*script);
  const auto count = [&](Mark mark) { return result.counts[static_cast<std::size_t>(mark)]; };
  return {.violation = result.violation,
          .disk_operations = result.disk_operations,
          .reached = absl::StrCat(count(Mark::kLeader), " leaders, ", count(Mark::kCommitted),
                                  " entries, ", count(Mark::kConfCommitted), " configs, ",
                                  count(Mark::kSnapshotInstalled), " snapshots")};
}

bool SweepDisks(const SweepOptions& sweep, const RunScript& run) {
  if (!sweep.only.empty()) return RunOnly(sweep.only, run);
  const std::clock_t start = std::clock();
  const SweptRun plain = run({}, /*tells=*/false);
  const std::vector<Case> cases = CasesOf(plain, sweep);
  std::uint64_t operations = 0;
  for (const std::uint64_t count : plain.disk_operations) operations += count;
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::uint64_t failed = plain.violation.empty() ? 0 : 1;
  if (failed > 0) std::printf("without any fault: %s\n", plain.violation.c_str());
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      const Case& c = cases[i];
      const std::string violation = run(FaultsOf(c), /*tells=*/false).violation;
      if (violation.empty()) continue;
      const std::lock_guard lock(mutex);
      ++failed;
      std::printf("%llu:%llu:%.*s:%llu: %s\n", static_cast<unsigned long long>(c.member.value),
                  static_cast<unsigned long long>(c.operation), static_cast<int>(c.outcome.size()),
                  c.outcome.data(), static_cast<unsigned long long>(c.second), violation.c_str());
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < sweep.threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  std::printf(
      "sweep: %zu cases over %llu disk operations (every %llu) of a script with %s; %llu failed; "
      "%.1f s of processor\n",
      cases.size(), static_cast<unsigned long long>(operations),
      static_cast<unsigned long long>(sweep.stride), plain.reached.c_str(),
      static_cast<unsigned long long>(failed),
      static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  return failed == 0;
}

}  // namespace stele::sim
