// What the hub pays for handing events to watchers, with calls that only count.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/raft/check.h"
#include "src/server/watch/watch_hub.h"

namespace stele::server {
namespace {

class CountingCall : public Call {
 public:
  std::optional<std::string> Metadata(std::string_view /*name*/) const override { return {}; }
  absl::Time deadline() const override { return absl::InfiniteFuture(); }
  std::string peer() const override { return "bench"; }
  bool ended() const override { return false; }
  void Write(std::span<const Bytes> parts) override {
    ++messages_;
    parts_ += parts.size();
  }
  void Finish(const absl::Status& /*status*/) override {}
  void Reply(std::string /*message*/) override {}
  std::size_t queued_bytes() const override { return 0; }
  void NotifyDrained(std::size_t /*threshold*/, std::function<void()> drained) override {
    drained();
  }
  std::size_t messages() const { return messages_; }

 private:
  std::size_t messages_ = 0;
  std::size_t parts_ = 0;
};

constexpr int kStreams = 10;

// All that a publication asks of a view.
class RevisionView : public storage::ReadView {
 public:
  explicit RevisionView(std::int64_t revision) : revision_(revision) {}

  raft::Index applied_index() const override { return {}; }
  std::int64_t current_revision() const override { return revision_; }
  std::int64_t compact_revision() const override { return -1; }
  absl::Status Range(const etcdserverpb::RangeRequest& /*request*/,
                     etcdserverpb::RangeResponse* /*response*/) const override {
    return absl::UnimplementedError("");
  }
  absl::Status ReadOnlyTxn(const etcdserverpb::TxnRequest& /*request*/,
                           etcdserverpb::TxnResponse* /*response*/) const override {
    return absl::UnimplementedError("");
  }
  absl::Status ReadEvents(std::string_view /*key*/, std::string_view /*range_end*/,
                          std::int64_t /*from*/, bool /*with_prev_kv*/, std::size_t /*bytes_max*/,
                          std::size_t /*revisions_max*/,
                          std::vector<storage::EventBatch>* /*batches*/,
                          std::int64_t* /*next*/) const override {
    return absl::UnimplementedError("");
  }
  std::optional<storage::LeaseChange> Lease(std::int64_t /*id*/) const override { return {}; }
  std::vector<storage::LeaseChange> Leases() const override { return {}; }
  std::vector<std::string> LeaseKeys(std::int64_t /*id*/) const override { return {}; }
  std::vector<stelepb::MemberRecord> Members() const override { return {}; }

 private:
  const std::int64_t revision_;
};

// A hub with `watchers` watches of the ranges that `request_of` names, spread over ten streams.
class Setup {
 public:
  template <class RequestOf>
  Setup(int watchers, const RequestOf& request_of)
      : hub_(WatchOptions{}, WatchSurroundings{.view = [] { return nullptr; },
                                               .raft_term = [] { return std::uint64_t{3}; },
                                               .now = [] { return absl::UnixEpoch(); },
                                               .random = [] { return 0.0; },
                                               .wake = [] {}}) {
    for (int i = 0; i < kStreams; ++i) {
      calls_.push_back(std::make_shared<CountingCall>());
      streams_.push_back(hub_.OpenStream(calls_.back(), false));
    }
    for (int i = 0; i < watchers; ++i) {
      hub_.Create(streams_[static_cast<std::size_t>(i % kStreams)], request_of(i));
    }
    while (hub_.RunOnce()) {
    }
  }

  // One publication of `revisions` puts of `key`, 256 bytes each.
  void Publish(const std::string& key, int revisions) {
    std::vector<storage::EventBatch> batches;
    for (int i = 0; i < revisions; ++i) {
      auto kv = std::make_shared<mvccpb::KeyValue>();
      kv->set_key(key);
      kv->set_value(value_);
      kv->set_mod_revision(++revision_);
      batches.push_back({revision_, {{mvccpb::Event::PUT, std::move(kv), nullptr}}});
    }
    hub_.Publish(std::move(batches), std::make_shared<RevisionView>(revision_));
  }
  void Run() {
    while (hub_.RunOnce()) {
    }
  }
  std::int64_t events_sent() const { return hub_.counters().events_sent; }

 private:
  const std::string value_ = std::string(256, 'v');
  std::int64_t revision_ = 1;
  WatchHub hub_;
  std::vector<std::shared_ptr<CountingCall>> calls_;
  std::vector<WatchStreamId> streams_;
};

// Arguments: watchers of one key, revisions in a publication. Time is per (event, watcher) pair.
void FanOut(benchmark::State& state) {
  const int watchers = static_cast<int>(state.range(0));
  const int revisions = static_cast<int>(state.range(1));
  Setup setup(watchers, [](int /*i*/) {
    etcdserverpb::WatchCreateRequest request;
    request.set_key("key");
    return request;
  });
  for (auto _ : state) {
    setup.Publish("key", revisions);
    setup.Run();
  }
  const auto pairs = static_cast<std::int64_t>(state.iterations()) * watchers * revisions;
  STELE_CHECK(setup.events_sent() == pairs);
  state.SetItemsProcessed(pairs);
  state.counters["us_per_event_and_watcher"] = benchmark::Counter(
      static_cast<double>(pairs) / 1e6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(FanOut)
    ->Args({1, 1})
    ->Args({100, 1})
    ->Args({1000, 1})
    ->Args({10000, 1})
    ->Args({1000, 10})
    ->Args({1000, 100});

// Watchers of distinct prefixes, of which one is concerned.
void DistinctRanges(benchmark::State& state) {
  Setup setup(static_cast<int>(state.range(0)), [](int i) {
    etcdserverpb::WatchCreateRequest request;
    request.set_key(absl::StrCat("/registry/", i, "/"));
    request.set_range_end(absl::StrCat("/registry/", i, "0"));
    return request;
  });
  for (auto _ : state) {
    setup.Publish("/registry/7/pod", 1);
    setup.Run();
  }
  STELE_CHECK(setup.events_sent() == static_cast<std::int64_t>(state.iterations()));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(DistinctRanges)->Arg(10)->Arg(10000)->Arg(100000);

// Creating and closing: a client with many watches connects and leaves.
void CreateWatchers(benchmark::State& state) {
  for (auto _ : state) {
    Setup setup(static_cast<int>(state.range(0)), [](int i) {
      etcdserverpb::WatchCreateRequest request;
      request.set_key(absl::StrCat("key", i));
      return request;
    });
    benchmark::DoNotOptimize(&setup);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(CreateWatchers)->Arg(10000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stele::server

BENCHMARK_MAIN();
