#include "src/server/options.h"

#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"

namespace stele::server {
namespace {

using Environment = std::map<std::string, std::string>;

absl::StatusOr<CommandLine> Parse(const std::vector<std::string>& arguments,
                                  const Environment& environment = {}) {
  return ParseCommandLine(arguments, [&](const char* name) -> const char* {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

std::string ErrorOf(const std::vector<std::string>& arguments,
                    const Environment& environment = {}) {
  absl::StatusOr<CommandLine> parsed = Parse(arguments, environment);
  return parsed.ok() ? "no error" : std::string(parsed.status().message());
}

TEST(OptionsTest, WithoutArgumentsItIsOneMemberOnTheUsualPorts) {
  const Options options = Parse({}).value().options;
  EXPECT_EQ(options.name, "default");
  EXPECT_EQ(options.data_dir, "default.stele");
  ASSERT_EQ(options.initial_members.size(), 1u);
  EXPECT_EQ(options.initial_members[0].peer_urls,
            std::vector<std::string>{"http://localhost:2380"});
}

TEST(OptionsTest, FlagsMayBeWrittenInAllOfGosWays) {
  EXPECT_EQ(Parse({"-name", "a", "--initial-cluster=a=http://localhost:2380"})->options.name, "a");
  EXPECT_EQ(Parse({"--name=b"})->options.name, "b");
  EXPECT_EQ(Parse({"-name=c"})->options.name, "c");
  EXPECT_EQ(Parse({"-quota-backend-bytes", "-10"})->options.quota_backend_bytes, -10);
}

TEST(OptionsTest, AFlagWinsOverSteleWhichWinsOverEtcd) {
  EXPECT_EQ(Parse({}, {{"ETCD_NAME", "e"}})->options.name, "e");
  EXPECT_EQ(Parse({}, {{"ETCD_NAME", "e"}, {"STELE_NAME", "s"}})->options.name, "s");
  EXPECT_EQ(Parse({"--name=f"}, {{"ETCD_NAME", "e"}, {"STELE_NAME", "s"}})->options.name, "f");
}

TEST(OptionsTest, TheInitialClusterIsSortedByNameAndMayHoldSeveralUrlsAMember) {
  const auto parsed = Parse({"--name=b", "--initial-advertise-peer-urls=http://h:2,http://h:1",
                             "--initial-cluster=b=http://h:2,a=http://h:3,b=http://h:1"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const auto& members = parsed->options.initial_members;
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].name, "a");
  EXPECT_EQ(members[1].peer_urls, (std::vector<std::string>{"http://h:1", "http://h:2"}));
}

TEST(OptionsTest, ProgressOfWatchesUnderBothOfItsNames) {
  EXPECT_EQ(Parse({})->options.watch_progress_interval, absl::Minutes(10));
  for (const char* flag :
       {"--watch-progress-notify-interval", "--experimental-watch-progress-notify-interval"}) {
    EXPECT_EQ(Parse({flag, "5s"})->options.watch_progress_interval, absl::Seconds(5));
    for (const char* value : {"99ms", "5", "-5s", ""}) {
      EXPECT_EQ(ErrorOf({flag, value}), absl::StrCat("--watch-progress-notify-interval: '", value,
                                                     "' is no duration of at least 100ms"));
    }
  }
}

TEST(OptionsTest, ErrorsNameTheFlagAndTheCause) {
  EXPECT_EQ(ErrorOf({"--no-such-flag=1"}), "unknown flag or argument: --no-such-flag=1");
  EXPECT_EQ(ErrorOf({"--data-dri=x"}),
            "unknown flag or argument: --data-dri=x (did you mean --data-dir?)");
  EXPECT_EQ(ErrorOf({"--listen-client-urls=localhost:2379"}),
            "--listen-client-urls: 'localhost:2379' is not of the form http://host:port");
  EXPECT_EQ(ErrorOf({"--listen-peer-urls=http://h"}), "--listen-peer-urls: 'http://h' has no port");
  EXPECT_EQ(ErrorOf({"--listen-peer-urls=http://h:99999"}),
            "--listen-peer-urls: 'http://h:99999' has no valid port");
  EXPECT_EQ(ErrorOf({"--initial-cluster-state=maybe"}),
            "--initial-cluster-state: 'maybe' is neither 'new' nor 'existing'");
  EXPECT_EQ(ErrorOf({"--election-timeout=400"}),
            "--election-timeout: 400 ms is less than five times --heartbeat-interval (100 ms)");
  EXPECT_EQ(ErrorOf({"--name=x", "--initial-cluster=a=http://localhost:2380"}),
            "--initial-cluster: this member's name 'x' is not among "
            "'a=http://localhost:2380'");
  EXPECT_EQ(ErrorOf({"--initial-cluster=default=http://h:1"}),
            "--initial-advertise-peer-urls: http://localhost:2380 differs from what "
            "--initial-cluster says of 'default': http://h:1");
  EXPECT_EQ(ErrorOf({"--log-level=loud"}),
            "--log-level: 'loud' is none of debug, info, warn, error, panic, fatal");
}

TEST(OptionsTest, ANumberThatIsNoneIsRefusedByName) {
  EXPECT_NE(ErrorOf({"--heartbeat-interval=soon"}).find("--heartbeat-interval"), std::string::npos);
  EXPECT_NE(ErrorOf({}, {{"ETCD_SNAPSHOT_COUNT", "-5"}}).find("--snapshot-count"),
            std::string::npos);
}

TEST(OptionsTest, HelpAndVersionAreAnsweredWithoutFurtherChecks) {
  EXPECT_EQ(Parse({"--version", "--election-timeout=1"})->outcome,
            CommandLineOutcome::kPrintAndExit);
  EXPECT_NE(Parse({"--help"})->text.find("--initial-cluster-token"), std::string::npos);
}

}  // namespace
}  // namespace stele::server
