#include "src/server/flags/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/flags/parse.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(EnvironmentTest, AFlagWinsOverSteleWhichWinsOverEtcd) {
  EXPECT_EQ(OptionsOf({}, {{"ETCD_NAME", "e"}}).name, "e");
  EXPECT_EQ(OptionsOf({}, {{"ETCD_NAME", "e"}, {"STELE_NAME", "s"}}).name, "s");
  EXPECT_EQ(OptionsOf({"--name=f"}, {{"ETCD_NAME", "e"}, {"STELE_NAME", "s"}}).name, "f");
}

TEST(EnvironmentTest, WhoLosesIsShadowed) {
  EXPECT_THAT(WarningsOf({"-name=f"}, {{"ETCD_NAME", "e"}, {"STELE_NAME", "s"}}),
              UnorderedElementsAre("environment variable ETCD_NAME is shadowed by --name",
                                   "environment variable STELE_NAME is shadowed by --name"));
  EXPECT_THAT(WarningsOf({}, {{"ETCD_NAME", "e"}, {"STELE_NAME", "s"}}),
              ElementsAre("environment variable ETCD_NAME is shadowed by STELE_NAME"));
  EXPECT_THAT(WarningsOf({}, {{"ETCD_WATCH_PROGRESS_NOTIFY_INTERVAL", "5s"},
                              {"ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL", "6s"}}),
              ElementsAre(HasSubstr("is shadowed by ETCD_WATCH_PROGRESS_NOTIFY_INTERVAL")));
}

TEST(EnvironmentTest, OlderNamesAndBooleansWork) {
  const Options options = OptionsOf({}, {{"ETCD_EXPERIMENTAL_WATCH_PROGRESS_NOTIFY_INTERVAL", "6s"},
                                         {"ETCD_STRICT_RECONFIG_CHECK", "false"}});
  EXPECT_EQ(options.watch_progress_interval, absl::Seconds(6));
  EXPECT_FALSE(options.strict_reconfig_check);
}

TEST(EnvironmentTest, AnEmptyVariableIsNone) {
  EXPECT_EQ(OptionsOf({}, {{"ETCD_NAME", ""}}).name, "default");
  EXPECT_THAT(WarningsOf({}, {{"ETCD_NAME", ""}}), IsEmpty());
}

TEST(EnvironmentTest, UnknownVariablesAreWarnedOf) {
  EXPECT_THAT(WarningsOf({}, {{"ETCD_LISTEN_CLIENT_URL", "http://h:1"}}),
              ElementsAre("unrecognized environment variable ETCD_LISTEN_CLIENT_URL (did you mean "
                          "ETCD_LISTEN_CLIENT_URLS?)"));
  EXPECT_THAT(WarningsOf({}, {{"ETCD_PORT_2379_TCP", "x"}}),
              ElementsAre("unrecognized environment variable ETCD_PORT_2379_TCP"));
  EXPECT_THAT(WarningsOf({}, {{"STELE_DATA_DRI", "x"}}), ElementsAre(HasSubstr("STELE_DATA_DIR")));
  EXPECT_THAT(WarningsOf({}, {{"STELE_ENDPOINTS", "x"}, {"ETCDCTL_API", "3"}, {"PATH", "/"}}),
              IsEmpty());
  EXPECT_THAT(WarningsOf({}, {{"ETCD_VERSION", "3.5.1"}}), ElementsAre(HasSubstr("ETCD_VERSION")));
}

TEST(EnvironmentTest, ErrorsNameTheVariable) {
  EXPECT_THAT(ErrorOf({}, {{"ETCD_SNAPSHOT_COUNT", "-5"}}),
              HasSubstr("invalid value for ETCD_SNAPSHOT_COUNT: '-5' is not"));
  EXPECT_EQ(Parse({}, {{"ETCD_SNAPSHOT_COUNT", "-5"}}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ErrorOf({}, {{"STELE_ELECTION_TIMEOUT", "5"}}),
              HasSubstr("STELE_ELECTION_TIMEOUT: 5 ms is less than"));
  EXPECT_THAT(ErrorOf({}, {{"ETCD_CERT_FILE", "c"}}), HasSubstr("ETCD_CERT_FILE: TLS"));
  EXPECT_THAT(WarningsOf({}, {{"ETCD_ENABLE_V2", "true"}}),
              ElementsAre("ETCD_ENABLE_V2 is ignored: there is no v2 API"));
}

}  // namespace
}  // namespace stele::server
