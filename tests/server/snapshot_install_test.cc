// A snapshot arrives, the log restarts behind it, the store is switched: at every disk operation of
// that the machine crashes, and the next start finds either the old store or the new one, whole.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/peer.pb.h"
#include "src/server/current_store.h"
#include "src/server/peer/snapshot_files.h"
#include "src/storage/engine/mem_engine.h"
#include "src/storage/mvcc/meta_keys.h"
#include "src/storage/state_machine/stored_state.h"
#include "src/storage/wal/crc32c.h"
#include "tests/sim/sim_file_system.h"

namespace stele::server {
namespace {

using sim::DiskFault;
using sim::FileOperation;
using sim::PowerCut;
using sim::SimFileSystem;

constexpr char kLogDir[] = "/wal";
constexpr char kStoreDir[] = "/store";
constexpr std::uint64_t kOwnEntries = 5;
constexpr std::uint64_t kSnapshotIndex = 50;
constexpr std::uint64_t kTerm = 3;

raft::SnapshotMeta MetaAt(std::uint64_t index, std::uint64_t term) {
  raft::SnapshotMeta meta;
  meta.last = {raft::Index{index}, raft::Term{term}};
  meta.conf_state.voters = {raft::NodeId{1}, raft::NodeId{2}};
  return meta;
}

// The files of a store in this test: the first one says how far it has applied, the others are
// there to be missed.
std::vector<std::pair<std::string, std::string>> FilesOf(std::uint64_t applied) {
  return {{"applied", absl::StrCat(applied)},
          {"empty", ""},
          {"large", std::string(10'000, static_cast<char>('a' + applied % 26))}};
}

// Opens a store of such files, or an empty one if there is nothing.
absl::StatusOr<std::unique_ptr<storage::Engine>> OpenToy(storage::FileSystem* fs,
                                                         const std::string& dir) {
  auto engine = std::make_unique<storage::MemEngine>();
  const auto files = fs->List(dir);
  if (!files.ok()) return files.status();
  if (files->empty()) return engine;
  auto text = fs->ReadAll(dir + "/applied");
  storage::StoredState state;
  if (!text.ok() || !absl::SimpleAtoi(*text, &state.applied.index.value)) {
    return absl::DataLossError(dir + ": no applied index");
  }
  for (const auto& [name, content] : FilesOf(state.applied.index.value)) {
    if (fs->ReadAll(absl::StrCat(dir, "/", name)).value_or("missing") != content) {
      return absl::DataLossError(absl::StrCat(dir, ": ", name, " is not as it was sent"));
    }
  }
  state.applied.term = raft::Term{kTerm};
  auto batch = engine->NewBatch();
  batch->Put(storage::Family::kMeta, storage::kStateKey, storage::EncodeStoredState(state));
  if (absl::Status written = engine->Write(batch.get()); !written.ok()) return written;
  return engine;
}

std::vector<std::string> NamesIn(SimFileSystem* fs) { return fs->List(kStoreDir).value(); }

// A member reduced to its log and its store, from start to crash.
class Member {
 public:
  explicit Member(SimFileSystem* fs) : fs_(fs) {}

  absl::Status Start() {
    storage::LogStoreOptions options;
    options.segment_bytes = 16 << 10;
    options.zero_ahead_bytes = 1 << 10;
    auto log = fs_->Exists(kLogDir)
                   ? storage::LogStore::Open(fs_, kLogDir, options)
                   : storage::LogStore::Create(fs_, kLogDir, {7, 2}, MetaAt(0, 0), options);
    if (!log.ok()) return log.status();
    log_ = *std::move(log);
    auto store =
        CurrentStore::Open(fs_, kStoreDir, SnapshotStoreName(log_->LatestSnapshot().last.index),
                           [this](const std::string& dir) { return OpenToy(fs_, dir); });
    if (!store.ok()) return store.status();
    store_ = *std::move(store);
    return FinishInstall(*log_, store_.get());
  }

  absl::Status AppendOwnEntries() {
    std::vector<raft::Entry> entries;
    for (std::uint64_t i = 1; i <= kOwnEntries; ++i) {
      entries.push_back({.id = {raft::Index{i}, raft::Term{1}}, .data = raft::Payload("own")});
    }
    absl::Status status = log_->Append(raft::HardState{raft::Term{1}, {}, {}}, entries);
    return status.ok() ? log_->Sync() : status;
  }

  absl::Status Receive(std::uint64_t index, std::size_t chunks_max = SIZE_MAX) {
    SnapshotFiles files(fs_, kStoreDir);
    stelepb::SnapshotHeader header;
    header.mutable_meta()->set_index(index);
    for (const auto& [name, content] : FilesOf(index)) {
      header.add_files()->set_name(name);
      header.mutable_files()->rbegin()->set_size(content.size());
    }
    absl::Status status = files.Begin(header);
    std::size_t sent = 0;
    for (int i = 0; i < header.files_size() && status.ok(); ++i) {
      const std::string content = FilesOf(index)[static_cast<std::size_t>(i)].second;
      for (std::size_t at = 0; at < content.size() && status.ok() && sent < chunks_max; ++sent) {
        stelepb::SnapshotChunk chunk;
        chunk.set_file_number(static_cast<std::uint32_t>(i));
        chunk.set_offset(at);
        chunk.set_data(content.substr(at, 3000));
        chunk.set_crc32c(storage::wal::Crc32c(chunk.data()));
        at += chunk.data().size();
        status = files.Add(chunk);
      }
    }
    EXPECT_EQ(files.complete(), status.ok() && chunks_max == SIZE_MAX);
    return status;
  }

  // What the raft loop and the apply loop do with the message.
  absl::Status Install(std::uint64_t index) {
    absl::Status status = log_->InstallSnapshot(MetaAt(index, kTerm));
    if (status.ok()) {
      status = log_->Append(raft::HardState{raft::Term{kTerm}, {}, raft::Index{index}}, {});
    }
    if (status.ok()) status = log_->Sync();
    return status.ok() ? store_->SwitchTo(SnapshotStoreName(raft::Index{index})) : status;
  }

  absl::Status Live() {
    absl::Status status = Start();
    if (status.ok()) status = AppendOwnEntries();
    if (status.ok()) status = Receive(kSnapshotIndex);
    if (status.ok()) status = Install(kSnapshotIndex);
    return status;
  }

  std::uint64_t applied() { return store_->state_machine().applied_index().value; }
  storage::LogStore& log() { return *log_; }
  CurrentStore& store() { return *store_; }

 private:
  SimFileSystem* const fs_;
  std::unique_ptr<storage::LogStore> log_;
  std::unique_ptr<CurrentStore> store_;
};

// Starts from what a crash left, checks that it is one of the two, and installs again.
void CheckStart(SimFileSystem* fs, bool installed) {
  Member member(fs);
  const absl::Status started = member.Start();
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_TRUE(member.applied() == 0 || member.applied() == kSnapshotIndex) << member.applied();
  if (installed) {
    EXPECT_EQ(member.applied(), kSnapshotIndex) << "what was complete must stay";
  }
  EXPECT_LE(member.log().first_index().Previous().value, member.applied()) << "a gap";
  EXPECT_LE(member.applied(), member.log().last_index().value);
  for (const std::string& name : NamesIn(fs)) {
    EXPECT_FALSE(absl::StartsWith(name, "incoming-")) << "garbage: " << name;
  }
  const absl::Status received = member.Receive(kSnapshotIndex + 20);
  ASSERT_TRUE(received.ok()) << received;
  const absl::Status again = member.Install(kSnapshotIndex + 20);
  ASSERT_TRUE(again.ok()) << again;
  EXPECT_EQ(member.applied(), kSnapshotIndex + 20);
}

TEST(SnapshotInstallTest, IsAtomicAtEveryCrashAndError) {
  SimFileSystem whole(1);
  const absl::Status live = Member(&whole).Live();
  ASSERT_TRUE(live.ok()) << live;
  const std::uint64_t operations = whole.operation_count();
  int cases = 0;
  for (std::uint64_t n = 1; n <= operations && !::testing::Test::HasFailure(); ++n) {
    for (const DiskFault fault : {DiskFault::kCrashBefore, DiskFault::kCrashAfter,
                                  DiskFault::kIoError, DiskFault::kNoSpace}) {
      SimFileSystem fs(n);
      fs.SetFaultHook([&](const FileOperation& operation) {
        return operation.number == n ? fault : DiskFault::kNone;
      });
      const bool installed = Member(&fs).Live().ok();
      fs.SetFaultHook(nullptr);
      std::uint64_t seed = n * 64;
      for (const PowerCut cut : {PowerCut::kLoseAll, PowerCut::kKeepAll, PowerCut::kLoseSome,
                                 PowerCut::kTearSectors, PowerCut::kTearWords}) {
        SCOPED_TRACE(testing::Message()
                     << "operation " << n << ", fault " << static_cast<int>(fault) << ", cut "
                     << static_cast<int>(cut));
        SimFileSystem after(fs);
        after.Reseed(++seed);
        after.CutPower(cut);
        CheckStart(&after, installed);
        ++cases;
      }
    }
  }
  std::printf("snapshot install: %llu operations, %d cases\n",
              static_cast<unsigned long long>(operations), cases);
}

TEST(SnapshotInstallTest, ATransferThatBreaksOffLeavesNothing) {
  SimFileSystem fs(1);
  Member member(&fs);
  ASSERT_TRUE(member.Start().ok());
  const std::vector<std::string> before = NamesIn(&fs);
  for (const std::size_t chunks : {0U, 1U, 2U, 4U}) {
    EXPECT_TRUE(member.Receive(kSnapshotIndex, chunks).ok());
    EXPECT_EQ(NamesIn(&fs), before);
  }
}

// The leader did not hear that its snapshot arrived and sends it again, while the first one is in
// force or about to be.
TEST(SnapshotInstallTest, ASecondCopyDoesNotTouchTheFirst) {
  SimFileSystem fs(1);
  Member member(&fs);
  ASSERT_TRUE(member.Live().ok());
  const std::string file =
      absl::StrCat(kStoreDir, "/", SnapshotStoreName(raft::Index{kSnapshotIndex}), "/mine");
  ASSERT_TRUE(fs.OpenForWrite(file).ok());  // as RocksDB adds files to the store in force
  ASSERT_TRUE(member.Receive(kSnapshotIndex).ok());
  EXPECT_TRUE(fs.Exists(file)) << "files of the store in force were taken away";
  for (const std::string& name : NamesIn(&fs)) {
    EXPECT_FALSE(absl::StartsWith(name, "incoming-")) << "garbage: " << name;
  }
}

// Damage, not a crash: the store that the log relies on is gone. The old one must not be taken for
// it.
TEST(SnapshotInstallTest, AMissingStoreIsRefusedAndTheOldOneStays) {
  SimFileSystem fs(1);
  {
    Member member(&fs);
    ASSERT_TRUE(member.Start().ok());
    ASSERT_TRUE(member.AppendOwnEntries().ok());
    ASSERT_TRUE(member.log().InstallSnapshot(MetaAt(kSnapshotIndex, kTerm)).ok());
    ASSERT_TRUE(member.log().Sync().ok());
  }
  const std::vector<std::string> before = NamesIn(&fs);
  EXPECT_EQ(Member(&fs).Start().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(NamesIn(&fs), before);
}

TEST(SnapshotInstallTest, StoresThatNobodyNeedsAreRemoved) {
  SimFileSystem fs(1);
  Member member(&fs);
  ASSERT_TRUE(member.Live().ok());
  ASSERT_TRUE(member.Receive(kSnapshotIndex - 20).ok());  // overtaken
  ASSERT_TRUE(member.Receive(kSnapshotIndex + 20).ok());  // about to be installed
  member.store().RemoveObsolete();
  EXPECT_EQ(NamesIn(&fs),
            (std::vector<std::string>{"CURRENT", SnapshotStoreName(raft::Index{kSnapshotIndex}),
                                      SnapshotStoreName(raft::Index{kSnapshotIndex + 20})}));
}

}  // namespace
}  // namespace stele::server
