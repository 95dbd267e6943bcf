// Starting and stopping one server as an operator does, and what it says when it cannot start.
#include <absl/strings/match.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <iostream>

#include "tests/process/experiment.h"

namespace stele::process {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(15);

TEST(StartupTest, SigtermUnderLoadEndsSoonAndLosesNothing) {
  Experiment experiment({.members = 1});
  Cluster& cluster = experiment.cluster();
  EXPECT_TRUE(experiment.writes().AwaitAcknowledged(200, kPatience));
  const absl::Time start = absl::Now();
  cluster.process(0).Signal(SIGTERM);
  const auto code = cluster.process(0).WaitForExit(kPatience);
  std::cout << "SIGTERM took " << absl::Now() - start << "\n";
  ASSERT_TRUE(code.has_value());
  // etcd cleans up and then ends by the signal it was sent.
  EXPECT_EQ(*code, 128 + SIGTERM);
  cluster.Restart(0);
  cluster.WaitUntilServing(0);
  experiment.ExpectWritesResume(-1);
  experiment.Finish();
}

TEST(StartupTest, SigtermOfTheLeaderLetsTheOthersGoOn) {
  Experiment experiment;
  Cluster& cluster = experiment.cluster();
  const int leader = cluster.Leader();
  EXPECT_TRUE(experiment.writes().AwaitAcknowledged(100, kPatience));
  cluster.process(leader).Signal(SIGTERM);
  experiment.ExpectWritesResume(leader);
  EXPECT_TRUE(cluster.process(leader).WaitForExit(kPatience).has_value());
  cluster.Restart(leader);
  cluster.WaitUntilServing(leader);
  experiment.Finish();
}

TEST(StartupTest, AMemberThatWaitsForTheOthersEndsByTheSignalItIsSent) {
  if (!ServerIsStele()) GTEST_SKIP() << "the text of steled's log is looked for";
  for (const int signal : {SIGINT, SIGTERM}) {
    Cluster cluster({});
    cluster.KillAll();
    cluster.Restart(0);
    EXPECT_TRUE(WaitFor(
        kPatience, [&] { return absl::StrContains(cluster.process(0).Output(), "starts: term"); }));
    cluster.process(0).Signal(signal);
    EXPECT_EQ(cluster.process(0).WaitForExit(kPatience), 128 + signal);
  }
}

// Promises that only steled makes.
class SteledStartupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!ServerIsStele()) GTEST_SKIP() << ServerBinary() << " makes other promises";
  }

  // Starts a server that must refuse, with one line on its output. Returns the line.
  static std::string Refusal(const Cluster& cluster, const std::vector<std::string>& arguments,
                             int code = 1) {
    ServerProcess process(ServerBinary(), arguments, cluster.directory() / "refused.log");
    EXPECT_EQ(process.WaitForExit(kPatience), code);
    const std::vector<std::string> lines =
        absl::StrSplit(process.Output(), '\n', absl::SkipEmpty());
    EXPECT_EQ(lines.size(), 1u) << process.Output();
    return lines.empty() ? "" : lines.front();
  }
};

TEST_F(SteledStartupTest, DataDirectoryIsForTheOwnerAlone) {
  Cluster cluster({.members = 1});
  struct stat facts {};
  ASSERT_EQ(stat(cluster.data_dir(0).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
}

TEST_F(SteledStartupTest, ASecondProcessOnTheDataDirectoryIsRefused) {
  Cluster cluster({.members = 1});
  const std::string line = Refusal(cluster, cluster.Arguments(0));
  EXPECT_TRUE(absl::StrContains(line, cluster.data_dir(0).string())) << line;
  cluster.WaitUntilServing(0);
}

TEST_F(SteledStartupTest, TheDataDirectoryOfAnotherClusterIsRefused) {
  Cluster cluster({.members = 1});
  cluster.Kill(0);
  std::vector<std::string> arguments = cluster.Arguments(0);
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
    if (arguments[i] == "--initial-cluster-token") arguments[i + 1] = "another-cluster";
  }
  const std::string line = Refusal(cluster, arguments);
  EXPECT_TRUE(absl::StrContains(line, cluster.data_dir(0).string())) << line;
}

TEST_F(SteledStartupTest, AnAddressInUseIsNamed) {
  Cluster cluster({.members = 1});
  for (const char* flag : {"--listen-client-urls", "--listen-peer-urls"}) {
    SCOPED_TRACE(flag);
    std::vector<std::string> arguments = cluster.Arguments(0);
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (arguments[i] == "--data-dir") arguments[i + 1] = cluster.directory() / "another.data";
      // The other address is a free one.
      const bool listens = arguments[i].starts_with("--listen-");
      if (listens && arguments[i] != flag) arguments[i + 1] = "http://127.0.0.1:0";
    }
    EXPECT_NE(Refusal(cluster, arguments).find(flag), std::string::npos);
  }
}

TEST_F(SteledStartupTest, BadFlagsAreNamed) {
  struct Case {
    std::string flag;
    std::string value;
    int code;
  };
  const std::vector<Case> cases = {
      {"--no-such-flag", "1", 2},
      {"--listen-client-urls", "nonsense", 2},
      {"--listen-peer-urls", "http://127.0.0.1", 2},
      {"--heartbeat-interval", "soon", 2},
      {"--heartbeat-interval", "5000", 1},
      {"--initial-cluster", "other=http://127.0.0.1:1", 1},
      {"--initial-cluster-state", "perhaps", 2},
      {"--snapshot-count", "-1", 2},
      {"--data-dir", "/proc/stele", 1},
  };
  Cluster cluster({.members = 1});
  cluster.Kill(0);
  for (const Case& bad : cases) {
    SCOPED_TRACE(bad.flag + " " + bad.value);
    std::vector<std::string> arguments = cluster.Arguments(0);
    bool replaced = false;
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (arguments[i] != bad.flag) continue;
      arguments[i + 1] = bad.value;
      replaced = true;
    }
    if (!replaced) arguments.insert(arguments.end(), {bad.flag, bad.value});
    const std::string line = Refusal(cluster, arguments, bad.code);
    EXPECT_TRUE(absl::StrContains(line, bad.flag.substr(2)) || absl::StrContains(line, bad.value))
        << line;
  }
}

}  // namespace
}  // namespace stele::process
