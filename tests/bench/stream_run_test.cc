// Loads whose calls are streams, against a server whose misbehaviour is scripted.
#include <gtest/gtest.h>

#include "bench/load/crew.h"
#include "bench/load/endpoint.h"
#include "proto/rpc.pb.h"
#include "tests/bench/scripted_server.h"

namespace stele::load {
namespace {

using Kind = Answer::Kind;

class StreamRunTest : public ::testing::Test {
 protected:
  // The scripted server cannot prepare anything, so the run begins behind the preparation.
  RunResult Load(const ScriptedServer& server, Options options) {
    options.endpoints = {server.endpoint()};
    const absl::StatusOr<Endpoint> endpoint = ResolveEndpoint(server.endpoint());
    EXPECT_TRUE(endpoint.ok());
    const std::vector<Endpoint> endpoints = {*endpoint};
    const std::atomic<bool> stop = false;
    absl::StatusOr<RunResult> result =
        RunWorkers(options, Preparation{}, endpoints, stop, [](const Progress&) {});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : RunResult{};
  }
  static Options KeepAlives() {
    Options options;
    options.workload = "lease-keepalive";
    options.total = 100;
    options.timeout = absl::Seconds(5);
    return options;
  }
  static Answer Kept(std::int64_t ttl) {
    etcdserverpb::LeaseKeepAliveResponse response;
    response.set_ttl(ttl);
    return {.message = response.SerializeAsString()};
  }
};

TEST_F(StreamRunTest, AClientKeepsItsStream) {
  ScriptedServer server([](std::uint64_t) { return Kept(60); });
  Options options = KeepAlives();
  options.clients = 4;
  options.conns = 2;
  const RunResult result = Load(server, options);
  EXPECT_EQ(result.succeeded(), 100U);
  EXPECT_EQ(result.errors.total(), 0U);
  EXPECT_EQ(server.calls(), 100U);
  EXPECT_EQ(server.streams(), 4U);
}

TEST_F(StreamRunTest, ARefusedOperationLeavesTheStreamOpen) {
  ScriptedServer server([](std::uint64_t call) { return Kept(call % 10 == 3 ? 0 : 60); });
  const RunResult result = Load(server, KeepAlives());
  EXPECT_EQ(result.succeeded(), 90U);
  EXPECT_EQ(result.errors.by_kind().at("the lease is gone"), 10U);
  EXPECT_EQ(server.streams(), 1U);
}

TEST_F(StreamRunTest, ABrokenStreamFailsItsOperationAndIsOpenedAgain) {
  ScriptedServer server([](std::uint64_t call) {
    Answer answer = Kept(60);
    if (call == 10 || call == 20) answer.kind = Kind::kReset;
    return answer;
  });
  const RunResult result = Load(server, KeepAlives());
  EXPECT_EQ(result.succeeded(), 98U);
  EXPECT_EQ(result.errors.by_kind().at("REFUSED_STREAM"), 2U);
  EXPECT_EQ(server.streams(), 3U);
}

TEST_F(StreamRunTest, SilenceOnAStreamBecomesATimeout) {
  ScriptedServer server([](std::uint64_t call) {
    Answer answer = Kept(60);
    if (call == 5) answer.kind = Kind::kSilence;
    return answer;
  });
  Options options = KeepAlives();
  options.total = 20;
  options.timeout = absl::Seconds(1);
  const RunResult result = Load(server, options);
  EXPECT_EQ(result.succeeded(), 19U);
  EXPECT_EQ(result.errors.by_kind().at("timeout of the load generator"), 1U);
}

TEST_F(StreamRunTest, AWatchOfThePastEndsWithItsHistory) {
  ScriptedServer server([](std::uint64_t) {
    etcdserverpb::WatchResponse response;
    for (int i = 0; i < 7; ++i) response.add_events();
    return Answer{.message = response.SerializeAsString()};
  });
  Options options = KeepAlives();
  options.workload = "watch-catchup";
  options.history = 7;
  options.total = 30;
  const RunResult result = Load(server, options);
  EXPECT_EQ(result.succeeded(), 30U);
  EXPECT_EQ(result.events, 210U);
  EXPECT_EQ(server.streams(), 30U);
}

}  // namespace
}  // namespace stele::load
