#include "src/server/flags/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/server/flags/parse.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CommandLineTest, WithoutArgumentsItIsOneMemberOnTheUsualPorts) {
  const Options options = OptionsOf({});
  EXPECT_EQ(options.name, "default");
  EXPECT_EQ(options.data_dir, "default.stele");
  EXPECT_EQ(options.election_timeout_ms, 1000);
  EXPECT_EQ(options.snapshot_count, 10'000u);
  EXPECT_EQ(options.watch_progress_interval, absl::Minutes(10));
  ASSERT_EQ(options.initial_members.size(), 1u);
  EXPECT_THAT(options.initial_members[0].peer_urls, ElementsAre("http://localhost:2380"));
}

TEST(CommandLineTest, FlagsMayBeWrittenInAllOfGosWays) {
  EXPECT_EQ(OptionsOf({"-name", "a", "--initial-cluster=a=http://localhost:2380"}).name, "a");
  EXPECT_EQ(OptionsOf({"--name=b"}).name, "b");
  EXPECT_EQ(OptionsOf({"-name=c"}).name, "c");
  EXPECT_EQ(OptionsOf({"--name", "--odd"}).name, "--odd");
  EXPECT_EQ(OptionsOf({"--name=first", "--name=last", "--"}).name, "last");
  EXPECT_EQ(OptionsOf({"-quota-backend-bytes", "-10"}).quota_backend_bytes, -10);
  EXPECT_FALSE(OptionsOf({"--strict-reconfig-check=f"}).strict_reconfig_check);
  EXPECT_TRUE(OptionsOf({"--strict-reconfig-check"}).strict_reconfig_check);
  EXPECT_EQ(OptionsOf({"--watch-progress-notify-interval=1h2m3.5s"}).watch_progress_interval,
            absl::Hours(1) + absl::Minutes(2) + absl::Milliseconds(3500));
}

TEST(CommandLineTest, ListsAreSeparatedByCommasAndTheLastOneCounts) {
  EXPECT_THAT(OptionsOf({"--listen-peer-urls=http://a:1,http://b:2,http://a:1"}).listen_peer_urls,
              ElementsAre("http://a:1", "http://b:2"));
  EXPECT_THAT(OptionsOf({"--listen-peer-urls=http://a:1", "--listen-peer-urls=http://b:2"})
                  .listen_peer_urls,
              ElementsAre("http://b:2"));
}

TEST(CommandLineTest, TheInitialClusterIsSortedByNameAndMayHoldSeveralUrlsAMember) {
  const Options options =
      OptionsOf({"--name=b", "--initial-advertise-peer-urls=http://h:2,http://h:1",
                 "--initial-cluster=b=http://h:2,a=http://h:3,b=http://h:1"});
  ASSERT_EQ(options.initial_members.size(), 2u);
  EXPECT_EQ(options.initial_members[0].name, "a");
  EXPECT_THAT(options.initial_members[1].peer_urls, ElementsAre("http://h:1", "http://h:2"));
}

TEST(CommandLineTest, OlderNamesMeanTheSame) {
  EXPECT_EQ(
      OptionsOf({"--experimental-watch-progress-notify-interval", "5s"}).watch_progress_interval,
      absl::Seconds(5));
  EXPECT_EQ(OptionsOf({"--experimental-max-learners=3"}).max_learners, 3);
  EXPECT_EQ(OptionsOf({"--experimental-snapshot-catchup-entries=7"}).snapshot_catchup_entries, 7u);
  EXPECT_THAT(OptionsOf({"--log-output=stdout"}).log_outputs, ElementsAre("stdout"));
  EXPECT_EQ(OptionsOf({"--debug"}).log_level, "debug");
  EXPECT_EQ(OptionsOf({"--debug", "--log-level=warn"}).log_level, "warn");
}

TEST(CommandLineTest, WordsThatAreWrongByThemselvesAreOfEtcdsClass) {
  const std::vector<std::vector<std::string>> wrong = {
      {"--no-such-flag=1"},
      {"--heartbeat-interval=soon"},
      {"--heartbeat-interval=-1"},
      {"--name"},
      {"-=x"},
      {"---name=x"},
      {"--debug=perhaps"},
      {"--listen-client-urls=nonsense"},
      {"--enable-v2=maybe"},
      {"--initial-cluster-state=maybe"},
      {"--feature-gates=No=true"},
      {"--client-transport-security.cert-file=x"},
  };
  for (const auto& words : wrong) {
    EXPECT_EQ(Parse(words).status().code(), absl::StatusCode::kInvalidArgument) << words[0];
  }
  const std::vector<std::vector<std::string>> elsewhere = {
      {"stray"}, {"--election-timeout=400"}, {"--log-level=loud"}, {"--", "--name=x"}};
  for (const auto& words : elsewhere) {
    EXPECT_EQ(Parse(words).status().code(), absl::StatusCode::kFailedPrecondition) << words[0];
  }
}

