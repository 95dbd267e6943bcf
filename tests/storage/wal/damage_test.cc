// Damage that is no crash: what is detected, what is cut, and what the error says.

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/storage/log_store.h"
#include "src/storage/wal/record.h"
#include "tests/storage/wal/wal_fixture.h"

namespace stele::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class DamageTest : public WalFixture {
 protected:
  // Three synced batches in one segment.
  void WriteThree() {
    Create();
    for (const char* data : {"alpha", "bravo", "charlie"}) WriteSynced(data);
  }

  void FlipBitIn(std::string_view bytes) {
    fs_.FlipBit(LastSegment(), OffsetOf(LastSegment(), bytes) * 8 + 3);
  }

  // Offset of the record whose payload begins with `payload`.
  std::uint64_t RecordOf(std::string_view payload) {
    return OffsetOf(LastSegment(), payload) - wal::kRecordHeaderBytes;
  }

  static auto IsCorrupt(const std::string& file) {
    return AllOf(StartsWith("DATA_LOSS"), HasSubstr(file));
  }
};

TEST_F(DamageTest, APayloadInTheMiddleIsCorruption) {
  WriteThree();
  const std::uint64_t offset = RecordOf("bravo");
  FlipBitIn("bravo");
  CrashKeepingSynced();
  EXPECT_THAT(Replay(),
              AllOf(IsCorrupt("00000001.wal"), HasSubstr("at offset " + std::to_string(offset))));
}

TEST_F(DamageTest, ARefusedLogIsLeftAlone) {
  WriteThree();
  FlipBitIn("bravo");
  CrashKeepingSynced();
  const std::string before = fs_.ReadAll(LastSegment()).value();
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
  EXPECT_EQ(fs_.ReadAll(LastSegment()).value(), before);
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal")) << "again and again";
}

TEST_F(DamageTest, ALengthInTheMiddleIsCorruption) {
  WriteThree();
  fs_.FlipBit(LastSegment(), (RecordOf("bravo") + 4) * 8);
  CrashKeepingSynced();
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
}

TEST_F(DamageTest, ThePayloadOfTheLastUnsealedBatchLooksTorn) {
  WriteThree();
  FlipBitIn("charlie");
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=alpha 2/1=bravo");
}

TEST_F(DamageTest, ThePayloadOfTheLastSealedBatchIsCorruption) {
  WriteThree();
  ASSERT_TRUE(log_->Seal().ok());
  FlipBitIn("charlie");
  CrashKeepingSynced();
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
}

TEST_F(DamageTest, ClosingSeals) {
  WriteThree();
  Close();
  FlipBitIn("charlie");
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
}

TEST_F(DamageTest, ALostSectorCannotTakeTheLastBatchAndItsSeal) {
  for (const std::uint64_t sector_bytes : {512U, 4096U}) {
    ASSERT_TRUE(fs_.RemoveTree(kDir).ok());
    WriteThree();
    Close();
    const std::uint64_t sector = RecordOf("charlie") / sector_bytes * sector_bytes;
    // The head may be in the same sector; either way nothing is cut.
    fs_.Overwrite(LastSegment(), sector, std::string(sector_bytes, '\0'));
    EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
  }
}

TEST_F(DamageTest, ADamagedSealCostsNothing) {
  WriteThree();
  Close();
  const std::uint64_t seal = 4096;  // the second half of the seal
  fs_.FlipBit(LastSegment(), seal * 8);
  EXPECT_EQ(Replay(), "1/1=alpha 2/1=bravo 3/1=charlie");
}

TEST_F(DamageTest, ATornBatchIsCutForGood) {
  WriteThree();
  Write(std::string(2000, 'x'));
  Write(std::string(2000, 'y'));
  Sync();
  const std::uint64_t torn = OffsetOf(LastSegment(), "xxxx") + 600;
  fs_.Overwrite(LastSegment(), torn, std::string(512, '\0'));
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=alpha 2/1=bravo 3/1=charlie") << "a batch is there or not";
  EXPECT_EQ(fs_.ReadAll(LastSegment()).value().find("yyyy"), std::string::npos) << "zeros instead";
  WriteSynced("delta");
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=alpha 2/1=bravo 3/1=charlie 4/1=delta");
}

TEST_F(DamageTest, SwappedSectorsAreCorruption) {
  Create();
  for (char data = 'a'; data < 'h'; ++data) WriteSynced(std::string(1024, data));
  Close();
  const std::string bytes = fs_.ReadAll(LastSegment()).value();
  fs_.Overwrite(LastSegment(), 1024, bytes.substr(2048, 512));
  fs_.Overwrite(LastSegment(), 2048, bytes.substr(1024, 512));
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
}

TEST_F(DamageTest, AnyZeroedSectorOfASealedLogIsFoundOrHarmless) {
  Create();
  FillSegments(1);
  for (int i = 0; i < 5; ++i) WriteSynced("entry " + std::to_string(i));
  const std::string before = Describe(*log_);
  Close();
  int found = 0;
  for (const std::string& name : Segments()) {
    for (std::uint64_t offset = 0; offset < kSegmentBytes; offset += 512) {
      const std::string sector = fs_.ReadAll(PathOf(name)).value().substr(offset, 512);
      sim::SimFileSystem copy(fs_);
      copy.Overwrite(PathOf(name), offset, std::string(512, '\0'));
      const auto opened = LogStore::Open(&copy, kDir, options_);
      if (opened.ok()) {
        EXPECT_EQ(Describe(**opened), before) << name << " " << offset;
      } else {
        EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status();
        ++found;
      }
    }
  }
  EXPECT_GT(found, static_cast<int>(kSegmentBytes / 512 / 2));
}

