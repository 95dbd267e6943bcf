// Clients of all three members send random requests of every kind and watch, while members are
// killed, paused and started again; everything they saw must be explained by one sequence of
// revisions (tests/history/history_checks.h).
//
// STELE_PROCESS_SEED: another first seed. STELE_PROCESS_SCALE: so many rounds, each with the next
// seed and a cluster of its own.
#include <absl/strings/numbers.h>
#include <absl/time/time.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "tests/history/history_checks.h"
#include "tests/process/experiment.h"
#include "tests/process/random_faults.h"
#include "tests/process/random_run.h"

namespace stele::process {
namespace {

using history::History;
using history::Outcome;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr int kSeconds = 20;

std::uint64_t Seed() {
  const char* text = std::getenv("STELE_PROCESS_SEED");
  std::uint64_t seed = 1;
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &seed)) << text;
  }
  return seed;
}

// With responses that fall into fragments above about half a mebibyte.
Cluster::Options ClusterOf(int members) {
  return {.members = members, .flags = {"--max-request-bytes", "16384"}};
}

std::int64_t EventsOf(const History& history) {
  std::int64_t events = 0;
  for (const history::WatchRecord& watch : history.watches) {
    for (const history::WatchSession& session : watch.sessions) {
      for (const auto& response : session.responses) events += std::ssize(response.events);
    }
  }
  return events;
}

// What rounds amounted to.
struct Figures {
  std::int64_t operations = 0;
  std::int64_t acknowledged = 0;
  std::int64_t refused = 0;
  std::int64_t unknown = 0;
  std::int64_t revisions = 0;
  std::int64_t events = 0;
  std::int64_t watches = 0;
  std::int64_t streams = 0;
  std::int64_t compactions = 0;
  std::int64_t leases = 0;
  std::int64_t faults = 0;
  std::int64_t violations = 0;
};

void Add(const History& history, Figures* figures) {
  figures->operations += std::ssize(history.operations);
  for (const history::Operation& operation : history.operations) {
    figures->acknowledged += operation.outcome == Outcome::kAcknowledged;
    figures->refused += operation.outcome == Outcome::kRefused;
    figures->unknown += operation.outcome == Outcome::kUnknown;
  }
  figures->revisions += std::ssize(history.revisions);
  figures->events += EventsOf(history);
  figures->watches += std::ssize(history.watches);
  for (const history::WatchRecord& watch : history.watches) {
    figures->streams += std::ssize(watch.sessions);
  }
  figures->compactions += std::ssize(history.compactions);
  figures->leases += std::ssize(history.leases);
}

void Print(const Figures& figures) {
  std::cout << figures.operations << " operations (" << figures.acknowledged << " acknowledged, "
            << figures.refused << " refused, " << figures.unknown << " unknown), "
            << figures.revisions << " revisions, " << figures.events << " watch events, "
            << figures.watches << " watches on " << figures.streams << " streams, "
            << figures.compactions << " compactions, " << figures.leases << " leases, "
            << figures.faults << " faults, " << figures.violations << " violations\n";
}

std::set<std::string> ChecksThatFail(const History& history) {
  std::set<std::string> checks;
  for (const history::Violation& violation : history::CheckHistory(history)) {
    checks.insert(violation.check);
  }
  return checks;
}

// One event of a watch of everything, in the middle of the run.
std::vector<history::EventRecord>& SomeEvents(History* history) {
  std::vector<history::WatchResponse*> responses;
  for (history::WatchRecord& watch : history->watches) {
    if (watch.name.find("witness") == std::string::npos) continue;
    for (history::WatchSession& session : watch.sessions) {
      for (auto& response : session.responses) {
        if (!response.events.empty()) responses.push_back(&response);
      }
    }
  }
  return responses[responses.size() / 2]->events;
}

