#include "tests/storage/mvcc/test_engines.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <utility>

#include "gtest/gtest.h"
#include "src/raft/check.h"
#include "src/storage/engine/rocks_engine.h"

namespace stele::storage {

namespace {

class MemTestEngine : public TestEngine {
 public:
  MemTestEngine() { CrashAndReopen(); }
  Engine& engine() override { return *engine_; }
  void CrashAndReopen() override {
    engine_.reset();
    engine_ = std::make_unique<MemEngine>(disk_, "db");
  }
  void CrashAnywhere(std::uint64_t seed) override { engine_->Crash(seed); }
  std::string SiblingDir(const std::string& name) override { return name; }
  std::unique_ptr<Engine> OpenDir(const std::string& dir) override {
    return std::make_unique<MemEngine>(disk_, dir);
  }

 private:
  const std::shared_ptr<MemDisk> disk_ = std::make_shared<MemDisk>();
  std::unique_ptr<MemEngine> engine_;
};

class RocksTestEngine : public TestEngine {
 public:
  RocksTestEngine() {
    static std::atomic<int> count = 0;
    root_ = std::filesystem::path(::testing::TempDir()) /
            ("stele_store_" + std::to_string(getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(root_);
    CrashAndReopen();
  }
  ~RocksTestEngine() override {
    engine_.reset();
    std::filesystem::remove_all(root_);
  }
  RocksTestEngine(const RocksTestEngine&) = delete;
  RocksTestEngine& operator=(const RocksTestEngine&) = delete;

  Engine& engine() override { return *engine_; }
  void CrashAndReopen() override {
    engine_.reset();  // a close does not flush
    engine_ = OpenDir((root_ / "db").string());
  }
  std::string SiblingDir(const std::string& name) override { return (root_ / name).string(); }
  std::unique_ptr<Engine> OpenDir(const std::string& dir) override {
    RocksEngineOptions options;
    options.block_cache_bytes = std::size_t{8} << 20;
    options.memtable_bytes = std::size_t{4} << 20;
    absl::StatusOr<std::unique_ptr<Engine>> engine = OpenRocksEngine(dir, options);
    if (!engine.ok()) ADD_FAILURE() << engine.status();
    STELE_CHECK(engine.ok());
    return *std::move(engine);
  }

 private:
  std::filesystem::path root_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

std::unique_ptr<TestEngine> MakeTestEngine(EngineKind kind) {
  if (kind == EngineKind::kMem) return std::make_unique<MemTestEngine>();
  return std::make_unique<RocksTestEngine>();
}

}  // namespace stele::storage