TEST_F(DamageTest, AFileOfAnyOtherLengthIsCorruption) {
  Create();
  FillSegments(1);
  WriteSynced("last");
  Close();
  for (const std::string& name : Segments()) {
    for (std::uint64_t size = 0; size < kSegmentBytes; ++size) {
      sim::SimFileSystem copy(fs_);
      copy.Shorten(PathOf(name), size);
      const auto opened = LogStore::Open(&copy, kDir, options_);
      ASSERT_TRUE(absl::IsDataLoss(opened.status())) << name << " " << size << opened.status();
    }
  }
}

TEST_F(DamageTest, AMissingSegmentIsNamed) {
  Create();
  FillSegments(3);
  Close();
  const std::vector<std::string> names = Segments();
  ASSERT_EQ(names.size(), 4U);
  for (const std::string& name : names) {
    sim::SimFileSystem copy(fs_);
    ASSERT_TRUE(copy.Remove(PathOf(name)).ok());
    const auto opened = LogStore::Open(&copy, kDir, options_);
    EXPECT_TRUE(absl::IsDataLoss(opened.status()));
    EXPECT_THAT(opened.status().ToString(), HasSubstr(name + " is missing"));
  }
}

TEST_F(DamageTest, AnEmptyDirectoryIsALostLog) {
  Create();
  Close();
  ASSERT_TRUE(fs_.Remove(FirstSegment()).ok());
  EXPECT_THAT(Replay(), StartsWith("DATA_LOSS"));
}

TEST_F(DamageTest, ANewSegmentWithoutHeadIsDroppedOnlyIfNobodySaysItWasThere) {
  Create();
  WriteSynced("alpha");
  const std::string unborn = PathOf("00000002.wal");
  ASSERT_TRUE(fs_.OpenForWrite(unborn).ok());
  CrashKeepingSynced();
  ASSERT_TRUE(fs_.OpenForWrite(unborn).ok());
  EXPECT_EQ(Replay(), "1/1=alpha");
  EXPECT_FALSE(fs_.Exists(unborn));

  FillSegments(1);
  Close();
  fs_.Overwrite(unborn, 0, std::string(64, '\0'));
  EXPECT_THAT(Replay(), IsCorrupt("00000002.wal"));
}

TEST_F(DamageTest, TheHeadOfTheOnlySegmentIsNeverExcused) {
  Create();
  CrashKeepingSynced();
  fs_.FlipBit(LastSegment(), 100 * 8);
  EXPECT_THAT(Replay(), IsCorrupt("00000001.wal"));
}

TEST_F(DamageTest, ANewerFormatIsRefusedByItsNumber) {
  Create();
  Close();
  std::string preamble(wal::kPreambleBytes, '\0');
  wal::EncodePreamble(2, preamble.data());
  fs_.Overwrite(LastSegment(), 0, preamble);
  EXPECT_THAT(Replay(), AllOf(StartsWith("UNIMPLEMENTED"), HasSubstr("format version 2"),
                              HasSubstr("only version 1")));
}

TEST_F(DamageTest, ASegmentOfAnotherLogIsRefused) {
  Create();
  FillSegments(1);
  Close();
  const std::string foreign = fs_.ReadAll(PathOf("00000002.wal")).value();
  ASSERT_TRUE(fs_.RemoveTree(kDir).ok());
  Create();
  WriteSynced("alpha");
  FillSegments(1);
  Close();
  fs_.Overwrite(PathOf("00000002.wal"), 0, foreign);
  EXPECT_THAT(Replay(), StartsWith("DATA_LOSS"));
}

TEST_F(DamageTest, AReadErrorIsNotAMissingFile) {
  WriteThree();
  Close();
  fs_.SetFaultHook([](const sim::FileOperation& operation) {
    return operation.kind == sim::FileOperation::Kind::kRead ? sim::DiskFault::kIoError
                                                             : sim::DiskFault::kNone;
  });
  EXPECT_THAT(Replay(), HasSubstr("input/output error"));
  fs_.SetFaultHook(nullptr);
  EXPECT_EQ(Replay(), "1/1=alpha 2/1=bravo 3/1=charlie");
}

// A client that stores a record of this very log as a value must not make a crash look like damage.
TEST_F(DamageTest, AValueThatLooksLikeARecordIsNoEvidence) {
  WriteThree();
  const std::string bytes = fs_.ReadAll(LastSegment()).value();
  const std::uint64_t begin = bytes.find_last_not_of('\0') / 8 * 8 + 8;
  // A whole page of headers for every place in it, of a later batch of this segment; only the salt
  // is a guess.
  std::string forged(4096, '\0');
  for (std::uint64_t at = 0; at + wal::kRecordHeaderBytes <= forged.size();
       at += wal::kRecordHeaderBytes) {
    wal::RecordHeader header;
    header.batch = 99;
    header.segment_id = wal::MakeSegmentId(1, 12345);
    header.offset = begin + wal::kRecordHeaderBytes + at;
    header.batch_begin = begin;
    wal::EncodeHeader(header, forged.data() + at);
  }
  WriteSynced(forged);
  fs_.FlipBit(LastSegment(), begin * 8);
  CrashKeepingSynced();
  EXPECT_EQ(Replay(), "1/1=alpha 2/1=bravo 3/1=charlie");
}

}  // namespace
}  // namespace stele::storage
