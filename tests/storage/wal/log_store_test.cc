// What the log store promises its caller on a disk without damage, through starts and crashes.

#include "src/storage/log_store.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/storage/wal/wal_fixture.h"

namespace stele::storage {
namespace {

using raft::Index;
using raft::LogReadStatus;
using sim::PowerCut;
using ::testing::HasSubstr;
using ::testing::Not;

class LogStoreTest : public WalFixture {};

TEST_F(LogStoreTest, IsEmptyWhenNew) {
  Create();
  EXPECT_EQ(log_->first_index(), Index{1});
  EXPECT_EQ(log_->last_index(), Index{0});
  EXPECT_EQ(log_->base_conf_state(), MakeSnapshot(0, 0).conf_state);
  EXPECT_EQ(Replay(), "");
  EXPECT_EQ(log_->identity(), kIdentity);
  EXPECT_EQ(log_->hard_state(), raft::HardState{});
  EXPECT_EQ(log_->base_conf_state(), MakeSnapshot(0, 0).conf_state);
}

TEST_F(LogStoreTest, KeepsWhatWasSynced) {
  Create();
  Write("a");
  Write("bc");
  Vote(1, 2, 1);
  Sync();
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=a 2/1=bc");
  EXPECT_EQ(log_->hard_state(), MakeHardState(1, 2, 1));
}

TEST_F(LogStoreTest, LosesWhatWasNot) {
  Create();
  WriteSynced("a");
  Write("b");
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=a");
}

TEST_F(LogStoreTest, NewEntriesReplaceASuffix) {
  Create();
  for (const char* data : {"a", "b", "c", "d"}) Write(data);
  Sync();
  WriteAt(2, "B", 2);
  Sync();
  EXPECT_EQ(Describe(*log_), "1/1=a 2/2=B");
  EXPECT_EQ(Replay(), "1/1=a 2/2=B");
}

TEST_F(LogStoreTest, OneBatchMayReplaceItsOwnEntries) {
  Create();
  Write("a");
  Write("b");
  WriteAt(1, "A", 2);
  Sync();
  EXPECT_EQ(Replay(), "1/2=A");
}

TEST_F(LogStoreTest, AGapInTheEntriesStopsTheProgram) {
  Create();
  const raft::Entry entry = MakeEntry(2, 1, "b");
  EXPECT_DEATH(log_->Append(std::nullopt, {&entry, 1}).IgnoreError(), "check failed");
}

TEST_F(LogStoreTest, ABareCommitIndexNeedsNoSync) {
  Create();
  Vote(1, 2);
  WriteSynced("a");
  const std::uint64_t operations = fs_.operation_count();
  Vote(1, 2, 1);
  EXPECT_EQ(fs_.operation_count(), operations);
  EXPECT_EQ(log_->hard_state().commit, Index{1});
  Close();
  EXPECT_EQ(Replay(), "1/1=a");
  EXPECT_EQ(log_->hard_state(), MakeHardState(1, 2, 1));
}

TEST_F(LogStoreTest, OneBatchIsOneWriteAndOneSync) {
  Create();
  WriteSynced("first");
  const std::uint64_t operations = fs_.operation_count();
  for (int i = 0; i < 10; ++i) Write("entry " + std::to_string(i));
  Vote(1, 3, 2);
  Sync();
  EXPECT_EQ(fs_.operation_count(), operations + 2);
  Sync();
  EXPECT_EQ(fs_.operation_count(), operations + 2) << "nothing was pending";
}

TEST_F(LogStoreTest, RollsToTheNextSegment) {
  Create();
  FillSegments(3);
  const std::string before = Describe(*log_);
  EXPECT_EQ(Segments().size(), 4U);
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), before);
}

TEST_F(LogStoreTest, ABatchLargerThanASegmentGetsItsOwn) {
  Create();
  WriteSynced("small");
  WriteSynced(std::string(3 * kSegmentBytes, 'L'));
  WriteSynced("small again");
  const std::string before = Describe(*log_);
  EXPECT_EQ(Replay(), before);
}

TEST_F(LogStoreTest, KeepsTypesAndEmptyEntries) {
  Create();
  raft::Entry change = MakeEntry(1, 1, "conf");
  change.type = raft::EntryType::kConfChange;
  const std::vector<raft::Entry> entries = {change, MakeEntry(2, 1, "")};
  ASSERT_TRUE(log_->Append(std::nullopt, entries).ok());
  Sync();
  ASSERT_TRUE(Reopen().ok());
  std::vector<raft::Entry> read;
  ASSERT_EQ(log_->Entries(Index{1}, Index{3}, UINT64_MAX, &read), LogReadStatus::kOk);
  EXPECT_EQ(read, entries);
}

