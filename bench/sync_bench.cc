// What the disk takes to make one write durable, by size and by the state of the blocks under it:
// the limit under every put of a single client. No code of the daemon's is involved.
//
//   build/release/bin/sync_bench        (a file in $TMPDIR or the current directory)
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "src/raft/check.h"

namespace {

constexpr std::int64_t kFileBytes = std::int64_t{64} << 20;

enum BlockState : std::int64_t {
  kAppend,     // the file grows
  kReserved,   // allocated, never written
  kOverwrite,  // written before
};

class OpenFile {
 public:
  OpenFile() {
    const char* parent = std::getenv("TMPDIR");
    path_ =
        std::string(parent != nullptr ? parent : ".") + "/sync_bench_" + std::to_string(::getpid());
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    STELE_CHECK(fd_ >= 0);
  }
  ~OpenFile() {
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void Begin(std::int64_t state, const std::string& block) const {
    STELE_CHECK(::ftruncate(fd_, 0) == 0);
    if (state == kReserved) STELE_CHECK(::posix_fallocate(fd_, 0, kFileBytes) == 0);
    const auto size = static_cast<std::int64_t>(block.size());
    for (std::int64_t at = 0; state == kOverwrite && at + size <= kFileBytes; at += size) {
      Write(block, at);
    }
    STELE_CHECK(::fsync(fd_) == 0);
  }
  void Write(const std::string& block, std::int64_t at) const {
    STELE_CHECK(::pwrite(fd_, block.data(), block.size(), at) ==
                static_cast<ssize_t>(block.size()));
  }
  void Sync() const { STELE_CHECK(::fdatasync(fd_) == 0); }

 private:
  std::string path_;
  int fd_ = -1;
};

void WriteAndSync(benchmark::State& state) {
  const OpenFile file;
  const std::string block(static_cast<std::size_t>(state.range(1)), 'b');
  file.Begin(state.range(0), block);
  std::int64_t at = 0;
  std::vector<double> samples_us;
  for (auto _ : state) {
    if (at + state.range(1) > kFileBytes) {
      state.PauseTiming();
      file.Begin(state.range(0), block);
      at = 0;
      state.ResumeTiming();
    }
    const auto begin = std::chrono::steady_clock::now();
    file.Write(block, at);
    file.Sync();
    samples_us.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
            .count());
    at += state.range(1);
  }
  std::sort(samples_us.begin(), samples_us.end());
  state.counters["p50_us"] = samples_us[samples_us.size() / 2];
  state.counters["p99_us"] = samples_us[samples_us.size() * 99 / 100];
  static constexpr const char* kNames[] = {"append", "reserved", "overwrite"};
  state.SetLabel(kNames[state.range(0)]);
}
BENCHMARK(WriteAndSync)
    ->ArgsProduct({{kAppend, kReserved, kOverwrite}, {4 << 10, 64 << 10, 1 << 20}})
    ->ArgNames({"blocks", "bytes"})
    ->MinTime(0.3)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
