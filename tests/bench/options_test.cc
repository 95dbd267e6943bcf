#include "bench/load/options.h"

#include <gtest/gtest.h>

#include <vector>

namespace stele::load {
namespace {

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "stele-bench");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

TEST(OptionsTest, ReadsEverything) {
  const auto line = Parse({"mixed",
                           "--endpoints",
                           "a:1,b:2",
                           "--target-leader",
                           "--conns=10",
                           "--clients=100",
                           "--threads=2",
                           "--total=500",
                           "--duration=1500ms",
                           "--rate=2000",
                           "--timeout=3s",
                           "--keys=random",
                           "--key-space=77",
                           "--key-size=9",
                           "--value-size=1024",
                           "--serializable",
                           "--read-percent=50",
                           "--list-keys=20",
                           "--page-size=30",
                           "--txn-ops=40",
                           "--prefill",
                           "--watchers=50",
                           "--streams=5",
                           "--history=60",
                           "--leases=70",
                           "--ttl=80",
                           "--server-pids=8,9",
                           "--seed=4",
                           "--json"});
  ASSERT_TRUE(line.ok()) << line.status();
  const Options& options = line->options.value();
  EXPECT_EQ(options.workload, "mixed");
  EXPECT_EQ(options.endpoints, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_TRUE(options.target_leader);
  EXPECT_EQ(options.conns, 10U);
  EXPECT_EQ(options.clients, 100U);
  EXPECT_EQ(options.threads, 2U);
  EXPECT_EQ(options.total, 500U);
  EXPECT_EQ(options.duration, absl::Milliseconds(1500));
  EXPECT_EQ(options.rate, 2000);
  EXPECT_EQ(options.timeout, absl::Seconds(3));
  EXPECT_EQ(options.key_order, KeyOrder::kRandom);
  EXPECT_EQ(options.key_space, 77U);
  EXPECT_EQ(options.key_size, 9U);
  EXPECT_EQ(options.value_size, 1024U);
  EXPECT_TRUE(options.serializable);
  EXPECT_EQ(options.read_percent, 50U);
  EXPECT_EQ(options.list_keys, 20U);
  EXPECT_EQ(options.page_size, 30U);
  EXPECT_EQ(options.txn_ops, 40U);
  EXPECT_TRUE(options.prefill);
  EXPECT_EQ(options.watchers, 50U);
  EXPECT_EQ(options.streams, 5U);
  EXPECT_EQ(options.history, 60U);
  EXPECT_EQ(options.leases, 70U);
  EXPECT_EQ(options.ttl_s, 80);
  EXPECT_EQ(options.server_pids, (std::vector<int>{8, 9}));
  EXPECT_EQ(options.seed, 4U);
  EXPECT_TRUE(options.json);
}

TEST(OptionsTest, EveryRunHasAnEnd) {
  EXPECT_EQ(Parse({"put"})->options->total, 10'000U);
  EXPECT_EQ(Parse({"put", "--duration=1s"})->options->total, 0U);
}

TEST(OptionsTest, ConnectionsWithoutClientsAreNotMade) {
  EXPECT_EQ(Parse({"put", "--conns=10", "--clients=4"})->options->conns, 4U);
}

TEST(OptionsTest, WatchersUseTheirConnectionsWhateverTheClients) {
  const auto line = Parse({"watch-fanout", "--conns=10", "--clients=1"});
  EXPECT_EQ(line->options->conns, 10U);
  EXPECT_EQ(line->options->streams, 10U);
}

TEST(OptionsTest, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(Parse({}).ok());
  EXPECT_FALSE(Parse({"fly"}).ok());
  EXPECT_FALSE(Parse({"put", "--unknown"}).ok());
  EXPECT_FALSE(Parse({"put", "--conns=0"}).ok());
  EXPECT_FALSE(Parse({"put", "--duration=soon"}).ok());
  EXPECT_FALSE(Parse({"put", "--timeout=-1s"}).ok());
  EXPECT_FALSE(Parse({"put", "--keys=alphabetical"}).ok());
  EXPECT_FALSE(Parse({"put", "--threads=2"}).ok());
  EXPECT_FALSE(Parse({"put", "--key-size=2", "--key-space=101"}).ok());
  EXPECT_FALSE(Parse({"txn", "--txn-ops=11", "--key-space=10"}).ok());
  EXPECT_FALSE(Parse({"watch-fanout", "--value-size=4"}).ok());
  EXPECT_FALSE(Parse({"watch-fanout", "--conns=2", "--clients=2", "--threads=2"}).ok());
}

TEST(OptionsTest, HelpIsNotAnError) {
  const auto line = Parse({"--help"});
  ASSERT_TRUE(line.ok());
  EXPECT_FALSE(line->options.has_value());
  EXPECT_NE(line->text.find("--endpoints"), std::string::npos);
}

}  // namespace
}  // namespace stele::load
