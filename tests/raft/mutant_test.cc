// Bugs of the core that the simulator meets too rarely to be held to its budget: each is planted in
// every cluster of one script of tests/raft/data, which must then print something else.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "src/raft/check.h"
#include "src/raft/mutation.h"
#include "tests/raft/script_cluster.h"
#include "tests/raft/test_node.h"

namespace stele::raft {
namespace {

struct Mutant {
  std::string_view name;
  Mutation mutation;
  std::string_view script;
};

// For the output of the tests.
void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

constexpr Mutant kMutants[] = {
    {"CommitOldTerm", Mutation::kCommitOldTerm, "figure8"},
    {"TransferNeverAborts", Mutation::kTransferNeverAborts, "transfer_aborted"},
    {"ConfBeforeTermCommit", Mutation::kConfBeforeTermCommit, "conf_new_leader"},
    {"ConfSurvivesTruncation", Mutation::kConfSurvivesTruncation, "conf_truncated"},
    {"VoteNotPersisted", Mutation::kVoteNotPersisted, "restart"},
    {"RejectWithoutProgress", Mutation::kRejectWithoutProgress, "conflict_hints"},
    {"VoteByLength", Mutation::kVoteByLength, "vote_by_term"},
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

class CoreScriptMutantTest : public ::testing::TestWithParam<Mutant> {
 protected:
  void SetUp() override { check_failure_observer = ThrowFailedCheck; }
  void TearDown() override { check_failure_observer = nullptr; }
};

TEST_P(CoreScriptMutantTest, ShowsInItsScript) {
  const Outcome sound = RunScript(GetParam().script, Mutation::kNone);
  ASSERT_NE(sound.expected, "");
  EXPECT_EQ(sound.printed, sound.expected);
  const Outcome broken = RunScript(GetParam().script, GetParam().mutation);
  EXPECT_NE(broken.printed, sound.printed);
}

// Where a follower's commit index goes when an empty append shows that entry 1 matches, with two
// entries of a dead term behind it and a leader that has committed three. Our own leader sends no
// such append, so no script can bring it about.
Index CommitAfterEmptyAppend(Mutation mutation) {
  Config config;
  config.id = NodeId{1};
  config.mutation = mutation;
  ConfState conf;
  conf.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  TestNode node(
      config, conf, [](std::uint64_t /*bound*/) { return 0; }, nullptr);
  const auto entry = [](std::uint64_t index) {
    return Entry{.id = {Index{index}, Term{1}}, .data = Payload("x")};
  };
  std::vector<Message> sent;
  node.raw().Step(
      {NodeId{2}, NodeId{1}, Term{1}, AppendEntries{{}, Index{0}, {entry(1), entry(2), entry(3)}}});
  node.RunReady(&sent);
  node.raw().Step({NodeId{3}, NodeId{1}, Term{2}, AppendEntries{entry(1).id, Index{3}, {}}});
  node.RunReady(&sent);
  return node.raw().GetStatus().hard_state.commit;
}

TEST(CoreMutantTest, AFollowerCommitsWhatMatches) {
  EXPECT_EQ(CommitAfterEmptyAppend(Mutation::kNone), Index{1});
  EXPECT_EQ(CommitAfterEmptyAppend(Mutation::kCommitBeyondMatch), Index{3});
}

INSTANTIATE_TEST_SUITE_P(PlantedBugs, CoreScriptMutantTest, ::testing::ValuesIn(kMutants),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace stele::raft
