// The encodings by themselves.

#include "src/storage/wal/record.h"

#include <string>

#include "gtest/gtest.h"
#include "src/storage/wal/crc32c.h"
#include "src/storage/wal/payloads.h"

namespace stele::storage::wal {
namespace {

TEST(Crc32cTest, KnowsTheStandardVectors) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc32c(""), 0U);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43U);
}

RecordHeader SomeHeader() {
  RecordHeader header;
  header.type = RecordType::kEntry;
  header.ends_batch = true;
  header.entry_type = raft::EntryType::kConfChange;
  header.payload_bytes = 0x01020304;
  header.batch = 77;
  header.segment_id = MakeSegmentId(5, 0xdeadbeef);
  header.offset = 0x123450;
  header.batch_begin = 0x123400;
  header.chain = 0xabcdef01;
  header.payload_crc = 0x10203040;
  header.entry = {raft::Index{0x1122334455667788}, raft::Term{9}};
  return header;
}

TEST(RecordHeaderTest, IsReadAsItWasWritten) {
  char bytes[kRecordHeaderBytes];
  const std::uint32_t checksum = EncodeHeader(SomeHeader(), bytes);
  const auto decoded = DecodeHeader({bytes, sizeof(bytes)});
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->header, SomeHeader());
  EXPECT_EQ(decoded->checksum, checksum);
}

TEST(RecordHeaderTest, NoticesEveryFlippedBit) {
  char bytes[kRecordHeaderBytes];
  EncodeHeader(SomeHeader(), bytes);
  for (std::size_t bit = 0; bit < sizeof(bytes) * 8; ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeHeader({bytes, sizeof(bytes)}).has_value()) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
}

TEST(RecordHeaderTest, ZerosAreNoHeader) {
  const std::string zeros(kRecordHeaderBytes, '\0');
  EXPECT_FALSE(DecodeHeader(zeros).has_value());
}

TEST(PreambleTest, TellsTheVersion) {
  std::string bytes(kPreambleBytes, '\0');
  EXPECT_FALSE(DecodePreamble(bytes).has_value());
  EncodePreamble(3, bytes.data());
  EXPECT_EQ(DecodePreamble(bytes), 3U);
  EXPECT_FALSE(DecodePreamble(bytes.substr(0, kPreambleBytes - 1)).has_value());
  bytes[9] = 1;
  EXPECT_FALSE(DecodePreamble(bytes).has_value());
}

raft::ConfState SomeConfState() {
  raft::ConfState conf_state;
  conf_state.voters = {raft::NodeId{1}, raft::NodeId{2}};
  conf_state.voters_outgoing = {raft::NodeId{2}, raft::NodeId{3}};
  conf_state.learners = {raft::NodeId{4}};
  conf_state.learners_next = {raft::NodeId{3}};
  conf_state.auto_leave = true;
  return conf_state;
}

TEST(PayloadTest, IsReadAsItWasWritten) {
  const raft::SnapshotMeta snapshot{.last = {raft::Index{9}, raft::Term{2}},
                                    .conf_state = SomeConfState()};
  const SegmentHead head{.summary = {.identity = {.cluster_id = 1, .member_id = 2},
                                     .hard_state = {raft::Term{3}, raft::NodeId{4}, raft::Index{5}},
                                     .base = {raft::Index{6}, raft::Term{1}},
                                     .base_conf_state = SomeConfState(),
                                     .snapshot = snapshot,
                                     .last = {raft::Index{12}, raft::Term{3}}},
                         .file_bytes = 4096,
                         .previous_end = 1024};
  EXPECT_EQ(DecodeSegmentHead(EncodeSegmentHead(head)), head);
  EXPECT_EQ(DecodeHardState(EncodeHardState(head.summary.hard_state)), head.summary.hard_state);
  const Install install{.snapshot = snapshot, .keeps_suffix = true};
  EXPECT_EQ(DecodeInstall(EncodeInstall(install)), install);
  const Release release{
      .snapshot = snapshot, .base = head.summary.base, .base_conf_state = SomeConfState()};
  EXPECT_EQ(DecodeRelease(EncodeRelease(release)), release);
  EXPECT_EQ(DecodeRoll(EncodeRoll(7)), 7U);
}

TEST(PayloadTest, OfAnyOtherLengthIsRefused) {
  SegmentHead some_head;
  some_head.summary.base_conf_state = SomeConfState();
  const std::string head = EncodeSegmentHead(some_head);
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_FALSE(DecodeSegmentHead(head.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(DecodeSegmentHead(head + '\0').has_value());
  EXPECT_FALSE(DecodeHardState("").has_value());
  EXPECT_FALSE(DecodeRoll(std::string(8, '\xff')).has_value());
}

TEST(PayloadTest, ACountIsNotBelievedBeforeTheBytesAreThere) {
  std::string bytes = EncodeInstall({});
  bytes[1 + 16] = '\xff';  // the number of voters
  bytes[1 + 16 + 3] = '\xff';
  EXPECT_FALSE(DecodeInstall(bytes).has_value());
}

}  // namespace
}  // namespace stele::storage::wal