TEST_F(LogStoreTest, ReadsWithinItsBoundsOnly) {
  Create();
  for (const char* data : {"aaaa", "bbbb", "cccc"}) Write(data);
  ASSERT_TRUE(log_->Release(MakeSnapshot(1, 1), Index{1}).ok());
  std::vector<raft::Entry> read;
  EXPECT_EQ(log_->Entries(Index{1}, Index{3}, UINT64_MAX, &read), LogReadStatus::kCompacted);
  EXPECT_EQ(log_->Entries(Index{2}, Index{5}, UINT64_MAX, &read), LogReadStatus::kUnavailable);
  EXPECT_TRUE(read.empty());
  EXPECT_EQ(log_->Entries(Index{2}, Index{4}, 0, &read), LogReadStatus::kOk);
  EXPECT_EQ(read.size(), 1U) << "at least one";
  read.clear();
  EXPECT_EQ(log_->Entries(Index{2}, Index{4}, 8, &read), LogReadStatus::kOk);
  EXPECT_EQ(read.size(), 2U);

  raft::Term term;
  EXPECT_EQ(log_->TermAt(Index{0}, &term), LogReadStatus::kCompacted);
  EXPECT_EQ(log_->TermAt(Index{1}, &term), LogReadStatus::kOk);
  EXPECT_EQ(term, raft::Term{1});
  EXPECT_EQ(log_->TermAt(Index{4}, &term), LogReadStatus::kUnavailable);
}

TEST_F(LogStoreTest, ReleaseForgetsEntriesAndWholeSegments) {
  Create();
  FillSegments(3);
  const Index last = log_->last_index();
  const raft::SnapshotMeta snapshot = MakeSnapshot(last.value, 1);
  ASSERT_TRUE(log_->Release(snapshot, last.Previous()).ok());
  EXPECT_EQ(log_->first_index(), last);
  EXPECT_LE(Segments().size(), 2U);
  const std::string before = Describe(*log_);
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), before);
  EXPECT_EQ(log_->first_index(), last);
  EXPECT_EQ(log_->LatestSnapshot(), snapshot);
  EXPECT_EQ(log_->hard_state().commit, last) << "what a snapshot holds was committed";
}

TEST_F(LogStoreTest, AReleasedSegmentIsUsedAgain) {
  Create();
  FillSegments(2);
  ASSERT_TRUE(log_->Release(MakeSnapshot(log_->last_index().value, 1), log_->last_index()).ok());
  const std::vector<std::string> names = fs_.List(kDir).value();
  EXPECT_EQ(names.size(), 2U) << "the active one and one to be used again";
  FillSegments(1);
  const std::string before = Describe(*log_);
  EXPECT_EQ(fs_.List(kDir).value().size(), 2U);
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), before) << "bytes of its earlier life are not records";
  WriteSynced("more");
  Close();
  EXPECT_THAT(Replay(), HasSubstr("more"));
}

// A roll into a recycled file that a crash cut short leaves a readable head in that file. When the
// same roll is tried again, later in the log, that head must not be found in place of the new one.
TEST_F(LogStoreTest, TheHeadOfAnAbandonedRollDoesNotComeBack) {
  Create();
  FillSegments(2);
  ASSERT_TRUE(log_->Release(MakeSnapshot(log_->last_index().value, 1), log_->last_index()).ok());
  ASSERT_EQ(fs_.List(kDir).value().size(), 2U) << "one of them to be recycled";
  fs_.SetFaultHook([](const sim::FileOperation& operation) {
    return operation.kind == sim::FileOperation::Kind::kSyncDir ? sim::DiskFault::kCrashBefore
                                                                : sim::DiskFault::kNone;
  });
  Write(std::string(kSegmentBytes - 1000, 'x'));
  ASSERT_FALSE(log_->Sync().ok()) << "the head is durable, the file's new name is not";
  fs_.SetFaultHook(nullptr);
  CrashKeepingSynced();

  ASSERT_TRUE(Reopen().ok());
  WriteSynced("moves the end of the segment");
  const std::string before = Describe(*log_);
  fs_.SetFaultHook([](const sim::FileOperation& operation) {
    const bool is_first_of_roll = operation.kind == sim::FileOperation::Kind::kRename ||
                                  operation.kind == sim::FileOperation::Kind::kOpen;
    return is_first_of_roll ? sim::DiskFault::kCrashAfter : sim::DiskFault::kNone;
  });
  Write(std::string(kSegmentBytes - 1000, 'x'));
  ASSERT_FALSE(log_->Sync().ok());
  fs_.SetFaultHook(nullptr);
  Crash(PowerCut::kKeepAll);
  EXPECT_EQ(Replay(), before);
}

