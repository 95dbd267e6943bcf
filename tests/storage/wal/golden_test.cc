// A log written by the first program of each format version must be read as it was meant then.
//
// STELE_REWRITE=1 makes the files anew; only a new format version is a reason to do so.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "src/storage/log_store.h"
#include "src/storage/posix_file_system.h"
#include "tests/storage/wal/wal_fixture.h"

namespace stele::storage {
namespace {

constexpr LogIdentity kIdentity{.cluster_id = 0x0123456789abcdef, .member_id = 0xfedcba9876543210};

std::filesystem::path GoldenDir() {
  return std::filesystem::path(STELE_SOURCE_DIR) / "tests/storage/wal/golden/v1";
}

LogStoreOptions GoldenOptions() {
  LogStoreOptions options;
  options.segment_bytes = 8 << 10;
  options.zero_ahead_bytes = 1 << 10;
  options.salt = 42;
  return options;
}

void WriteGolden(FileSystem* fs, const std::string& dir) {
  auto log = LogStore::Create(fs, dir, kIdentity, MakeSnapshot(0, 0), GoldenOptions()).value();
  std::vector<raft::Entry> entries;
  for (std::uint64_t i = 1; i <= 6; ++i) entries.push_back(MakeEntry(i, 1, std::string(900, 'a')));
  ASSERT_TRUE(log->Append(MakeHardState(1, 2, 0), entries).ok());
  ASSERT_TRUE(log->Sync().ok());
  entries = {MakeEntry(5, 2, "five"), MakeEntry(6, 2, ""), MakeEntry(7, 2, "conf")};
  entries[2].type = raft::EntryType::kConfChange;
  ASSERT_TRUE(log->Append(MakeHardState(2, 1, 5), entries).ok());
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(log->Seal().ok());
  ASSERT_TRUE(log->Release(MakeSnapshot(4, 1), raft::Index{3}).ok());
  const raft::Entry eight = MakeEntry(8, 3, std::string(3000, 'h'));
  ASSERT_TRUE(log->Append(MakeHardState(3, 3, 6), {&eight, 1}).ok());
  ASSERT_TRUE(log->Sync().ok());
  ASSERT_TRUE(log->InstallSnapshot(MakeSnapshot(4, 1)).ok());
  const raft::Entry nine = MakeEntry(9, 3, "nine");
  ASSERT_TRUE(log->Append(std::nullopt, {&nine, 1}).ok());
  ASSERT_TRUE(log->Sync().ok());
}

TEST(GoldenTest, Version1IsReadAsItWasMeant) {
  if (std::getenv("STELE_REWRITE") != nullptr) {
    std::filesystem::remove_all(GoldenDir());
    std::filesystem::create_directories(GoldenDir().parent_path());
    PosixFileSystem fs;
    WriteGolden(&fs, GoldenDir().string());
  }
  // Opened from a copy: opening writes.
  const std::string dir = ::testing::TempDir() + "stele_golden_" + std::to_string(::getpid());
  std::filesystem::copy(GoldenDir(), dir, std::filesystem::copy_options::recursive);
  PosixFileSystem fs;
  auto opened = LogStore::Open(&fs, dir, {});
  ASSERT_TRUE(opened.ok()) << opened.status();
  const LogStore& log = **opened;
  EXPECT_EQ(log.identity(), kIdentity);
  EXPECT_EQ(log.hard_state(), MakeHardState(3, 3, 6));
  EXPECT_EQ(log.first_index(), raft::Index{5});
  EXPECT_EQ(log.LatestSnapshot(), MakeSnapshot(4, 1));
  EXPECT_EQ(log.base_conf_state(), MakeSnapshot(4, 1).conf_state);
  EXPECT_EQ(Describe(log), "5/2=five 6/2= 7/2=conf 8/3=h*3000 9/3=nine");
  std::vector<raft::Entry> entries;
  ASSERT_EQ(log.Entries(raft::Index{7}, raft::Index{8}, 0, &entries), raft::LogReadStatus::kOk);
  EXPECT_EQ(entries[0].type, raft::EntryType::kConfChange);
  opened->reset();
  std::filesystem::remove_all(dir);
}

// What is written today, byte for byte: a format does not change by accident.
TEST(GoldenTest, TheWriterStillWritesVersion1) {
  sim::SimFileSystem fs(1);
  WriteGolden(&fs, "/log");
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(GoldenDir())) {
    names.push_back(entry.path().filename().string());
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string golden{std::istreambuf_iterator<char>(in), {}};
    EXPECT_TRUE(fs.ReadAll("/log/" + names.back()).value() == golden) << names.back();
  }
  EXPECT_EQ(names.size(), fs.List("/log").value().size());
}

}  // namespace
}  // namespace stele::storage
