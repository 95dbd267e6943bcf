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

using OpenedStore = absl::StatusOr<std::unique_ptr<server::CurrentStore>>;

// Notes in `opened` which store is opened.
OpenedStore OpenNoting(SimFileSystem* files, std::string* opened) {
  absl::Status status = files->CreateDir("/store");
  if (status.ok()) status = files->SyncDir("/");
  if (!status.ok()) return status;
  return server::CurrentStore::Open(
      files, "/store", "",
      [opened](const std::string& dir) -> absl::StatusOr<std::unique_ptr<storage::Engine>> {
        *opened = dir;
        return std::make_unique<storage::MemEngine>();
      });
}

absl::Status Open(SimFileSystem* files) {
  std::string opened;
  return OpenNoting(files, &opened).status();
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

// The process dies in the middle of a switch, lives again on what it finds, and then the power
// fails: the store that was in force stays in force, as the log was released for its sake.
TEST(CurrentStoreCrashTest, WhatAStartFoundInForceIsInForceAfterAPowerCut) {
  int found_new = 0;
  for (const PowerCut cut : {PowerCut::kLoseAll, PowerCut::kKeepAll, PowerCut::kLoseSome}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      bool completed = false;
      for (int crash_at = 1; !completed; ++crash_at) {
        SimFileSystem files(seed);
        std::string opened;
        OpenedStore store = OpenNoting(&files, &opened);
        ASSERT_TRUE(store.ok());
        const std::string next = server::SnapshotStoreName(raft::Index{5});
        ASSERT_TRUE(files.CreateDir((*store)->PathOf(next)).ok());
        ASSERT_TRUE(files.SyncDir("/store").ok());
        int operations = 0;
        files.SetFaultHook([&](const FileOperation& /*operation*/) {
          return ++operations == crash_at ? DiskFault::kCrashAfter : DiskFault::kNone;
        });
        completed = (*store)->SwitchTo(next).ok();
        store->reset();
        files.SetFaultHook([](const FileOperation& /*operation*/) { return DiskFault::kNone; });
        files.KillProcess();
        ASSERT_TRUE(OpenNoting(&files, &opened).ok());
        const std::string in_force = opened;
        if (in_force == "/store/" + next) ++found_new;
        files.CutPower(cut);
        ASSERT_TRUE(OpenNoting(&files, &opened).ok());
        EXPECT_EQ(opened, in_force) << "crash at operation " << crash_at;
      }
    }
  }
  EXPECT_GT(found_new, 60);
}

}  // namespace
}  // namespace stele::sim