TEST_F(LogStoreTest, TheConfigBeforeTheFirstEntryIsKnownAfterARelease) {
  Create();
  const raft::SnapshotMeta start = MakeSnapshot(0, 0);
  std::vector<raft::Entry> entries;
  for (std::uint64_t i = 1; i <= 10; ++i) entries.push_back(MakeEntry(i, 1, "x"));
  entries[3].type = raft::EntryType::kConfChange;  // index 4
  ASSERT_TRUE(log_->Append(std::nullopt, entries).ok());
  raft::SnapshotMeta snapshot = MakeSnapshot(8, 1);
  snapshot.conf_state.voters.pop_back();

  ASSERT_TRUE(log_->Release(snapshot, Index{2}).ok());
  EXPECT_EQ(log_->first_index(), Index{3});
  EXPECT_EQ(log_->base_conf_state(), start.conf_state);
  ASSERT_TRUE(log_->Release(snapshot, Index{6}).ok());
  EXPECT_EQ(log_->first_index(), Index{7});
  EXPECT_EQ(log_->base_conf_state(), snapshot.conf_state);
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(log_->base_conf_state(), snapshot.conf_state);
}

TEST_F(LogStoreTest, AReleaseStopsBeforeAConfigItCannotKnow) {
  Create();
  std::vector<raft::Entry> entries;
  for (std::uint64_t i = 1; i <= 10; ++i) entries.push_back(MakeEntry(i, 1, "x"));
  entries[3].type = raft::EntryType::kConfChange;  // index 4
  entries[6].type = raft::EntryType::kConfChange;  // index 7
  ASSERT_TRUE(log_->Append(std::nullopt, entries).ok());
  ASSERT_TRUE(log_->Release(MakeSnapshot(9, 1), Index{5}).ok());
  EXPECT_EQ(log_->first_index(), Index{4});
}

TEST_F(LogStoreTest, AnInstalledSnapshotReplacesALogThatEndsBeforeIt) {
  Create();
  WriteSynced("a");
  ASSERT_TRUE(log_->InstallSnapshot(MakeSnapshot(10, 3)).ok());
  Sync();
  EXPECT_EQ(log_->first_index(), Index{11});
  EXPECT_EQ(log_->last_index(), Index{10});
  Write("k", 3);
  Sync();
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "11/3=k");
  EXPECT_EQ(log_->LatestSnapshot(), MakeSnapshot(10, 3));
}

TEST_F(LogStoreTest, AnInstalledSnapshotKeepsEntriesThatAgree) {
  Create();
  for (const char* data : {"a", "b", "c"}) Write(data);
  ASSERT_TRUE(log_->InstallSnapshot(MakeSnapshot(2, 1)).ok());
  Sync();
  EXPECT_EQ(Describe(*log_), "3/1=c");
  EXPECT_EQ(Replay(), "3/1=c");
}

TEST_F(LogStoreTest, AnInstalledSnapshotDropsEntriesThatConflict) {
  Create();
  for (const char* data : {"a", "b", "c"}) Write(data);
  ASSERT_TRUE(log_->InstallSnapshot(MakeSnapshot(2, 2)).ok());
  Sync();
  EXPECT_EQ(Describe(*log_), "");
  EXPECT_EQ(log_->last_index(), Index{2});
  EXPECT_EQ(Replay(), "");
  EXPECT_EQ(log_->last_index(), Index{2});
}

TEST_F(LogStoreTest, IsNotMadeTwice) {
  Create();
  const auto again = LogStore::Create(&fs_, kDir, kIdentity, MakeSnapshot(0, 0), options_);
  EXPECT_TRUE(absl::IsAlreadyExists(again.status())) << again.status();
}

TEST_F(LogStoreTest, IsNotFoundWhereThereIsNone) { EXPECT_TRUE(absl::IsNotFound(Reopen())); }

