// CPU of the apply thread per put, and of reads on a view, over RocksDB. Flushes and compactions
// run on RocksDB's threads and are not counted.
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "src/raft/check.h"
#include "src/storage/engine/rocks_engine.h"
#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {
namespace {

constexpr int kKeys = 100'000;
constexpr std::size_t kValueBytes = 256;

std::string KeyAt(std::uint64_t number) {
  char key[64];
  std::snprintf(key, sizeof(key), "/registry/object/%07llu",
                static_cast<unsigned long long>(number));
  return key;
}

// A store in a directory that goes with it.
class BenchStore {
 public:
  explicit BenchStore(std::size_t meta_cache_bytes = StateMachineOptions().meta_cache_bytes) {
    static int count = 0;
    dir_ = std::filesystem::temp_directory_path() /
           ("stele_apply_" + std::to_string(getpid()) + "_" + std::to_string(++count));
    auto engine = OpenRocksEngine(dir_.string(), {});
    STELE_CHECK(engine.ok());
    engine_ = *std::move(engine);
    auto store = StateMachine::Open(engine_.get(), {.meta_cache_bytes = meta_cache_bytes});
    STELE_CHECK(store.ok());
    store_ = *std::move(store);
  }
  ~BenchStore() {
    store_.reset();
    engine_.reset();
    std::filesystem::remove_all(dir_);
  }
  BenchStore(const BenchStore&) = delete;
  BenchStore& operator=(const BenchStore&) = delete;

  void AddPut(std::uint64_t key) {
    stelepb::Command command;
    command.set_request_id(1);
    command.mutable_put()->set_key(KeyAt(key));
    command.mutable_put()->set_value(std::string(kValueBytes, 'v'));
    entries_.push_back({{raft::Index{store_->applied_index().value + entries_.size() + 1}, {1}},
                        raft::EntryType::kNormal,
                        command.SerializeAsString()});
  }
  void Apply() {
    ApplyOutput output;
    STELE_CHECK(store_->Apply(entries_, &output).ok());
    benchmark::DoNotOptimize(output);
    entries_.clear();
  }
  void Fill() {
    for (std::uint64_t key = 0; key < kKeys; ++key) {
      AddPut((key * 7919) % kKeys);
      if (entries_.size() == 500) Apply();
    }
    Apply();
  }
  StateMachine& store() { return *store_; }
  Engine& engine() { return *engine_; }

 private:
  std::filesystem::path dir_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<StateMachine> store_;
  std::vector<raft::Entry> entries_;
};

// Arguments: puts a pass, MiB for the metadata of keys written last.
void ApplyPutExisting(benchmark::State& state) {
  BenchStore store(static_cast<std::size_t>(state.range(1)) << 20);
  store.Fill();
  std::mt19937_64 random(1);
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < state.range(0); ++i) store.AddPut(random() % kKeys);
    state.ResumeTiming();
    store.Apply();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ApplyPutExisting)->Args({1000, 0})->Args({1000, 32})->Args({50, 32})->Args({1, 32});

void ApplyPutNew(benchmark::State& state) {
  BenchStore store;
  std::uint64_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < state.range(0); ++i) store.AddPut((next++ * 7919) % 10'000'019);
    state.ResumeTiming();
    store.Apply();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ApplyPutNew)->Arg(1000)->Arg(50);

// Arguments: limit (0: count only).
void Range(benchmark::State& state) {
  BenchStore store;
  store.Fill();
  STELE_CHECK(store.engine().Flush().ok());
  const std::shared_ptr<const ReadView> view = store.store().View();
  etcdserverpb::RangeRequest request;
  request.set_key(KeyAt(kKeys / 4));
  request.set_range_end(state.range(0) == 1 ? "" : KeyAt(kKeys / 4 + 10'000));
  request.set_count_only(state.range(0) == 0);
  for (auto _ : state) {
    etcdserverpb::RangeResponse response;
    STELE_CHECK(view->Range(request, &response).ok());
    benchmark::DoNotOptimize(response);
  }
  state.SetItemsProcessed(state.iterations() * (state.range(0) == 1 ? 1 : 10'000));
}
BENCHMARK(Range)->ArgName("count0_point1_range2")->Arg(0)->Arg(1)->Arg(2);

}  // namespace
}  // namespace stele::storage

BENCHMARK_MAIN();
