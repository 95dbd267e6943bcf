// Sweeps crashes over the first start of a store: whatever is left of it, the next start works.

#include <cstdint>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "src/server/current_store.h"
#include "src/storage/engine/mem_engine.h"
#include "tests/sim/sim_file_system.h"

namespace stele::sim {
namespace {

absl::Status Open(SimFileSystem* files) {
  absl::Status status = files->CreateDir("/store");
  if (status.ok()) status = files->SyncDir("/");
  if (!status.ok()) return status;
  return server::CurrentStore::Open(
             files, "/store", "",
             [](const std::string& /*dir*/) -> absl::StatusOr<std::unique_ptr<storage::Engine>> {
               return std::make_unique<storage::MemEngine>();
             })
      .status();
}

TEST(CurrentStoreCrashTest, SurvivesACrashAtEveryOperationOfTheFirstStart) {
  int crashes = 0;
  for (const PowerCut cut : {PowerCut::kLoseAll, PowerCut::kKeepAll, PowerCut::kLoseSome}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      bool completed = false;
      for (int crash_at = 1; !completed; ++crash_at) {
        SimFileSystem files(seed);
        int operations = 0;
        files.SetFaultHook([&](const FileOperation& /*operation*/) {
          return ++operations == crash_at ? DiskFault::kCrashAfter : DiskFault::kNone;
        });
        completed = Open(&files).ok();
        if (completed) break;
        ++crashes;
        files.SetFaultHook([](const FileOperation& /*operation*/) { return DiskFault::kNone; });
        files.CutPower(cut);
        const absl::Status again = Open(&files);
        EXPECT_TRUE(again.ok()) << "crash at operation " << crash_at << ": " << again;
      }
    }
  }
  EXPECT_GT(crashes, 300);
}

}  // namespace
}  // namespace stele::sim
