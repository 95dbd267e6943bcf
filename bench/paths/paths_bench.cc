// The server's own code between two ends of a socket pair, in one thread: HTTP/2 and gRPC with a
// handler that does nothing, which is the ceiling of everything, and puts, reads and fan-outs
// through all rooms of a single member. The client's part is in the times as well; the row of the
// no-op handler shows how much that is at most.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "bench/load/put_workload.h"
#include "bench/load/range_workload.h"
#include "bench/paths/runs.h"
#include "src/raft/check.h"

namespace stele::paths {
namespace {

constexpr std::uint64_t kKeys = 2000;

std::unique_ptr<load::Workload> Puts(load::KeyOrder order) {
  return std::make_unique<load::PutWorkload>(
      load::KeySequence::Options{.order = order, .key_space = kKeys}, 256);
}

class NoOpService final : public server::MethodTable, public server::HttpRoutes {
 public:
  NoOpService() {
    put_.path = "/etcdserverpb.KV/Put";
    put_.on_request = [](const std::shared_ptr<server::Call>& call, std::string_view /*request*/) {
      call->Reply("\x0a\x0a\x08\x01\x10\x02\x18\x03\x20\x04");
    };
  }
  const server::Method* Find(std::string_view path) const override {
    return path == put_.path ? &put_ : nullptr;
  }
  bool HasService(std::string_view /*service*/) const override { return true; }
  void Handle(const server::HttpRequest& /*request*/, server::HttpRespond respond) override {
    respond({});
  }

 private:
  server::Method put_;
};

void RunRounds(benchmark::State& state, UnaryClients* clients) {
  for (auto _ : state) clients->Round();
  state.SetItemsProcessed(state.iterations() * clients->clients());
}

// Argument of all: clients that ask together.
void FrontNoOp(benchmark::State& state) {
  NoOpService service;
  SessionPair pair(service, &service, [] {});
  UnaryClients clients(&pair, Puts(load::KeyOrder::kSequential), static_cast<int>(state.range(0)));
  RunRounds(state, &clients);
}
BENCHMARK(FrontNoOp)->Arg(1)->Arg(50);

struct Server {
  ScratchDir dir;
  OneMember member{dir.path()};
  SessionPair pair{member.methods(), &member, [this] { member.RunRooms(); }};
};

void Put(benchmark::State& state) {
  Server server;
  UnaryClients clients(&server.pair, Puts(load::KeyOrder::kSequential),
                       static_cast<int>(state.range(0)));
  RunRounds(state, &clients);
}
BENCHMARK(Put)->Arg(1)->Arg(50);

void Range(benchmark::State& state) {
  Server server;
  UnaryClients filler(&server.pair, Puts(load::KeyOrder::kSequential), 50);
  for (std::uint64_t i = 0; i < kKeys / 50; ++i) filler.Round();
  UnaryClients clients(
      &server.pair,
      std::make_unique<load::RangeWorkload>(
          load::KeySequence::Options{.order = load::KeyOrder::kRandom, .key_space = kKeys},
          /*serializable=*/false),
      static_cast<int>(state.range(0)));
  RunRounds(state, &clients);
}
BENCHMARK(Range)->Arg(1)->Arg(50);

// Argument: watchers on ten streams. Time is per event.
void FanOut(benchmark::State& state) {
  Server server;
  const int watchers = static_cast<int>(state.range(0));
  const Watchers all(&server.pair, "00000000", 10, watchers);
  UnaryClients client(&server.pair, Puts(load::KeyOrder::kOne), 1);
  for (auto _ : state) client.Round();
  const auto events = static_cast<std::int64_t>(state.iterations()) * watchers;
  STELE_CHECK(all.events() == static_cast<std::uint64_t>(events));
  state.SetItemsProcessed(events);
}
BENCHMARK(FanOut)->Arg(10)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace stele::paths

BENCHMARK_MAIN();
