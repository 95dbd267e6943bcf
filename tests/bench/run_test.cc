// The load generator as a whole against a server whose misbehaviour is scripted.
#include "bench/load/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/load/leader.h"
#include "bench/load/report.h"
#include "proto/rpc.pb.h"
#include "tests/bench/scripted_server.h"

namespace stele::load {
namespace {

using Kind = Answer::Kind;

class RunTest : public ::testing::Test {
 protected:
  static Options PutsTo(const ScriptedServer& server) {
    Options options;
    options.workload = "put";
    options.endpoints = {server.endpoint()};
    options.total = 1000;
    options.timeout = absl::Seconds(5);
    return options;
  }
  RunResult Load(const Options& options) {
    absl::StatusOr<RunResult> result = load::Run(options, stop_, [](const Progress&) {});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : RunResult{};
  }

  std::atomic<bool> stop_ = false;
};

TEST_F(RunTest, DoesExactlyTheTotal) {
  ScriptedServer server([](std::uint64_t) { return Answer{}; });
  Options options = PutsTo(server);
  options.conns = 7;
  options.clients = 50;
  options.threads = 3;
  const RunResult result = Load(options);
  EXPECT_EQ(result.succeeded(), 1000U);
  EXPECT_EQ(result.errors.total(), 0U) << FormatTable(options, result);
  EXPECT_EQ(server.calls(), 1000U);
  EXPECT_EQ(server.connections(), 7U);
  EXPECT_EQ(result.response_bytes, 5000U);  // empty messages in their frames
  EXPECT_GT(result.own_cpu.total(), absl::ZeroDuration());
  EXPECT_EQ(result.given_up, "");
}

TEST_F(RunTest, CountsErrorsByKind) {
  ScriptedServer server([](std::uint64_t call) {
    Answer answer;
    if (call % 10 == 1) answer = {.grpc_status = 8, .grpc_message = "too many requests"};
    if (call % 10 == 2) answer.kind = Kind::kReset;
    if (call % 10 == 3) answer = {.http_status = 503, .grpc_status = -1};
    if (call % 10 == 4) answer.grpc_status = -1;
    return answer;
  });
  Options options = PutsTo(server);
  options.clients = 10;
  const RunResult result = Load(options);
  EXPECT_EQ(result.succeeded(), 600U);
  const auto& kinds = result.errors.by_kind();
  EXPECT_EQ(kinds.at("ResourceExhausted: too many requests"), 100U);
  EXPECT_EQ(kinds.at("REFUSED_STREAM"), 100U);
  EXPECT_EQ(kinds.at("HTTP status 503"), 100U);
  EXPECT_EQ(kinds.at("stream ended without a status"), 100U);
}

TEST_F(RunTest, ComesBackAfterALostConnection) {
  ScriptedServer server([](std::uint64_t call) {
    return Answer{.kind = call == 100 ? Kind::kCloseConnection : Kind::kReply};
  });
  Options options = PutsTo(server);
  options.clients = 4;
  const RunResult result = Load(options);
  EXPECT_GE(result.errors.total(), 1U);
  EXPECT_LE(result.errors.total(), 4U);
  EXPECT_EQ(result.succeeded() + result.errors.total(), 1000U);
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_EQ(result.given_up, "");
}

TEST_F(RunTest, GivesUpAServerThatIsGone) {
  auto server = std::make_unique<ScriptedServer>([](std::uint64_t) { return Answer{}; });
  Options options = PutsTo(*server);
  options.total = 0;
  options.duration = absl::Minutes(10);
  options.timeout = absl::Seconds(2);
  // The progress report comes after about a second: from then on nobody listens.
  const auto result = load::Run(options, stop_, [&server](const Progress&) { server.reset(); });
  ASSERT_TRUE(result.ok());
  EXPECT_NE(result->given_up, "");
  EXPECT_GT(result->succeeded(), 0U);
}

TEST_F(RunTest, SilenceBecomesATimeout) {
  ScriptedServer server(
      [](std::uint64_t call) { return Answer{.kind = call == 5 ? Kind::kSilence : Kind::kReply}; });
  Options options = PutsTo(server);
  options.total = 20;
  options.timeout = absl::Seconds(2);
  const RunResult result = Load(options);
  EXPECT_EQ(result.succeeded(), 19U);
  EXPECT_EQ(result.errors.by_kind().at("timeout of the load generator"), 1U);
}

// A closed loop would report one slow operation; here everything that had to wait is slow.
TEST_F(RunTest, OpenLoopChargesAStallToAllThatWereDue) {
  constexpr int kStallMs = 200;
  ScriptedServer server([](std::uint64_t call) {
    return Answer{.stall = std::chrono::milliseconds(call == 100 ? kStallMs : 0)};
  });
  Options options = PutsTo(server);
  options.total = 400;
  options.rate = 1000;
  const RunResult result = Load(options);
  EXPECT_EQ(result.succeeded(), 400U);
  EXPECT_GE(result.elapsed, absl::Milliseconds(399));
  // About 200 operations were due during the stall; half of them waited at least half of it.
  EXPECT_GE(result.operations[0].latency.QuantileNs(0.80), kStallMs * 1'000'000 / 2);
  EXPECT_GE(result.operations[0].latency.max_ns(), kStallMs * 1'000'000);
}

TEST_F(RunTest, StopEndsTheRunWithAResult) {
  ScriptedServer server([](std::uint64_t) { return Answer{}; });
  Options options = PutsTo(server);
  options.total = 0;
  options.duration = absl::Minutes(10);
  const auto result = load::Run(options, stop_, [this](const Progress&) { stop_ = true; });
  ASSERT_TRUE(result.ok());
  EXPECT_GT(result->succeeded(), 0U);
  EXPECT_LT(result->elapsed, absl::Seconds(30));
}

TEST_F(RunTest, AnUnreachableServerIsAnError) {
  Options options;
  options.workload = "put";
  options.total = 1;
  {
    const ScriptedServer server([](std::uint64_t) { return Answer{}; });
    options.endpoints = {server.endpoint()};
  }
  const auto result = load::Run(options, stop_, [](const Progress&) {});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find(options.endpoints[0]), std::string::npos);
}

Answer StatusAnswer(std::uint64_t member_id, std::uint64_t leader) {
  etcdserverpb::StatusResponse status;
  status.mutable_header()->set_member_id(member_id);
  status.set_leader(leader);
  return Answer{.message = status.SerializeAsString()};
}

TEST_F(RunTest, TargetLeaderLoadsTheLeaderOnly) {
  ScriptedServer follower([](std::uint64_t) { return StatusAnswer(1, 2); });
  ScriptedServer leader([](std::uint64_t) { return StatusAnswer(2, 2); });
  Options options = PutsTo(follower);
  options.endpoints.push_back(leader.endpoint());
  options.target_leader = true;
  options.total = 10;
  const RunResult result = Load(options);
  EXPECT_EQ(result.endpoints, std::vector<std::string>{leader.endpoint()});
  EXPECT_EQ(follower.calls(), 1U);
  EXPECT_EQ(leader.calls(), 11U);
}

TEST_F(RunTest, NoLeaderIsAnErrorThatNamesEveryEndpoint) {
  ScriptedServer follower([](std::uint64_t) { return StatusAnswer(1, 2); });
  const absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(follower.endpoint());
  ASSERT_TRUE(endpoint.ok());
  const auto found = FindLeader({*endpoint}, absl::Seconds(5));
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.status().message().find(follower.endpoint()), std::string::npos);
}

TEST_F(RunTest, ReportsHoldTheFigures) {
  ScriptedServer server([](std::uint64_t call) {
    return Answer{.grpc_status = call == 0 ? 14 : 0, .grpc_message = "no leader"};
  });
  const Options options = PutsTo(server);
  const RunResult result = Load(options);
  const auto json = nlohmann::json::parse(FormatJson(options, result));
  EXPECT_EQ(json.at("ok"), 999);
  EXPECT_EQ(json.at("errors"), 1);
  EXPECT_EQ(json.at("errors_by_kind").at("Unavailable: no leader"), 1);
  EXPECT_GT(json.at("operations").at("put").at("p50_us"), 0);
  EXPECT_GE(json.at("operations").at("put").at("max_us"),
            json.at("operations").at("put").at("p99_us"));
  const std::string table = FormatTable(options, result);
  EXPECT_NE(table.find("999"), std::string::npos);
  EXPECT_NE(table.find("Unavailable: no leader"), std::string::npos);
}

TEST(FormatLatencyTest, ChoosesTheUnit) {
  EXPECT_EQ(FormatLatency(412'345), "412 us");
  EXPECT_EQ(FormatLatency(36'102'345), "36.102 ms");
}

}  // namespace
}  // namespace stele::load