// The judge is as good as what this run gave it: a small forgery anywhere must be noticed.
void ExpectForgeriesAreNoticed(History* history) {
  std::vector<history::EventRecord>& events = SomeEvents(history);
  const std::vector<history::EventRecord> honest = events;
  events.pop_back();
  EXPECT_FALSE(ChecksThatFail(*history).empty()) << "an event that is left out";
  events = honest;
  events.push_back(honest.back());
  EXPECT_THAT(ChecksThatFail(*history), ::testing::Contains("duplicated-event"));
  events = honest;
  events.back().kv.value += "?";
  EXPECT_THAT(ChecksThatFail(*history), ::testing::Contains("event-content"));
  events = honest;

  const auto write = std::ranges::find_if(history->operations, [](const auto& operation) {
    return operation.outcome == Outcome::kAcknowledged && history::IsSimple(operation) &&
           operation.success[0].kind == history::Step::Kind::kPut && operation.revision > 100;
  });
  ASSERT_NE(write, history->operations.end());
  history::Operation forged = *write;
  forged.success[0].value = "never written";
  history->operations.push_back(forged);
  EXPECT_THAT(ChecksThatFail(*history), ::testing::Contains("acked-write-lost"));
  history->operations.pop_back();

  const auto read = std::ranges::find_if(history->operations, [](const auto& operation) {
    return operation.outcome == Outcome::kAcknowledged && history::IsSimple(operation) &&
           operation.success[0].kind == history::Step::Kind::kRange && !operation.serializable &&
           operation.revision > 100 && operation.success[0].revision == 0;
  });
  ASSERT_NE(read, history->operations.end());
  read->start = read->end = history->end;
  EXPECT_THAT(ChecksThatFail(*history), ::testing::Contains("stale-read"));
}

// One cluster, from its start to the judgement.
History RunRound(std::uint64_t seed, Figures* figures) {
  Cluster cluster(ClusterOf(3));
  RandomRun run({.seed = seed}, &cluster);
  RandomFaults faults(seed, &cluster, &run.scene());
  faults.Run(absl::Seconds(kSeconds));
  History history = run.Finish();
  for (const std::string& complaint : run.complaints()) ADD_FAILURE() << complaint;
  const history::Violations violations = history::CheckHistory(history);
  EXPECT_TRUE(violations.empty()) << history::Explain(history, violations);
  Add(history, figures);
  figures->faults += faults.count();
  figures->violations += std::ssize(violations);
  std::cout << "seed " << seed << ": " << faults.Describe() << "\n";
  return history;
}

TEST(RandomProgramsTest, MembersAreKilledAndPaused) {
  Figures figures;
  const int rounds = Scaled(1);
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    History history = RunRound(Seed() + static_cast<std::uint64_t>(round), &figures);
    Print(figures);
    if (round == 0 && !HasFailure()) ExpectForgeriesAreNoticed(&history);
  }
  EXPECT_GT(figures.faults, rounds * kSeconds / 10);
  EXPECT_GT(figures.operations, rounds * 1000);
  EXPECT_GT(figures.events, rounds * 1000);
}

// Members that come back without what they acknowledged.
TEST(RandomProgramsTest, AMemberThatForgetsIsNoticed) {
  Cluster cluster(ClusterOf(1));
  RandomRun run({.kv_clients = 4, .lease_clients = 1, .witnesses = 1, .watchers = 2}, &cluster);
  EXPECT_TRUE(WaitFor(kPatience, [&run] { return run.sent() > 1000; }));
  run.scene().Ending(0);
  cluster.Kill(0);
  std::filesystem::remove_all(cluster.data_dir(0));
  run.scene().Ended(0);
  cluster.Restart(0);
  cluster.WaitUntilServing(0);
  // Until it has more revisions than the ones it lost.
  const std::int64_t before = run.sent();
  EXPECT_TRUE(WaitFor(kPatience, [&] { return run.sent() > 3 * before; }));
  const std::set<std::string> checks = ChecksThatFail(run.Finish());
  EXPECT_THAT(checks, ::testing::Contains("real-time-order"));
  EXPECT_THAT(checks, ::testing::Contains("stale-read"));
}

}  // namespace
}  // namespace stele::process
