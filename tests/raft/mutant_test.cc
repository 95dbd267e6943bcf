// Bugs of the core that the simulator meets too rarely to be held to its budget: each is planted in
// every cluster of one script of tests/raft/data, which must then print something else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "src/raft/check.h"
#include "src/raft/mutation.h"
#include "tests/raft/script_cluster.h"

namespace stele::raft {
namespace {

struct Mutant {
  std::string_view name;
  Mutation mutation;
  std::string_view script;
};

constexpr Mutant kMutants[] = {
    {"CommitOldTerm", Mutation::kCommitOldTerm, "figure8"},
    {"TransferNeverAborts", Mutation::kTransferNeverAborts, "transfer_aborted"},
    {"ConfBeforeTermCommit", Mutation::kConfBeforeTermCommit, "conf_own_term"},
    {"ConfSurvivesTruncation", Mutation::kConfSurvivesTruncation, "conf_truncated"},
    {"VoteNotPersisted", Mutation::kVoteNotPersisted, "restart"},
    {"RejectWithoutProgress", Mutation::kRejectWithoutProgress, "conflict_hints"},
    {"VoteByLength", Mutation::kVoteByLength, "vote_by_term"},
    {"CommitBeyondMatch", Mutation::kCommitBeyondMatch, "commit_matching"},
    {"PreVoteResetsTimer", Mutation::kPreVoteResetsTimer, "prevote_timer"},
};

[[noreturn]] void ThrowFailedCheck(const char* report) { throw std::runtime_error(report); }

// What the script prints under `mutation`, and what it should. A failed check ends the output.
struct Outcome {
  std::string printed;
  std::string expected;
};

Outcome RunScript(std::string_view script, Mutation mutation) {
  std::ifstream file(std::filesystem::path(STELE_SOURCE_DIR) / "tests" / "raft" / "data" /
                     (std::string(script) + ".txt"));
  ScriptCluster cluster;
  cluster.Plant(mutation);
  Outcome outcome;
  bool is_output = false;
  try {
    for (std::string line; std::getline(file, line);) {
      if (line.empty()) is_output = false;
      if (is_output) outcome.expected += line + "\n";
      if (line == "----") is_output = true;
      if (is_output || line.empty() || line.front() == '#') continue;
      outcome.printed += cluster.Run(line);
    }
  } catch (const std::runtime_error& failed) {
    outcome.printed += failed.what();
  }
  return outcome;
}

class CoreMutantTest : public ::testing::TestWithParam<Mutant> {
 protected:
  void SetUp() override { check_failure_observer = ThrowFailedCheck; }
  void TearDown() override { check_failure_observer = nullptr; }
};

TEST_P(CoreMutantTest, ShowsInItsScript) {
  const Outcome sound = RunScript(GetParam().script, Mutation::kNone);
  ASSERT_NE(sound.expected, "");
  EXPECT_EQ(sound.printed, sound.expected);
  const Outcome broken = RunScript(GetParam().script, GetParam().mutation);
  EXPECT_NE(broken.printed, sound.printed);
}

INSTANTIATE_TEST_SUITE_P(PlantedBugs, CoreMutantTest, ::testing::ValuesIn(kMutants),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace stele::raft