TEST(CommandLineTest, ErrorsNameTheFlagAndTheCause) {
  EXPECT_EQ(ErrorOf({"--bogus=1"}), "flag provided but not defined: --bogus");
  EXPECT_EQ(ErrorOf({"--data-dri=x"}),
            "flag provided but not defined: --data-dri (did you mean --data-dir?)");
  EXPECT_EQ(ErrorOf({"-listen-client-url", "x"}),
            "flag provided but not defined: --listen-client-url (did you mean "
            "--listen-client-urls?)");
  EXPECT_EQ(ErrorOf({"--name"}), "flag needs an argument: --name");
  EXPECT_EQ(ErrorOf({"--strict-reconfig-check", "false"}),
            "'false' is not a valid flag (--strict-reconfig-check takes a value only behind '=')");
  EXPECT_EQ(ErrorOf({"--heartbeat-interval=soon"}),
            "invalid value for flag --heartbeat-interval: 'soon' is not a whole number from 0 on");
  EXPECT_EQ(ErrorOf({"--listen-client-urls=localhost:2379"}),
            "invalid value for flag --listen-client-urls: 'localhost:2379' is not of the form "
            "http://host:port");
  EXPECT_THAT(ErrorOf({"--listen-peer-urls=http://h"}), HasSubstr("'http://h' has no port"));
  EXPECT_THAT(ErrorOf({"--listen-peer-urls=https://h:1"}), HasSubstr("TLS"));
  EXPECT_EQ(ErrorOf({"--initial-cluster-state=maybe"}),
            "invalid value for flag --initial-cluster-state: 'maybe' is none of: new, existing");
  EXPECT_EQ(ErrorOf({"--name=x", "--initial-cluster=a=http://localhost:2380"}),
            "--initial-cluster: this member's name 'x' is not among 'a=http://localhost:2380'");
  EXPECT_EQ(ErrorOf({"--initial-cluster=default=http://h:1"}),
            "--initial-advertise-peer-urls: http://localhost:2380 differs from what "
            "--initial-cluster says of 'default': http://h:1");
  EXPECT_EQ(ErrorOf({"--log-level=loud"}),
            "--log-level: 'loud' is none of debug, info, warn, error, panic, fatal");
}

