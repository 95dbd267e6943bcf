// CPU of the apply thread per put and per compacted version, and of reads on a view, over RocksDB.
// Flushes and compactions run on RocksDB's threads and are not counted.
#include <memory>
#include <random>
#include <vector>

#include "bench/bench_store.h"
#include "benchmark/benchmark.h"
#include "src/raft/check.h"

namespace stele::storage {
namespace {

constexpr int kKeys = BenchStore::kKeys;

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
  request.set_key(BenchStore::KeyAt(kKeys / 4));
  request.set_range_end(state.range(0) == 1 ? "" : BenchStore::KeyAt(kKeys / 4 + 10'000));
  request.set_count_only(state.range(0) == 0);
  for (auto _ : state) {
    etcdserverpb::RangeResponse response;
    STELE_CHECK(view->Range(request, &response).ok());
    benchmark::DoNotOptimize(response);
  }
  state.SetItemsProcessed(state.iterations() * (state.range(0) == 1 ? 1 : 10'000));
}
BENCHMARK(Range)->ArgName("count0_point1_range2")->Arg(0)->Arg(1)->Arg(2);

// The first 500 keys of all, with the exact count of the others.
void Page(benchmark::State& state) {
  BenchStore store;
  store.Fill();
  STELE_CHECK(store.engine().Flush().ok());
  const std::shared_ptr<const ReadView> view = store.store().View();
  etcdserverpb::RangeRequest request;
  request.set_key(BenchStore::KeyAt(0));
  request.set_range_end("/registry/object0");
  request.set_limit(500);
  for (auto _ : state) {
    etcdserverpb::RangeResponse response;
    STELE_CHECK(view->Range(request, &response).ok());
    STELE_CHECK(response.count() == kKeys && response.kvs_size() == 500);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Page)->Unit(benchmark::kMicrosecond);

// A list of ten keys where many others were created and deleted: locks, queues, events.
void ListBesideDeletedKeys(benchmark::State& state) {
  constexpr std::uint64_t kDeletedAtOnce = 1000;
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  BenchStore store;
  store.Fill();
  for (std::uint64_t first = 0; first < keys; first += kDeletedAtOnce) {
    store.AddDeletion(first + 10, first + kDeletedAtOnce);
    store.Apply();
  }
  etcdserverpb::RangeRequest request;
  request.set_key(BenchStore::KeyAt(0));
  request.set_range_end(BenchStore::KeyAt(keys));
  for (auto _ : state) {
    etcdserverpb::RangeResponse response;
    STELE_CHECK(store.store().View()->Range(request, &response).ok());
    STELE_CHECK(response.count() == state.range(0) / 100);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ListBesideDeletedKeys)->Unit(benchmark::kMicrosecond)->Arg(1000)->Arg(50'000);

// What a watch from the past reads, in pieces of about 1 MiB. Time is per event.
void History(benchmark::State& state) {
  BenchStore store;
  store.Fill();
  STELE_CHECK(store.engine().Flush().ok());
  const std::shared_ptr<const ReadView> view = store.store().View();
  std::int64_t from = 1;
  std::int64_t events = 0;
  for (auto _ : state) {
    std::vector<EventBatch> batches;
    STELE_CHECK(view->ReadEvents("/registry/", "/registry0", from, /*with_prev_kv=*/false, 1 << 20,
                                 10'000, &batches, &from)
                    .ok());
    events += static_cast<std::int64_t>(batches.size());
    if (from > view->current_revision()) from = 1;
  }
  state.SetItemsProcessed(events);
}
BENCHMARK(History)->Unit(benchmark::kMillisecond);

// Removing versions that were overwritten. Time is per removed version, on the apply thread.
void Compaction(benchmark::State& state) {
  constexpr int kOverwrites = 20'000;
  BenchStore store;
  store.Fill();
  std::mt19937_64 random(1);
  std::int64_t removed = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < kOverwrites; ++i) {
      store.AddPut(random() % kKeys);
      if (i % 500 == 499) store.Apply();
    }
    store.AddCompaction(store.store().View()->current_revision());
    store.Apply();
    state.ResumeTiming();
    for (bool more = true; more;) {
      const absl::StatusOr<bool> step = store.store().CompactStep();
      STELE_CHECK(step.ok());
      more = *step;
    }
    removed += kOverwrites;
  }
  state.SetItemsProcessed(removed);
}
BENCHMARK(Compaction)->Unit(benchmark::kMillisecond)->Iterations(10);

}  // namespace
}  // namespace stele::storage

BENCHMARK_MAIN();
