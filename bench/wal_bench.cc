// What one group commit costs: Append and Sync of a batch of entries through the log store on the
// real disk, by the state of the blocks under it.
//
//   build/release/bin/wal_bench        (files in $TMPDIR or the current directory)

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "src/raft/check.h"
#include "src/storage/log_store.h"
#include "src/storage/posix_file_system.h"

namespace stele::storage {
namespace {

constexpr std::uint64_t kSegmentBytes = std::uint64_t{8} << 20;
constexpr std::size_t kEntryBytes = 256;

enum BlockState : std::int64_t {
  kAllocated,  // reserved, never written
  kZeroAhead,  // zeros written a step ahead, as in a fresh segment
  kRecycled,   // a segment that was used before
};

class Bench {
 public:
  explicit Bench(BlockState state) {
    const char* parent = std::getenv("TMPDIR");
    dir_ =
        std::string(parent != nullptr ? parent : ".") + "/wal_bench_" + std::to_string(::getpid());
    LogStoreOptions options;
    options.segment_bytes = kSegmentBytes;
    if (state == kAllocated) options.zero_ahead_bytes = 0;
    auto created = LogStore::Create(&fs_, dir_, {}, {}, options);
    STELE_CHECK(created.ok());
    log_ = *std::move(created);
    recycles_ = state == kRecycled;
    // Two segments to begin with, so that one can be released and used again.
    while (recycles_ && written_ < 2 * kSegmentBytes) Commit(64);
    if (recycles_) Release();
  }
  ~Bench() {
    log_.reset();
    std::filesystem::remove_all(dir_);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void Commit(std::int64_t batch) {
    entries_.clear();
    for (std::int64_t i = 0; i < batch; ++i) {
      const raft::Index index{log_->last_index().value + static_cast<std::uint64_t>(i) + 1};
      entries_.push_back({.id = {index, raft::Term{1}}, .data = data_});
    }
    STELE_CHECK(log_->Append(std::nullopt, entries_).ok());
    STELE_CHECK(log_->Sync().ok());
    written_ += static_cast<std::uint64_t>(batch) * kEntryBytes;
    since_release_ += static_cast<std::uint64_t>(batch) * kEntryBytes;
  }

  // Not part of what is measured: keeps memory and disk bounded and feeds the recycling.
  bool NeedsRelease() const { return since_release_ > kSegmentBytes / 2; }
  void Release() {
    since_release_ = 0;
    const raft::SnapshotMeta snapshot{.last = {log_->last_index(), raft::Term{1}},
                                      .conf_state = {}};
    if (recycles_) {
      STELE_CHECK(log_->Release(snapshot, snapshot.last.index).ok());
    }
  }

 private:
  PosixFileSystem fs_;
  std::string dir_;
  std::unique_ptr<LogStore> log_;
  std::vector<raft::Entry> entries_;
  const raft::Payload data_{std::string(kEntryBytes, 'v')};
  bool recycles_ = false;
  std::uint64_t written_ = 0;
  std::uint64_t since_release_ = 0;
};

void Commit(benchmark::State& state) {
  const std::int64_t batch = state.range(1);
  Bench bench(static_cast<BlockState>(state.range(0)));
  std::vector<double> samples_us;  // the mean says little on a machine that does other things, too
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    bench.Commit(batch);
    samples_us.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
            .count());
    if (!bench.NeedsRelease()) continue;
    state.PauseTiming();
    bench.Release();
    state.ResumeTiming();
  }
  std::sort(samples_us.begin(), samples_us.end());
  state.counters["p10_us"] = samples_us[samples_us.size() / 10];
  state.counters["p50_us"] = samples_us[samples_us.size() / 2];
  state.SetItemsProcessed(state.iterations() * batch);
  static constexpr const char* kNames[] = {"allocated", "zero-ahead", "recycled"};
  state.SetLabel(kNames[state.range(0)]);
}
BENCHMARK(Commit)
    ->ArgsProduct({{kAllocated, kZeroAhead, kRecycled}, {1, 16, 256}})
    ->ArgNames({"blocks", "entries"})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace stele::storage