TEST_F(LogStoreTest, RefusesTheLogOfAnotherMember) {
  Create();
  Close();
  options_.expected_identity = LogIdentity{.cluster_id = 0xc1, .member_id = 0x2};
  const absl::Status opened = Reopen();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened));
  EXPECT_THAT(opened.ToString(), HasSubstr("belongs to member 1 of cluster c1"));
}

// A seal fills up its block, so it may need more room in the next segment than where it stood.
TEST_F(LogStoreTest, SealsHoweverSmallTheSegmentsAre) {
  for (const std::uint64_t segment_bytes : {4096U, 8192U}) {
    ASSERT_TRUE(!fs_.Exists(kDir) || fs_.RemoveTree(kDir).ok());
    options_.segment_bytes = segment_bytes;
    Create();
    for (std::size_t size = 1; size < 5000; size += 173) {
      WriteSynced(std::string(size, 'x'));
      ASSERT_TRUE(log_->Seal().ok());
    }
    const std::string before = Describe(*log_);
    Close();
    ASSERT_TRUE(Reopen().ok());
    EXPECT_EQ(Describe(*log_), before);
  }
}

// From here on the disk gives no space; bytes of files that are there can be written.
void FillDisk(sim::SimFileSystem* fs) {
  fs->SetFaultHook([](const sim::FileOperation& operation) {
    return operation.kind == sim::FileOperation::Kind::kResize ? sim::DiskFault::kNoSpace
                                                               : sim::DiskFault::kNone;
  });
}

TEST_F(LogStoreTest, GoesOnInReservedSpaceWhenTheDiskIsFull) {
  Create();
  WriteSynced("a");
  EXPECT_FALSE(log_->reserved());
  ASSERT_TRUE(log_->Reserve().ok());
  EXPECT_TRUE(log_->reserved());
  FillDisk(&fs_);
  int written = 0;
  for (; log_->room() >= 2000; ++written) WriteSynced(std::string(1500, 'x'));
  EXPECT_GT(written, static_cast<int>(kSegmentBytes / 2000)) << "more than one segment";
  EXPECT_FALSE(log_->reserved());
  EXPECT_EQ(log_->Reserve().code(), absl::StatusCode::kResourceExhausted);
  Vote(2, 1);
  Sync();
  ASSERT_TRUE(log_->Seal().ok());
  fs_.SetFaultHook(nullptr);
  EXPECT_TRUE(log_->Reserve().ok());
  const std::string before = Describe(*log_);
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), before);
}

TEST_F(LogStoreTest, AReservationThatFailsLeavesNothingBehind) {
  Create();
  const std::vector<std::string> before = fs_.List(kDir).value();
  FillDisk(&fs_);
  EXPECT_EQ(log_->Reserve().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(fs_.List(kDir).value(), before);
  fs_.SetFaultHook([](const sim::FileOperation& operation) {
    return operation.kind == sim::FileOperation::Kind::kResize ? sim::DiskFault::kIoError
                                                               : sim::DiskFault::kNone;
  });
  const absl::Status failure = log_->Reserve();
  EXPECT_FALSE(failure.ok());
  fs_.SetFaultHook(nullptr);
  EXPECT_EQ(log_->Sync(), failure) << "any other error is final";
}

TEST_F(LogStoreTest, AReleasedSegmentTakesThePlaceOfAReservedOne) {
  Create();
  FillSegments(1);
  ASSERT_TRUE(log_->Reserve().ok());
  const raft::Index last = log_->last_index();
  FillSegments(1);
  ASSERT_TRUE(log_->Reserve().ok());
  ASSERT_TRUE(log_->Release(MakeSnapshot(last.value, 1), last).ok());
  std::vector<std::string> spares = fs_.List(kDir).value();
  std::erase_if(spares, [](const std::string& name) { return !name.ends_with(".spare"); });
  EXPECT_EQ(spares, std::vector<std::string>{"00000001.wal.spare"});
  EXPECT_TRUE(log_->reserved());
}

TEST_F(LogStoreTest, AnErrorIsFinal) {
  for (const sim::DiskFault fault : {sim::DiskFault::kIoError, sim::DiskFault::kNoSpace}) {
    for (const auto kind : {sim::FileOperation::Kind::kWrite, sim::FileOperation::Kind::kSync}) {
      ASSERT_TRUE(fs_.RemoveTree(kDir).ok());
      Create();
      WriteSynced("a");
      fs_.SetFaultHook([&](const sim::FileOperation& operation) {
        return operation.kind == kind ? fault : sim::DiskFault::kNone;
      });
      Write("b");
      const absl::Status failure = log_->Sync();
      EXPECT_FALSE(failure.ok());
      fs_.SetFaultHook(nullptr);
      EXPECT_EQ(log_->Sync(), failure);
      EXPECT_EQ(log_->Seal(), failure);
      EXPECT_EQ(log_->Append(MakeHardState(9, 1, 0), {}), failure);
      EXPECT_EQ(log_->InstallSnapshot(MakeSnapshot(9, 9)), failure);
      EXPECT_EQ(log_->Release(MakeSnapshot(1, 1), Index{1}), failure);
    }
  }
}

// After a failed sync the page cache shows bytes that the disk does not have. A process that starts
// on them and answers for them must first have put them there.
TEST_F(LogStoreTest, WhatAStartShowsIsOnTheDiskEvenAfterAFailedSync) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    sim::SimFileSystem fs(seed);
    auto log = LogStore::Create(&fs, kDir, kIdentity, MakeSnapshot(0, 0), options_).value();
    const raft::Entry entry = MakeEntry(1, 1, "a");
    fs.SetFaultHook([](const sim::FileOperation& operation) {
      return operation.kind == sim::FileOperation::Kind::kSync ? sim::DiskFault::kIoError
                                                               : sim::DiskFault::kNone;
    });
    ASSERT_TRUE(log->Append(std::nullopt, {&entry, 1}).ok());
    ASSERT_FALSE(log->Sync().ok());
    fs.SetFaultHook(nullptr);
    log.reset();
    fs.KillProcess();
    log = LogStore::Open(&fs, kDir, options_).value();
    const std::string shown = Describe(*log);
    EXPECT_EQ(shown, "1/1=a");
    fs.CutPower(PowerCut::kLoseAll);
    log.reset();
    log = LogStore::Open(&fs, kDir, options_).value();
    EXPECT_EQ(Describe(*log), shown);
  }
}

