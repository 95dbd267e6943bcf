#include "src/server/disk_space.h"

#include <vector>

#include "gtest/gtest.h"
#include "tests/sim/sim_file_system.h"

namespace stele::server {
namespace {

using Level = DiskSpace::Level;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr char kReserve[] = "/reserve";

// A disk of 1 GiB on which others use what a test says.
class DiskSpaceTest : public ::testing::Test {
 protected:
  std::uint64_t Reserved() {
    return fs_.Exists(kReserve) ? fs_.FileSize(kReserve).value() / kMiB : 0;
  }

  // Others leave so many MiB, the reserve not counted.
  Level LookWith(std::uint64_t free_mib) {
    free_ = free_mib * kMiB;
    space_.RunOnce();
    return space_.level();
  }

  sim::SimFileSystem fs_{1};
  std::uint64_t free_ = 0;
  DiskSpace space_{{.reserve_path = kReserve, .reserve_bytes = 64 * kMiB}, &fs_, [this] {
                     const std::uint64_t reserved = Reserved() * kMiB;
                     return DiskSize{1024 * kMiB, free_ > reserved ? free_ - reserved : 0};
                   }};
};

TEST_F(DiskSpaceTest, KeepsAReserveOnADiskWithSpace) {
  EXPECT_EQ(LookWith(500), Level::kEnough);
  EXPECT_EQ(Reserved(), 64U);
}

TEST_F(DiskSpaceTest, IsShortBeforeTheReserveIsTouched) {
  EXPECT_EQ(LookWith(500), Level::kEnough);
  EXPECT_EQ(LookWith(64 + 33), Level::kEnough);
  EXPECT_EQ(LookWith(64 + 31), Level::kShort);
  EXPECT_EQ(Reserved(), 64U);
}

TEST_F(DiskSpaceTest, GivesTheReserveUpWhenTheDiskIsFullAndMakesItAgain) {
  EXPECT_EQ(LookWith(500), Level::kEnough);
  EXPECT_EQ(LookWith(64), Level::kShort) << "what the reserve had is left";
  EXPECT_EQ(Reserved(), 0U);
  EXPECT_EQ(LookWith(33), Level::kShort);
  EXPECT_EQ(LookWith(31), Level::kExhausted);
  EXPECT_EQ(LookWith(0), Level::kExhausted);
  EXPECT_EQ(LookWith(100), Level::kShort) << "not enough for a reserve and some more";
  EXPECT_EQ(Reserved(), 0U);
  EXPECT_EQ(LookWith(128), Level::kEnough);
  EXPECT_EQ(Reserved(), 64U);
}

TEST_F(DiskSpaceTest, DoesNotFlicker) {
  EXPECT_EQ(LookWith(500), Level::kEnough);
  EXPECT_EQ(LookWith(64 + 31), Level::kShort);
  EXPECT_EQ(LookWith(64 + 33), Level::kShort);
  EXPECT_EQ(LookWith(64 + 48), Level::kEnough);
  EXPECT_EQ(LookWith(64 + 33), Level::kEnough);
}

TEST_F(DiskSpaceTest, TellsOfEveryChangeOnce) {
  std::vector<Level> heard;
  space_.set_changed([&](Level level) { heard.push_back(level); });
  for (const std::uint64_t free : {500U, 500U, 70U, 60U, 10U, 10U, 500U, 500U}) LookWith(free);
  EXPECT_EQ(heard, (std::vector<Level>{Level::kShort, Level::kExhausted, Level::kEnough}));
}

TEST(DiskSpaceOnASmallDiskTest, TakesAnEighthForTheReserve) {
  sim::SimFileSystem fs(1);
  DiskSpace space({.reserve_path = kReserve}, &fs, [] { return DiskSize{80 * kMiB, 60 * kMiB}; });
  space.RunOnce();
  EXPECT_EQ(fs.FileSize(kReserve).value(), 10 * kMiB);
  EXPECT_EQ(space.level(), Level::kEnough);
}

TEST(DiskSpaceWithoutAReserveTest, StillRefusesInTime) {
  sim::SimFileSystem fs(1);
  std::uint64_t available = 500 * kMiB;
  DiskSpace space({.reserve_path = kReserve, .reserve_bytes = 0}, &fs, [&] {
    return DiskSize{1024 * kMiB, available};
  });
  space.RunOnce();
  EXPECT_EQ(space.level(), Level::kEnough);
  EXPECT_FALSE(fs.Exists(kReserve));
  available = 20 * kMiB;
  space.RunOnce();
  EXPECT_EQ(space.level(), Level::kShort);
  available = 2 * kMiB;
  space.RunOnce();
  EXPECT_EQ(space.level(), Level::kExhausted);
}

}  // namespace
}  // namespace stele::server
