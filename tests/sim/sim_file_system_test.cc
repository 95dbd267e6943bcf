// The simulated disk must break what POSIX lets break, and nothing else.

#include "tests/sim/sim_file_system.h"

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace stele::sim {
namespace {

class SimFileSystemTest : public ::testing::Test {
 protected:
  static void Write(storage::WritableFile* file, std::uint64_t offset, std::string_view bytes) {
    ASSERT_TRUE(file->WriteAt(offset, std::as_bytes(std::span(bytes))).ok());
  }

  // A file whose content "old" and name are durable.
  std::unique_ptr<storage::WritableFile> DurableFile() {
    auto file = fs_.OpenForWrite("/f").value();
    Write(file.get(), 0, std::string(2048, 'o'));
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_TRUE(fs_.SyncDir("/").ok());
    return file;
  }

  SimFileSystem fs_{7};
};

TEST_F(SimFileSystemTest, KeepsWhatWasSynced) {
  DurableFile();
  fs_.CutPower(PowerCut::kLoseAll);
  EXPECT_EQ(fs_.ReadAll("/f").value(), std::string(2048, 'o'));
}

TEST_F(SimFileSystemTest, LosesANameWithoutSyncDir) {
  auto file = fs_.OpenForWrite("/f").value();
  Write(file.get(), 0, "x");
  ASSERT_TRUE(file->Sync().ok());
  fs_.CutPower(PowerCut::kLoseAll);
  EXPECT_FALSE(fs_.Exists("/f"));
}

TEST_F(SimFileSystemTest, UndoesARenameAndARemovalWithoutSyncDir) {
  DurableFile();
  ASSERT_TRUE(fs_.Rename("/f", "/g").ok());
  fs_.CutPower(PowerCut::kLoseAll);
  EXPECT_TRUE(fs_.Exists("/f"));
  ASSERT_TRUE(fs_.Remove("/f").ok());
  fs_.CutPower(PowerCut::kLoseAll);
  EXPECT_EQ(fs_.ReadAll("/f").value().size(), 2048U);
}

TEST_F(SimFileSystemTest, TearsAWriteAtSectorsAndWords) {
  std::map<PowerCut, int> torn;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    for (const PowerCut cut : {PowerCut::kLoseSome, PowerCut::kTearSectors, PowerCut::kTearWords}) {
      SimFileSystem fs(seed);
      auto file = fs.OpenForWrite("/f").value();
      Write(file.get(), 0, std::string(2048, 'o'));
      ASSERT_TRUE(file->Sync().ok());
      ASSERT_TRUE(fs.SyncDir("/").ok());
      Write(file.get(), 0, std::string(2048, 'n'));
      fs.CutPower(cut);
      const std::string bytes = fs.ReadAll("/f").value();
      const std::size_t unit = cut == PowerCut::kTearWords     ? 8
                               : cut == PowerCut::kTearSectors ? 512
                                                               : 2048;
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        EXPECT_EQ(bytes[i], bytes[i / unit * unit]) << "torn inside a piece";
      }
      if (bytes.find_first_not_of(bytes[0]) != std::string::npos) ++torn[cut];
    }
  }
  EXPECT_EQ(torn[PowerCut::kLoseSome], 0);
  EXPECT_GT(torn[PowerCut::kTearSectors], 32);
  EXPECT_GT(torn[PowerCut::kTearWords], 32);
}

TEST_F(SimFileSystemTest, AFailedSyncLosesWritesThatReadsStillShow) {
  auto file = DurableFile();
  Write(file.get(), 0, std::string(2048, 'n'));
  fs_.SetFaultHook([](const FileOperation& operation) {
    return operation.kind == FileOperation::Kind::kSync ? DiskFault::kIoError : DiskFault::kNone;
  });
  fs_.Reseed(2);
  EXPECT_FALSE(file->Sync().ok());
  fs_.SetFaultHook(nullptr);
  EXPECT_EQ(fs_.ReadAll("/f").value()[0], 'n');
  EXPECT_TRUE(file->Sync().ok()) << "the next one claims success";
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    SimFileSystem fs(seed);
    auto other = fs.OpenForWrite("/f").value();
    ASSERT_TRUE(fs.SyncDir("/").ok());
    Write(other.get(), 0, "n");
    fs.SetFaultHook([](const FileOperation&) { return DiskFault::kIoError; });
    EXPECT_FALSE(other->Sync().ok());
    fs.SetFaultHook(nullptr);
    EXPECT_TRUE(other->Sync().ok());
    fs.CutPower(PowerCut::kLoseAll);
    if (fs.ReadAll("/f").value().empty()) ++lost;
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 16);
}

TEST_F(SimFileSystemTest, IsDownAfterACrashUntilThePowerReturns) {
  auto file = DurableFile();
  fs_.SetFaultHook([](const FileOperation&) { return DiskFault::kCrashBefore; });
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(fs_.is_down());
  fs_.SetFaultHook(nullptr);
  EXPECT_FALSE(fs_.ReadAll("/f").ok());
  fs_.CutPower(PowerCut::kLoseAll);
  EXPECT_TRUE(fs_.ReadAll("/f").ok());
  EXPECT_FALSE(file->Sync().ok()) << "a file opened before";
}

TEST_F(SimFileSystemTest, AProcessThatDiesLosesItsLocksButNoBytes) {
  auto file = DurableFile();
  Write(file.get(), 0, "n");
  auto lock = fs_.Lock("/lock").value();
  fs_.KillProcess();
  EXPECT_EQ(fs_.ReadAll("/f").value()[0], 'n');
  EXPECT_TRUE(fs_.Lock("/lock").ok());
}

TEST_F(SimFileSystemTest, AShortWriteIsHalfDoneAndAnError) {
  auto file = DurableFile();
  fs_.SetFaultHook([](const FileOperation&) { return DiskFault::kShortWrite; });
  const std::string_view bytes = "nnnn";
  EXPECT_TRUE(absl::IsResourceExhausted(file->WriteAt(0, std::as_bytes(std::span(bytes)))));
  fs_.SetFaultHook(nullptr);
  EXPECT_EQ(fs_.ReadAll("/f").value().substr(0, 4), "nnoo");
}

TEST_F(SimFileSystemTest, IsAFunctionOfItsSeed) {
  const auto run = [](std::uint64_t seed) {
    SimFileSystem fs(seed);
    auto file = fs.OpenForWrite("/f").value();
    EXPECT_TRUE(fs.SyncDir("/").ok());
    for (std::uint64_t i = 0; i < 20; ++i) Write(file.get(), i * 300, std::string(900, 'a'));
    fs.CutPower(PowerCut::kTearWords);
    return fs.ReadAll("/f").value();
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

}  // namespace
}  // namespace stele::sim
