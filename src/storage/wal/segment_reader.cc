#include "src/storage/wal/segment_reader.h"

#include <algorithm>

#include "src/storage/wal/crc32c.h"
#include "src/storage/wal/fixed_codec.h"

namespace stele::storage::wal {

SegmentReader::SegmentReader(std::string_view bytes, std::uint32_t sequence)
    : bytes_(bytes), sequence_(sequence) {
  position_.offset = kPreambleBytes;
}

std::optional<DecodedHeader> SegmentReader::HeaderAt(std::uint64_t offset) const {
  if (offset > bytes_.size() || bytes_.size() - offset < kRecordHeaderBytes) return std::nullopt;
  const std::string_view bytes = bytes_.substr(offset, kRecordHeaderBytes);
  std::optional<DecodedHeader> decoded = DecodeHeader(bytes);
  if (!decoded || decoded->header.offset != offset) return std::nullopt;
  if (SequenceOf(decoded->header.segment_id) != sequence_) return std::nullopt;
  // The head tells the low half of the id; until it is known any will do.
  const bool knows_id = position_.batch > 0;
  if (knows_id && decoded->header.segment_id != position_.segment_id) return std::nullopt;
  return decoded;
}

bool SegmentReader::PayloadIsIntact(const RecordHeader& header) const {
  const std::uint64_t begin = header.offset + kRecordHeaderBytes;
  const std::uint64_t padded = AlignUp(header.payload_bytes, kAlignment);
  if (padded > bytes_.size() - begin) return false;  // HeaderAt showed that `begin` is inside
  return Crc32c(bytes_.substr(begin, padded)) == header.payload_crc;
}

bool SegmentReader::ReadBatch(std::vector<Record>* batch) {
  batch->clear();
  SegmentPosition at = position_;
  if (at.batch == 0 && !DecodePreamble(bytes_)) return false;
  for (;;) {
    const std::optional<DecodedHeader> decoded = HeaderAt(at.offset);
    if (!decoded) return false;
    const RecordHeader& header = decoded->header;
    const bool is_head = at.batch == 0;
    if (is_head != (header.type == RecordType::kSegmentHead)) return false;
    if (header.batch != at.batch || header.batch_begin != position_.offset) return false;
    // The head's chain value is the segment's before, which the caller compares.
    if (!is_head && header.chain != at.chain) return false;
    if (!PayloadIsIntact(header)) return false;

    batch->push_back({header, bytes_.substr(at.offset + kRecordHeaderBytes, header.payload_bytes)});
    at.segment_id = header.segment_id;
    at.offset += RecordBytes(header.payload_bytes);
    at.chain = decoded->checksum;
    if (header.ends_batch) break;
  }
  last_begin_ = position_.batch == 0 ? 0 : position_.offset;
  last_end_ = at.offset;
  ++at.batch;
  position_ = at;
  return true;
}

bool SegmentReader::HasLaterBatch() const {
  // Segment ids lie at offset 16 of a header; comparing their high half first keeps this a plain
  // walk over memory.
  constexpr std::size_t kSequenceAt = 20;
  const std::uint64_t end = dirty_end();
  for (std::uint64_t offset = position_.offset;
       offset < end && offset + kRecordHeaderBytes <= bytes_.size(); offset += kAlignment) {
    if (LoadAt<std::uint32_t>(bytes_.data() + offset + kSequenceAt) != sequence_) continue;
    const std::optional<DecodedHeader> decoded = HeaderAt(offset);
    if (decoded && decoded->header.batch > position_.batch) return true;
  }
  return false;
}

std::uint64_t SegmentReader::dirty_end() const {
  // Most of a segment is still zero, and a start waits for this walk: eight bytes at a time.
  std::size_t end = bytes_.size();
  while (end >= position_.offset + sizeof(std::uint64_t) &&
         LoadAt<std::uint64_t>(bytes_.data() + end - sizeof(std::uint64_t)) == 0) {
    end -= sizeof(std::uint64_t);
  }
  while (end > position_.offset && bytes_[end - 1] == '\0') --end;
  return std::max<std::uint64_t>(end, position_.offset);
}

}  // namespace stele::storage::wal
