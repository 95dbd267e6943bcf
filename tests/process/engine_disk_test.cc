// RocksDB on a disk that is full or refuses writes: what the engine tells its owner,
// and what is there afterwards. Beside the other tests that need a disk of their own.
#include <absl/strings/str_cat.h>
#include <absl/synchronization/notification.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <string>

#include "src/storage/engine/rocks_engine.h"
#include "tests/process/loop_disk.h"

namespace stele::process {
namespace {

using storage::Engine;
using storage::Family;

// So many random bytes that compression does not help.
std::string Bytes(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return bytes;
}

std::string Key(int i) { return absl::StrCat("key-", i); }

absl::Status Put(Engine& engine, int i) {
  const auto batch = engine.NewBatch();
  batch->Put(Family::kRev, Key(i), Bytes(static_cast<std::uint64_t>(i), 64 << 10));
  batch->Put(Family::kMeta, "newest", Key(i));
  return engine.Write(batch.get());
}

std::string MakeDirectory() {
  std::string pattern = absl::StrCat(::testing::TempDir(), "/stele-engine-XXXXXX");
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

storage::RocksEngineOptions SmallMemtables() {
  storage::RocksEngineOptions options;
  options.memtable_bytes = 1 << 20;
  return options;
}

constexpr int kEndedByTheEngine = 7;
constexpr int kWritesMax = 2000;

// What a daemon does whose disk becomes full: writes until the engine says that it cannot go on,
// and ends at once.
void WriteUntilTheDiskIsFull(const std::string& store) {
  storage::RocksEngineOptions options = SmallMemtables();
  options.background_failed = [](const absl::Status& status) {
    _exit(absl::IsResourceExhausted(status) ? kEndedByTheEngine : 1);
  };
  auto engine = storage::OpenRocksEngine(store, options);
  if (!engine.ok()) _exit(2);
  for (int i = 0; i < kWritesMax; ++i) {
    if (!Put(**engine, i).ok()) _exit(kEndedByTheEngine);
  }
  _exit(3);
}

// Everything up to the newest write that the store has is there. Removes it.
void CheckAndEmpty(const std::string& store) {
  const auto engine = storage::OpenRocksEngine(store, SmallMemtables());
  ASSERT_TRUE(engine.ok()) << engine.status();
  const auto newest = (*engine)->DurableMeta("newest");
  ASSERT_TRUE(newest.ok() && newest->has_value());
  const auto snapshot = (*engine)->Snapshot();
  int held = 0;
  for (; held == 0 || Key(held - 1) != **newest; ++held) {
    ASSERT_LT(held, kWritesMax);
    const auto value = snapshot->Get(Family::kRev, Key(held));
    ASSERT_TRUE(value.ok()) << value.status();
    ASSERT_TRUE(value->has_value()) << Key(held) << " is gone, but " << **newest << " is there";
    EXPECT_EQ(**value, Bytes(static_cast<std::uint64_t>(held), 64 << 10)) << Key(held);
  }
  std::cout << held << " writes held" << std::endl;
  for (int i = 0; i < held; ++i) {
    const auto batch = (*engine)->NewBatch();
    batch->Delete(Family::kRev, Key(i));
    ASSERT_TRUE((*engine)->Write(batch.get()).ok());
  }
  ASSERT_TRUE((*engine)->Flush().ok());
}

// Of a process that does this. RocksDB's threads do not survive a fork, so this process must not
// have any.
int ExitCodeOf(const std::function<void()>& work) {
  const pid_t child = fork();
  EXPECT_GE(child, 0);
  if (child == 0) {
    alarm(30);
    work();
    (void)std::fflush(nullptr);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// RocksDB 7.8 can go on by itself once there is space, and loses writes that it had taken: it must
// not get as far as that.
TEST(EngineDiskTest, AfterAFullDiskAStoreHoldsWhatItSaysItHolds) {
  STELE_REQUIRE_LOOP_DISKS();
  const std::filesystem::path directory = MakeDirectory();
  {
    LoopDisk disk(directory / "image", directory / "disk", std::uint64_t{64} << 20U);
    const std::string store = disk.path() / "store";
    const std::filesystem::path foreign = disk.path() / "foreign";
    for (int round = 0; round < 10 && !HasFailure(); ++round) {
      const int fd = open(foreign.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      ASSERT_GE(fd, 0);
      // Full at another place each time.
      ASSERT_EQ(fallocate(fd, 0, 0, (off_t{40} << 20) + off_t{round} * 300'000), 0);
      close(fd);
      // Debian's RocksDB has its assertions on, and some ways through this error meet one: a
      // harsher end, but no other.
      EXPECT_THAT(ExitCodeOf([&] { WriteUntilTheDiskIsFull(store); }),
                  testing::AnyOf(kEndedByTheEngine, 128 + SIGABRT));
      std::filesystem::remove(foreign);
      EXPECT_EQ(ExitCodeOf([&] { CheckAndEmpty(store); }), 0) << "round " << round;
    }
  }
  std::filesystem::remove_all(directory);
}

// The limit of a file's size stands for a disk that refuses writes: RocksDB has no other way to see
// either than an error of the call.
TEST(EngineDiskTest, AFailedFlushIsToldAlsoWhenNobodyWrites) {
  const std::filesystem::path directory = MakeDirectory();
  absl::Notification failed;
  storage::RocksEngineOptions options = SmallMemtables();
  options.background_failed = [&](const absl::Status& status) {
    EXPECT_FALSE(status.ok());
    if (!failed.HasBeenNotified()) failed.Notify();
  };
  auto engine = storage::OpenRocksEngine(directory / "store", options);
  ASSERT_TRUE(engine.ok()) << engine.status();
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(Put(**engine, i).ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 64 << 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  (*engine)->StartFlush().IgnoreError();
  EXPECT_TRUE(failed.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  engine->reset();
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace stele::process
