#include "src/storage/wal/record.h"

#include <cstring>

#include "src/raft/check.h"
#include "src/storage/wal/crc32c.h"
#include "src/storage/wal/fixed_codec.h"

namespace stele::storage::wal {
namespace {

// Offsets of the header's fields.
constexpr std::size_t kChecksumAt = 0;
constexpr std::size_t kPayloadBytesAt = 4;
constexpr std::size_t kTypeAt = 8;
constexpr std::size_t kFlagsAt = 9;
constexpr std::size_t kEntryTypeAt = 10;
constexpr std::size_t kZeroAt = 11;
constexpr std::size_t kBatchAt = 12;
constexpr std::size_t kSegmentIdAt = 16;
constexpr std::size_t kOffsetAt = 24;
constexpr std::size_t kBatchBeginAt = 28;
constexpr std::size_t kChainAt = 32;
constexpr std::size_t kPayloadCrcAt = 36;
constexpr std::size_t kIndexAt = 40;
constexpr std::size_t kTermAt = 48;
static_assert(kTermAt + sizeof(std::uint64_t) == kRecordHeaderBytes);

constexpr std::uint8_t kEndsBatchFlag = 1;
constexpr std::uint8_t kEntryTypeMax = static_cast<std::uint8_t>(raft::EntryType::kConfChange);

// Offsets are stored in units of the alignment: 32 bits reach 32 GiB.
std::uint32_t Shortened(std::uint64_t offset) {
  STELE_CHECK(offset % kAlignment == 0);
  STELE_CHECK(offset / kAlignment <= UINT32_MAX);
  return static_cast<std::uint32_t>(offset / kAlignment);
}

}  // namespace

std::uint32_t EncodeHeader(const RecordHeader& header, char* at) {
  StoreAt(at + kPayloadBytesAt, header.payload_bytes);
  StoreAt(at + kTypeAt, static_cast<std::uint8_t>(header.type));
  StoreAt(at + kFlagsAt, header.ends_batch ? kEndsBatchFlag : std::uint8_t{0});
  StoreAt(at + kEntryTypeAt, static_cast<std::uint8_t>(header.entry_type));
  StoreAt(at + kZeroAt, std::uint8_t{0});
  StoreAt(at + kBatchAt, header.batch);
  StoreAt(at + kSegmentIdAt, header.segment_id);
  StoreAt(at + kOffsetAt, Shortened(header.offset));
  StoreAt(at + kBatchBeginAt, Shortened(header.batch_begin));
  StoreAt(at + kChainAt, header.chain);
  StoreAt(at + kPayloadCrcAt, header.payload_crc);
  StoreAt(at + kIndexAt, header.entry.index.value);
  StoreAt(at + kTermAt, header.entry.term.value);
  const std::uint32_t checksum =
      Crc32c({at + kPayloadBytesAt, kRecordHeaderBytes - kPayloadBytesAt});
  StoreAt(at + kChecksumAt, checksum);
  return checksum;
}

std::optional<DecodedHeader> DecodeHeader(std::string_view bytes) {
  STELE_CHECK(bytes.size() >= kRecordHeaderBytes);
  const char* at = bytes.data();
  const auto checksum = LoadAt<std::uint32_t>(at + kChecksumAt);
  if (checksum != Crc32c({at + kPayloadBytesAt, kRecordHeaderBytes - kPayloadBytesAt})) {
    return std::nullopt;
  }
  // The checksum holds, so these can only fail for what another program wrote.
  const auto type = LoadAt<std::uint8_t>(at + kTypeAt);
  const auto flags = LoadAt<std::uint8_t>(at + kFlagsAt);
  const auto entry_type = LoadAt<std::uint8_t>(at + kEntryTypeAt);
  if (type == 0 || type > kRecordTypeMax) return std::nullopt;
  if ((flags & ~kEndsBatchFlag) != 0 || LoadAt<std::uint8_t>(at + kZeroAt) != 0) {
    return std::nullopt;
  }
  if (entry_type > kEntryTypeMax) return std::nullopt;

  DecodedHeader decoded;
  decoded.checksum = checksum;
  RecordHeader& header = decoded.header;
  header.type = static_cast<RecordType>(type);
  header.ends_batch = (flags & kEndsBatchFlag) != 0;
  header.entry_type = static_cast<raft::EntryType>(entry_type);
  header.payload_bytes = LoadAt<std::uint32_t>(at + kPayloadBytesAt);
  header.batch = LoadAt<std::uint32_t>(at + kBatchAt);
  header.segment_id = LoadAt<std::uint64_t>(at + kSegmentIdAt);
  header.offset = std::uint64_t{LoadAt<std::uint32_t>(at + kOffsetAt)} * kAlignment;
  header.batch_begin = std::uint64_t{LoadAt<std::uint32_t>(at + kBatchBeginAt)} * kAlignment;
  header.chain = LoadAt<std::uint32_t>(at + kChainAt);
  header.payload_crc = LoadAt<std::uint32_t>(at + kPayloadCrcAt);
  header.entry.index.value = LoadAt<std::uint64_t>(at + kIndexAt);
  header.entry.term.value = LoadAt<std::uint64_t>(at + kTermAt);
  return decoded;
}

void EncodePreamble(std::uint32_t version, char* at) {
  std::memcpy(at, kMagic.data(), kMagic.size());
  StoreAt(at + kMagic.size(), version);
  StoreAt(at + kMagic.size() + sizeof(version), Crc32c({at, kMagic.size() + sizeof(version)}));
}

std::optional<std::uint32_t> DecodePreamble(std::string_view bytes) {
  if (bytes.size() < kPreambleBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const std::string_view covered = bytes.substr(0, kMagic.size() + sizeof(std::uint32_t));
  if (LoadAt<std::uint32_t>(bytes.data() + covered.size()) != Crc32c(covered)) return std::nullopt;
  return LoadAt<std::uint32_t>(bytes.data() + kMagic.size());
}

}  // namespace stele::storage::wal
