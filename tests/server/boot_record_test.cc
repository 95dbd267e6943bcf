#include "src/server/boot_record.h"

#include <filesystem>

#include "gtest/gtest.h"
#include "src/storage/posix_file_system.h"

namespace stele::server {
namespace {

class BootRecordTest : public ::testing::Test {
 protected:
  BootRecordTest() : dir_(::testing::TempDir() + "/boot_record_test") {
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
  }
  ~BootRecordTest() override { std::filesystem::remove_all(dir_); }

  storage::PosixFileSystem fs_;
  const std::string dir_;
};

stelepb::BootRecord Sample() {
  stelepb::BootRecord record;
  record.set_cluster_id(7);
  record.set_member_id(8);
  record.set_epoch(9);
  record.set_log_segment(2);
  record.set_log_offset(4096);
  return record;
}

TEST_F(BootRecordTest, ComesBackAsWritten) {
  absl::StatusOr<std::optional<stelepb::BootRecord>> none = ReadBootRecord(&fs_, dir_);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
  ASSERT_TRUE(WriteBootRecord(&fs_, dir_, Sample()).ok());
  absl::StatusOr<std::optional<stelepb::BootRecord>> some = ReadBootRecord(&fs_, dir_);
  ASSERT_TRUE(some.ok()) << some.status();
  ASSERT_TRUE(some->has_value());
  EXPECT_EQ((*some)->SerializeAsString(), Sample().SerializeAsString());
}

TEST_F(BootRecordTest, EveryFlippedBitAndEveryShorterFileIsNoticed) {
  ASSERT_TRUE(WriteBootRecord(&fs_, dir_, Sample()).ok());
  const std::string good = *fs_.ReadAll(dir_ + "/boot");
  const auto expect_damage = [&](const std::string& bytes) {
    std::filesystem::remove(dir_ + "/boot");
    auto file = *fs_.OpenForWrite(dir_ + "/boot");
    ASSERT_TRUE(file->WriteAt(0, std::as_bytes(std::span(bytes))).ok());
    const auto read = ReadBootRecord(&fs_, dir_);
    EXPECT_TRUE(absl::IsDataLoss(read.status())) << read.status();
  };
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    expect_damage(bad);
  }
  for (std::size_t size = 0; size < good.size(); ++size) expect_damage(good.substr(0, size));
}

}  // namespace
}  // namespace stele::server
