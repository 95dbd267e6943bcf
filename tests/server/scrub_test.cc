#include "src/server/scrub.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/storage/log_store.h"
#include "src/storage/wal/crc32c.h"
#include "tests/server/fake_clock.h"
#include "tests/sim/sim_file_system.h"

namespace stele::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kLogDir[] = "/wal";
constexpr std::uint64_t kRate = std::uint64_t{1} << 20U;
constexpr std::size_t kFileBytes = std::size_t{3} << 20U;

class ScrubTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/a.sst", "/b.sst"}) AddStoreFile(path);
    storage::LogStoreOptions options;
    options.segment_bytes = 16 << 10;
    options.zero_ahead_bytes = 1 << 10;
    raft::SnapshotMeta meta;
    meta.conf_state.voters = {raft::NodeId{1}};
    auto log = storage::LogStore::Create(&fs_, kLogDir, {7, 1}, meta, options);
    ASSERT_TRUE(log.ok()) << log.status();
    for (std::uint64_t i = 1; i <= 40; ++i) {
      const raft::Entry entry{.id = {raft::Index{i}, raft::Term{1}},
                              .data = raft::Payload(std::string(2000, 'e'))};
      ASSERT_TRUE((*log)->Append(std::nullopt, {&entry, 1}).ok());
      ASSERT_TRUE((*log)->Sync().ok());
    }
    log_ = *std::move(log);
  }

  void AddStoreFile(const std::string& path) {
    const std::string bytes(kFileBytes, path[1]);
    auto file = fs_.OpenForWrite(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->WriteAt(0, std::as_bytes(std::span(bytes))).ok());
    ASSERT_TRUE((*file)->Sync().ok());
    files_.push_back({path, storage::wal::Crc32c(bytes)});
  }

  // Until the round is over, or something was found. Returns how long that took.
  absl::Duration Round() {
    const absl::Duration begin = clock_.Now();
    const std::uint64_t rounds = scrub_.rounds();
    for (int step = 0; step < 100'000 && scrub_.rounds() == rounds && found_.empty(); ++step) {
      if (!scrub_.RunOnce()) clock_.Advance(scrub_.IdleTime());
    }
    return clock_.Now() - begin;
  }

  sim::SimFileSystem fs_{1};
  FakeClock clock_;
  std::vector<storage::StoredFile> files_;
  std::unique_ptr<storage::LogStore> log_;
  std::vector<std::string> found_;
  Scrub scrub_{{.interval = absl::Hours(1),
                .bytes_per_second = kRate,
                .log_dir = kLogDir,
                .store_files = [this] { return files_; },
                .damaged = [this](const absl::Status& s) { found_.emplace_back(s.message()); }},
               &fs_,
               &clock_};
};

TEST_F(ScrubTest, ReadsEverythingAtItsRateOnceInAnInterval) {
  const absl::Duration took = Round();
  EXPECT_THAT(found_, IsEmpty());
  EXPECT_EQ(scrub_.rounds(), 1U);
  EXPECT_GE(took, absl::Seconds(2 * 3));
  EXPECT_LE(took, absl::Seconds(8));
  EXPECT_EQ(scrub_.IdleTime(), absl::Hours(1) - took);
  EXPECT_FALSE(scrub_.RunOnce());
}

TEST_F(ScrubTest, FindsAnyFlippedBitOfAStoreFile) {
  fs_.FlipBit("/a.sst", kFileBytes * 8 - 1);
  Round();
  EXPECT_THAT(found_, ElementsAre("/a.sst: is not what was written"));
}

TEST_F(ScrubTest, FindsAShorterFileAndAMissingOne) {
  fs_.Shorten("/b.sst", kFileBytes - 1);
  Round();
  EXPECT_THAT(found_, ElementsAre("/b.sst: is not what was written"));
  found_.clear();
  files_.pop_back();  // replaced
  ASSERT_TRUE(fs_.Remove("/a.sst").ok());
  Round();
  ASSERT_EQ(found_.size(), 1U);
  EXPECT_NE(found_[0].find("/a.sst"), std::string::npos);
}

TEST_F(ScrubTest, DamageInAFileThatWasLetGoIsNone) {
  fs_.FlipBit("/b.sst", 5);
  clock_.Advance(scrub_.IdleTime());
  ASSERT_TRUE(scrub_.RunOnce());  // has begun to read it
  files_.pop_back();
  Round();
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(ScrubTest, FindsDamageInTheMiddleOfTheLogAndLeavesItsEndAlone) {
  const auto names = fs_.List(kLogDir);
  ASSERT_TRUE(names.ok());
  ASSERT_GE(names->size(), 4U);
  fs_.FlipBit(std::string(kLogDir) + "/00000005.wal", 8 * 8000);
  fs_.FlipBit(std::string(kLogDir) + "/00000002.wal", 8 * 8000);
  Round();
  EXPECT_THAT(found_, ElementsAre("/wal/00000002.wal: is not what was written"));
}

TEST_F(ScrubTest, ZeroMeansNever) {
  Scrub::Options options;
  options.interval = absl::ZeroDuration();
  Scrub never(options, &fs_, &clock_);
  EXPECT_EQ(never.IdleTime(), absl::InfiniteDuration());
  EXPECT_FALSE(never.RunOnce());
}

}  // namespace
}  // namespace stele::server
