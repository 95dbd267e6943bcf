// Every single bit of a 64 KiB log is flipped: the recovery must notice, or read the same records.
// Decoded in memory, so that half a million starts take seconds.

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "src/storage/wal/log_contents.h"
#include "src/storage/wal/recovery.h"
#include "tests/storage/wal/wal_fixture.h"

namespace stele::storage {
namespace {

struct Outcome {
  std::uint64_t detected = 0;
  std::uint64_t same = 0;
  std::uint64_t cut = 0;  // taken for a torn tail
};

class BitFlipSweepTest : public WalFixture {
 protected:
  // Four segments of 16 KiB with records of all kinds. The last batch, `last_batch_`, is sealed
  // only if the log is closed.
  void WriteLog() {
    Create();
    Vote(1, 2);
    for (int i = 0; i < 300; ++i) {
      Write(std::string(static_cast<std::size_t>(i * 37 % 600), static_cast<char>('a' + i % 26)),
            1 + static_cast<std::uint64_t>(i) / 100);
      if (i % 3 == 2) Sync();
      if (i == 150) Vote(3, 1, 40);
      if (i == 180) {
        ASSERT_TRUE(log_->Release(MakeSnapshot(40, 1), raft::Index{20}).ok());
      }
      if (i == 200) WriteAt(190, "replaces", 4);
      if (Segments().size() == 4) break;
    }
    WriteSynced(std::string(3000, 'v'), 5);
    ASSERT_TRUE(log_->InstallSnapshot(MakeSnapshot(45, 1)).ok());
    Sync();
    last_begin_ = EndOfLog();
    Vote(6, 3, 50);
    Write("one of the last", 6);
    Write("the very last", 6);
    Sync();
    last_end_ = EndOfLog();
  }

  std::uint64_t EndOfLog() {
    LoadFiles();
    return Recover().value().tail.position.offset;
  }

  void LoadFiles() {
    files_.clear();
    sequences_.clear();
    for (const std::string& name : Segments()) {
      const auto sequence = static_cast<std::uint32_t>(std::stoul(name, nullptr, 16));
      files_[sequence] = fs_.ReadAll(PathOf(name)).value();
      sequences_.push_back(sequence);
    }
  }

  absl::StatusOr<wal::RecoveredLog> Recover() const {
    return wal::RecoverLog(kDir, sequences_, kIdentity,
                           [&](std::uint32_t sequence) -> absl::StatusOr<std::string_view> {
                             return files_.at(sequence);
                           });
  }

  static std::vector<raft::Entry> EntriesOf(const wal::LogContents& log) {
    std::vector<raft::Entry> entries;
    EXPECT_EQ(log.Entries(log.first_index(), log.last_index().Next(), UINT64_MAX, &entries),
              raft::LogReadStatus::kOk);
    return entries;
  }

  // Flips each bit of each file. Where a cut is allowed, the caller says.
  Outcome FlipAll(std::uint64_t cut_begin, std::uint64_t cut_end) {
    const std::clock_t begin = std::clock();
    const auto intact = Recover();
    EXPECT_TRUE(intact.ok()) << intact.status();
    const wal::LogSummary summary = intact->contents.summary();
    const std::vector<raft::Entry> entries = EntriesOf(intact->contents);
    Outcome outcome;
    std::uint64_t bits = 0;
    for (auto& [sequence, bytes] : files_) {
      for (std::uint64_t bit = 0; bit < bytes.size() * 8; ++bit, ++bits) {
        char& byte = bytes[bit / 8];
        const char before = byte;
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
        const auto recovered = Recover();
        byte = before;
        if (!recovered.ok()) {
          EXPECT_TRUE(absl::IsDataLoss(recovered.status())) << recovered.status();
          ++outcome.detected;
        } else if (recovered->contents.summary() == summary &&
                   EntriesOf(recovered->contents) == entries) {
          ++outcome.same;
        } else {
          ++outcome.cut;
          const bool allowed = sequence == sequences_.back() && bit / 8 >= cut_begin &&
                               bit / 8 < cut_end && recovered->tail.position.offset == cut_begin;
          EXPECT_TRUE(allowed) << "segment " << sequence << " byte " << bit / 8;
          if (!allowed) return outcome;
        }
      }
    }
    std::printf(
        "%llu bits flipped: %llu detected, %llu same records, %llu cut; %.1f s of CPU time\n",
        static_cast<unsigned long long>(bits), static_cast<unsigned long long>(outcome.detected),
        static_cast<unsigned long long>(outcome.same), static_cast<unsigned long long>(outcome.cut),
        static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    return outcome;
  }

  std::map<std::uint32_t, std::string> files_;
  std::vector<std::uint32_t> sequences_;
  std::uint64_t last_begin_ = 0;  // the last batch with content, in the last segment
  std::uint64_t last_end_ = 0;
};

TEST_F(BitFlipSweepTest, NoFlipInAClosedLogCutsAnything) {
  WriteLog();
  Close();
  LoadFiles();
  ASSERT_EQ(files_.size(), 4U);
  const Outcome outcome = FlipAll(0, 0);
  EXPECT_EQ(outcome.cut, 0U);
  EXPECT_GT(outcome.detected, 0U);
}

TEST_F(BitFlipSweepTest, InALogThatWasNotClosedOnlyTheLastBatchCanLookTorn) {
  WriteLog();
  CrashKeepingSynced();
  LoadFiles();
  ASSERT_EQ(files_.size(), 4U);
  const Outcome outcome = FlipAll(last_begin_, last_end_);
  EXPECT_EQ(outcome.cut, (last_end_ - last_begin_) * 8) << "each of its bits";
}

}  // namespace
}  // namespace stele::storage