TEST_F(LogStoreTest, WhatAStartShowsIsOnTheDiskAfterAProcessDied) {
  Create();
  Write("a");
  fs_.SetFaultHook([](const sim::FileOperation& operation) {
    return operation.kind == sim::FileOperation::Kind::kSync ? sim::DiskFault::kCrashBefore
                                                             : sim::DiskFault::kNone;
  });
  ASSERT_FALSE(log_->Sync().ok());
  fs_.SetFaultHook(nullptr);
  fs_.KillProcess();
  EXPECT_EQ(Replay(), "1/1=a");
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=a");
}

TEST_F(LogStoreTest, AReadErrorIsNotTakenForAnEmptySegment) {
  Create();
  FillSegments(1);
  WriteSynced("z");
  Close();
  fs_.SetFaultHook([last = LastSegment()](const sim::FileOperation& operation) {
    const bool is_read = operation.kind == sim::FileOperation::Kind::kRead;
    return is_read && operation.path == last ? sim::DiskFault::kIoError : sim::DiskFault::kNone;
  });
  EXPECT_THAT(Reopen().message(), HasSubstr("input/output error"));

  // A log that is only unreadable now would be given up as damaged.
  options_.mutation = raft::Mutation::kReadErrorIsEmpty;
  const absl::Status misled = Reopen();
  EXPECT_FALSE(misled.ok());
  EXPECT_THAT(misled.message(), Not(HasSubstr("input/output error")));
}

TEST_F(LogStoreTest, TheUnsafeOptionsBreakWhatTheySay) {
  options_.mutation = raft::Mutation::kVoteForgotten;
  Create();
  Vote(4, 2);
  WriteSynced("a", 4);
  Close();
  ASSERT_TRUE(Reopen().ok());
  EXPECT_EQ(log_->hard_state(), MakeHardState(4, 0, 0));

  options_.mutation = raft::Mutation::kSyncSkipped;
  ASSERT_TRUE(Reopen().ok());
  WriteSynced("b", 4);
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/4=a");

  options_.mutation = raft::Mutation::kInstallKeepsSuffix;
  ASSERT_TRUE(Reopen().ok());
  WriteSynced("b", 4);
  WriteSynced("c", 4);
  ASSERT_TRUE(log_->InstallSnapshot(MakeSnapshot(2, 5)).ok());
  Sync();
  EXPECT_EQ(Describe(*log_), "3/4=c");
}

}  // namespace
}  // namespace stele::storage
