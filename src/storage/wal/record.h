// The framing of the log, format version 1: every constant and the layout of a record's header.
// docs/wal_format.md is the specification.
//
// A segment file is a preamble and then batches of records. A batch is what one Sync made durable;
// its last record says so. Each record's header names its own place (segment, offset, batch) and
// the checksum of the record before it, so that neither stale bytes of a file's earlier life nor
// bytes that landed in the wrong place can be taken for records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "src/raft/types.h"

namespace stele::storage::wal {

inline constexpr std::string_view kMagic = "stelewal";
inline constexpr std::uint32_t kFormatVersion = 1;

// Magic, version, checksum of the two.
inline constexpr std::size_t kPreambleBytes = 16;
inline constexpr std::size_t kRecordHeaderBytes = 56;
inline constexpr std::size_t kAlignment = 8;

// The second half of a seal starts on such a boundary, so that no lost sector takes both the last
// batch and the proof that it was complete.
inline constexpr std::size_t kSealAlignment = 4096;

static_assert(kPreambleBytes % kAlignment == 0);
static_assert(kRecordHeaderBytes % kAlignment == 0);
static_assert(kSealAlignment % kAlignment == 0);
static_assert(kMagic.size() + 2 * sizeof(std::uint32_t) == kPreambleBytes);

enum class RecordType : std::uint8_t {
  kSegmentHead = 1,  // first record of a segment, alone in batch 0
  kEntry = 2,        // payload is the entry's data
  kHardState = 3,
  kInstall = 4,  // a snapshot from the leader replaced (a part of) the log
  kRelease = 5,  // a snapshot of our own; entries behind it were let go
  kSeal = 6,     // no content: whatever precedes was synced
  kRoll = 7,     // last record of a segment: the next one exists
};
inline constexpr std::uint8_t kRecordTypeMax = static_cast<std::uint8_t>(RecordType::kRoll);

// High half: sequence of the segment. Low half: a number that differs between lives of a log, so
// that nobody can forge records inside the values he stores.
using SegmentId = std::uint64_t;

constexpr SegmentId MakeSegmentId(std::uint32_t sequence, std::uint32_t salt) {
  return (SegmentId{sequence} << 32) | salt;
}
constexpr std::uint32_t SequenceOf(SegmentId id) { return static_cast<std::uint32_t>(id >> 32); }

// Where the next record goes and what it must refer to.
struct SegmentPosition {
  SegmentId segment_id = 0;
  std::uint64_t offset = 0;
  std::uint32_t chain = 0;  // header checksum of the record before
  std::uint32_t batch = 0;

  friend bool operator==(const SegmentPosition&, const SegmentPosition&) = default;
};

struct RecordHeader {
  RecordType type = RecordType::kSeal;
  bool ends_batch = false;
  raft::EntryType entry_type = raft::EntryType::kNormal;
  std::uint32_t payload_bytes = 0;
  std::uint32_t batch = 0;
  SegmentId segment_id = 0;
  std::uint64_t offset = 0;
  std::uint64_t batch_begin = 0;  // offset of the batch's first record = end of the batch before
  std::uint32_t chain = 0;
  std::uint32_t payload_crc = 0;  // over the payload and its padding
  raft::EntryId entry;            // of entries; {0, 0} elsewhere

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

constexpr std::uint64_t AlignUp(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}
constexpr std::uint64_t RecordBytes(std::uint64_t payload_bytes) {
  return kRecordHeaderBytes + AlignUp(payload_bytes, kAlignment);
}

// Writes kRecordHeaderBytes and returns their checksum, the next record's `chain`.
std::uint32_t EncodeHeader(const RecordHeader& header, char* at);

struct DecodedHeader {
  RecordHeader header;
  std::uint32_t checksum = 0;
};

// `bytes` must hold kRecordHeaderBytes. Nothing when they are no intact header.
std::optional<DecodedHeader> DecodeHeader(std::string_view bytes);

void EncodePreamble(std::uint32_t version, char* at);

// The format version; nothing when `bytes` do not begin with an intact preamble.
std::optional<std::uint32_t> DecodePreamble(std::string_view bytes);

}  // namespace stele::storage::wal
