#include "src/server/flags/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/server/flags/parse.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A file that is gone with the test.
class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest()
      : path_(::testing::TempDir() + "stele_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".yml") {}
  ~ConfigFileTest() override { std::remove(path_.c_str()); }

  std::vector<std::string> File(const std::string& text) {
    std::ofstream(path_) << text;
    return {"--config-file", path_};
  }
  // The error, without the path it begins with.
  std::string ErrorIn(const std::string& text) {
    const std::string error = ErrorOf(File(text));
    return error.starts_with(path_) ? error.substr(path_.size()) : error;
  }

  const std::string path_;
};

TEST_F(ConfigFileTest, KeysAreNamesOfFlags) {
  const Options options = OptionsOf(File(R"(
# a comment
name: 'm1'
data-dir: /var/lib/stele
listen-client-urls: http://a:1,http://b:2
log-outputs: [stderr, /tmp/log]
snapshot-count: 5000
strict-reconfig-check: no
watch-progress-notify-interval: 5000000000
grpc-keepalive-interval: 1h
auto-compaction-retention: "1"
experimental-max-learners: 2
)"));
  EXPECT_EQ(options.name, "m1");
  EXPECT_EQ(options.data_dir, "/var/lib/stele");
  EXPECT_THAT(options.listen_client_urls, ElementsAre("http://a:1", "http://b:2"));
  EXPECT_THAT(options.log_outputs, ElementsAre("stderr", "/tmp/log"));
  EXPECT_EQ(options.snapshot_count, 5000u);
  EXPECT_FALSE(options.strict_reconfig_check);
  EXPECT_EQ(options.watch_progress_interval, absl::Seconds(5));
  EXPECT_EQ(options.grpc_keepalive_interval, absl::Hours(1));
  EXPECT_EQ(options.max_learners, 2);
}

// The keys that the sample file of etcd 3.5 has, with its values.
TEST_F(ConfigFileTest, TheKeysOfEtcdsSampleAreTaken) {
  const std::vector<std::string> arguments = File(R"(
name: 'default'
data-dir:
wal-dir:
snapshot-count: 10000
heartbeat-interval: 100
election-timeout: 1000
quota-backend-bytes: 0
listen-peer-urls: http://localhost:2380
listen-client-urls: http://localhost:2379
max-snapshots: 5
max-wals: 5
cors:
initial-advertise-peer-urls: http://localhost:2380
advertise-client-urls: http://localhost:2379
discovery:
discovery-fallback: 'proxy'
discovery-proxy:
discovery-srv:
initial-cluster:
initial-cluster-token: 'etcd-cluster'
initial-cluster-state: 'new'
strict-reconfig-check: false
enable-v2: true
enable-pprof: true
proxy: 'off'
proxy-failure-wait: 5000
proxy-refresh-interval: 30000
proxy-dial-timeout: 1000
proxy-write-timeout: 5000
proxy-read-timeout: 0
client-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
peer-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
  allowed-cn:
  allowed-hostname:
self-signed-cert-validity: 1
log-level: debug
logger: zap
log-outputs: [stderr]
force-new-cluster: false
auto-compaction-mode: periodic
auto-compaction-retention: "1"
)");
  EXPECT_EQ(OptionsOf(arguments).log_level, "debug");
  EXPECT_THAT(WarningsOf(arguments),
              ElementsAre(HasSubstr("discovery-fallback is ignored"),
                          HasSubstr("enable-v2 is ignored"), HasSubstr("enable-pprof is ignored")));
}

TEST_F(ConfigFileTest, AMistypedKeyIsNamedWithItsLineAndTheRightOne) {
  EXPECT_EQ(ErrorIn("name: a\n\ndata-dri: x\n"),
            ":3: data-dri: unknown key (did you mean data-dir?)");
  EXPECT_EQ(ErrorIn("peer-transport-security:\n  cert-fiel: x\n"),
            ":2: peer-transport-security.cert-fiel: unknown key (did you mean cert-file?)");
  EXPECT_EQ(ErrorIn("zzz: 1\n"), ":1: zzz: unknown key");
}

TEST_F(ConfigFileTest, AWrongValueIsNamedWithItsLine) {
  EXPECT_EQ(ErrorIn("name: a\nheartbeat-interval: soon\n"),
            ":2: heartbeat-interval: 'soon' is not a whole number from 0 on");
  EXPECT_EQ(ErrorIn("election-timeout: 10\n"),
            ":1: election-timeout: 10 ms is less than five times --heartbeat-interval (100 ms)");
  EXPECT_EQ(ErrorIn("name: [a, b]\n"), ":1: name: must be a plain value");
  EXPECT_EQ(ErrorIn("peer-transport-security: x\n"),
            ":1: peer-transport-security: must hold keys of its own");
  EXPECT_THAT(ErrorIn("name: a\nname: b\n"), HasSubstr(":2: name: was set before, at "));
  EXPECT_EQ(ErrorIn("- name\n"), ":1: is not a list of 'key: value'");
  EXPECT_EQ(ErrorIn("feature-gates: Non=true\n"),
            ":1: feature-gates: unrecognized feature gate: Non");
}

TEST_F(ConfigFileTest, WhatIsNoYamlIsNamedWithItsLine) {
  EXPECT_THAT(ErrorIn("name: a\ndata-dir: [x\n"), HasSubstr(":"));
  EXPECT_THAT(ErrorIn("name: {a\n"), ::testing::MatchesRegex(":[0-9]+: .+"));
  EXPECT_THAT(ErrorOf({"--config-file=/does/not/exist"}),
              "--config-file: /does/not/exist cannot be read: No such file or directory");
  EXPECT_THAT(ErrorOf({}, {{"ETCD_CONFIG_FILE", "/does/not/exist"}}),
              HasSubstr("ETCD_CONFIG_FILE: /does/not/exist cannot be read"));
  EXPECT_THAT(ErrorOf({"--config-file=/tmp"}), HasSubstr("--config-file: /tmp cannot be read"));
}

TEST_F(ConfigFileTest, SecurityIsRefusedInItsSections) {
  EXPECT_THAT(ErrorIn("client-transport-security:\n  client-cert-auth: true\n"),
              HasSubstr(":2: client-transport-security.client-cert-auth: TLS"));
  EXPECT_THAT(ErrorIn("peer-transport-security:\n  auto-tls: yes\n"),
              HasSubstr(":2: peer-transport-security.auto-tls: TLS"));
  EXPECT_THAT(ErrorIn("client-transport-security:\n  allowed-cn: [a]\n"), HasSubstr("TLS"));
}

TEST_F(ConfigFileTest, FlagsAndVariablesAreIgnoredThen) {
  std::vector<std::string> arguments = File("name: file\n");
  arguments.insert(arguments.end(), {"--name=flag", "--heartbeat-interval=10"});
  const Environment environment = {{"ETCD_NAME", "variable"}, {"ETCD_DATA_DIR", "/x"}};
  const Options options = OptionsOf(arguments, environment);
  EXPECT_EQ(options.name, "file");
  EXPECT_EQ(options.heartbeat_interval_ms, 100);
  EXPECT_EQ(options.data_dir, "file.stele");
  EXPECT_THAT(WarningsOf(arguments, environment),
              ElementsAre(path_ + " is used, so these are ignored: --name, --heartbeat-interval, "
                                  "ETCD_DATA_DIR"));
  EXPECT_EQ(OptionsOf({}, {{"ETCD_CONFIG_FILE", path_}}).name, "file");
  EXPECT_EQ(ErrorOf({"--config-file", path_, "--bogus"}), "flag provided but not defined: --bogus");
}

TEST_F(ConfigFileTest, AnEmptyFileIsAllDefaults) {
  EXPECT_EQ(OptionsOf(File("# nothing\n")).name, "default");
  EXPECT_THAT(WarningsOf(File("")), IsEmpty());
}

}  // namespace
}  // namespace stele::server