TEST(CommandLineTest, ChecksOfEtcd) {
  EXPECT_EQ(ErrorOf({"--election-timeout=400"}),
            "--election-timeout: 400 ms is less than five times --heartbeat-interval (100 ms)");
  EXPECT_THAT(ErrorOf({"--election-timeout=50001"}), HasSubstr("more than 50000 ms"));
  EXPECT_EQ(OptionsOf({"--election-timeout=50000"}).election_timeout_ms, 50'000);
  EXPECT_THAT(ErrorOf({"--heartbeat-interval=0"}), HasSubstr("--heartbeat-interval: 0"));
  EXPECT_THAT(ErrorOf({"--auto-compaction-mode=always"}), HasSubstr("--auto-compaction-mode: "));
  EXPECT_THAT(ErrorOf({"--auto-compaction-retention=x"}),
              HasSubstr("--auto-compaction-retention: "));
  EXPECT_EQ(ErrorOf({"--listen-client-urls=http://127.0.0.1:1"}),
            "--advertise-client-urls: must be given when --listen-client-urls is");
  EXPECT_THAT(ErrorOf({"--listen-peer-urls="}), HasSubstr("--listen-peer-urls: no URL given"));
  for (const char* value : {"99ms", "-5s", "0"}) {
    EXPECT_THAT(ErrorOf({"--watch-progress-notify-interval", value}),
                HasSubstr("is less than 100ms"));
  }
  EXPECT_THAT(ErrorOf({"--watch-progress-notify-interval=5"}), HasSubstr("is not a duration"));
}

TEST(CommandLineTest, SecurityThatIsNotThereIsRefusedByName) {
  const std::vector<std::string> refused = {
      "--cert-file=c",
      "--key-file=k",
      "--trusted-ca-file=t",
      "--client-cert-auth",
      "--auto-tls",
      "--peer-cert-file=c",
      "--peer-key-file=k",
      "--peer-trusted-ca-file=t",
      "--peer-client-cert-auth=true",
      "--peer-auto-tls",
      "--peer-cert-allowed-cn=n",
      "--client-crl-file=f",
      "--host-whitelist=h",
      "--auth-token=jwt,pub-key=p,sign-method=RS256",
  };
  for (const std::string& word : refused) {
    const std::string flag = word.substr(0, word.find('='));
    EXPECT_EQ(Parse({word}).status().code(), absl::StatusCode::kFailedPrecondition) << word;
    EXPECT_EQ(ErrorOf({word}).substr(0, flag.size() + 2), flag + ": ") << word;
  }
  EXPECT_THAT(WarningsOf({"--client-cert-auth=false", "--auto-tls=0",
                          "--cert-file=", "--auth-token=simple", "--host-whitelist=*"}),
              IsEmpty());
}

TEST(CommandLineTest, WhatWouldFoundAnotherClusterIsRefused) {
  for (const char* word : {"--discovery=http://d", "--discovery-srv=example.org", "--proxy=on",
                           "--discovery-endpoints=http://d:1", "--force-new-cluster"}) {
    const std::string flag = std::string(word).substr(0, std::string(word).find('='));
    EXPECT_THAT(ErrorOf({word}), HasSubstr(flag + ": "));
  }
}

TEST(CommandLineTest, WhatMeansNothingHereIsOneWarning) {
  EXPECT_THAT(
      WarningsOf({"--max-wals=7", "--max-wals=8"}),
      ElementsAre("--max-wals is ignored: segments of the log are removed as soon as nobody "
                  "needs them"));
  EXPECT_THAT(WarningsOf({"--unsafe-no-fsync"}), ElementsAre(HasSubstr("synced all the same")));
  EXPECT_THAT(WarningsOf({"--snapshot"}), ElementsAre(HasSubstr("--snapshot is ignored")));
  EXPECT_THAT(WarningsOf({"--max-wals=5", "--logger=zap", "--proxy=off", "--enable-v2=false"}),
              IsEmpty());
  EXPECT_THAT(WarningsOf({"--test.coverprofile=x"}), ElementsAre(HasSubstr("test.coverprofile")));
}

TEST(CommandLineTest, FeatureGatesSayWhatTheyAreHere) {
  EXPECT_THAT(WarningsOf({"--feature-gates=InitialCorruptCheck=true"}),
              ElementsAre(HasSubstr("feature gate InitialCorruptCheck=true is ignored: ")));
  EXPECT_THAT(WarningsOf({"--feature-gates=InitialCorruptCheck=false"}), IsEmpty());
  EXPECT_EQ(ErrorOf({"--feature-gates=InitialCoruptCheck=true"}),
            "--feature-gates: unrecognized feature gate: InitialCoruptCheck (did you mean "
            "InitialCorruptCheck?)");
  EXPECT_THAT(ErrorOf({"--feature-gates=InitialCorruptCheck"}), HasSubstr("Name=true"));
  EXPECT_THAT(ErrorOf({"--feature-gates=InitialCorruptCheck=2"}), HasSubstr("true or false"));
}

TEST(CommandLineTest, HelpAndVersionAreAnsweredWithoutFurtherChecks) {
  const auto version = Parse({"--version", "--election-timeout=1"});
  EXPECT_EQ(version->outcome, CommandLineOutcome::kPrintAndExit);
  EXPECT_EQ(version->text.substr(0, 16), "steled Version: ");
  EXPECT_THAT(version->text, HasSubstr("\netcd Version: 3."));
  for (const char* word : {"-h", "--help", "-help", "--h"}) {
    EXPECT_THAT(Parse({word, "--no-such-flag"})->text, HasSubstr("--initial-cluster-token"));
  }
  EXPECT_EQ(Parse({"--version=false"})->outcome, CommandLineOutcome::kRun);
}

TEST(CommandLineTest, OriginsAreNamedInsteadOfFlags) {
  Options options = OptionsOf({"--name=a"}, {{"ETCD_HEARTBEAT_INTERVAL", "50"}});
  EXPECT_EQ(WithOrigin(options, "--heartbeat-interval: bad"), "ETCD_HEARTBEAT_INTERVAL: bad");
  EXPECT_EQ(WithOrigin(options, "--data-dir: bad"), "--data-dir: bad");
  EXPECT_EQ(WithOrigin(options, "/some/path: bad"), "/some/path: bad");
}

}  // namespace
}  // namespace stele::server
