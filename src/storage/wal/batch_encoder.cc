#include "src/storage/wal/batch_encoder.h"

#include "src/raft/check.h"
#include "src/storage/wal/crc32c.h"

namespace stele::storage::wal {
namespace {

// A buffer that one huge batch has grown is not kept for the small ones that follow.
constexpr std::size_t kKeptBufferBytes = std::size_t{8} << 20;

}  // namespace

void BatchEncoder::Begin(const SegmentPosition& at) {
  buffer_.clear();
  if (buffer_.capacity() > kKeptBufferBytes) buffer_.shrink_to_fit();
  next_ = at;
  write_offset_ = at.offset;
  batch_begin_ = at.offset;
  has_record_ = false;
}

void BatchEncoder::AddPreamble() {
  STELE_CHECK(buffer_.empty());
  STELE_CHECK(next_.offset == kPreambleBytes);
  buffer_.resize(kPreambleBytes);
  EncodePreamble(kFormatVersion, buffer_.data());
  write_offset_ = 0;
}

void BatchEncoder::Add(RecordType type, std::string_view payload) {
  RecordHeader header;
  header.type = type;
  AddRecord(header, payload);
}

void BatchEncoder::AddEntry(const raft::Entry& entry) {
  RecordHeader header;
  header.type = RecordType::kEntry;
  header.entry_type = entry.type;
  header.entry = entry.id;
  AddRecord(header, entry.data.view());
}

void BatchEncoder::AddSeal() {
  const std::uint64_t behind_header = next_.offset + kRecordHeaderBytes;
  const std::uint64_t padding = AlignUp(behind_header, kSealAlignment) - behind_header;
  Add(RecordType::kSeal, std::string(padding, '\0'));
  Add(RecordType::kSeal, {});
}

void BatchEncoder::AddRecord(RecordHeader header, std::string_view payload) {
  CompleteLastHeader(/*ends_batch=*/false);
  STELE_CHECK(payload.size() <= UINT32_MAX);

  const std::size_t begin = buffer_.size();
  const std::size_t size = RecordBytes(payload.size());
  buffer_.append(kRecordHeaderBytes, '\0');
  buffer_.append(payload);
  buffer_.resize(begin + size);  // zeros as padding
  const std::string_view padded = std::string_view(buffer_).substr(begin + kRecordHeaderBytes);

  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  header.payload_crc = Crc32c(padded);
  header.batch = next_.batch;
  header.segment_id = next_.segment_id;
  header.offset = next_.offset;
  header.batch_begin = batch_begin_;
  last_header_ = header;
  has_record_ = true;
  next_.offset += size;
}

void BatchEncoder::CompleteLastHeader(bool ends_batch) {
  if (!has_record_) return;
  last_header_.ends_batch = ends_batch;
  last_header_.chain = next_.chain;
  next_.chain = EncodeHeader(last_header_, buffer_.data() + (last_header_.offset - write_offset_));
}

std::span<const std::byte> BatchEncoder::Finish() {
  STELE_CHECK(has_record_);
  CompleteLastHeader(/*ends_batch=*/true);
  has_record_ = false;
  STELE_CHECK(next_.batch < UINT32_MAX);
  ++next_.batch;
  return std::as_bytes(std::span(buffer_));
}

}  // namespace stele::storage::wal
