#include "src/storage/wal/segment_writer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "src/raft/check.h"

namespace stele::storage::wal {
namespace {

constexpr std::uint64_t kRollPayloadBytes = 8;

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<WritableFile> file, const SegmentPosition& position,
                             std::uint64_t file_bytes, std::uint64_t written_bytes,
                             std::uint64_t zero_ahead_bytes)
    : file_(std::move(file)),
      position_(position),
      file_bytes_(file_bytes),
      written_bytes_(written_bytes),
      zero_ahead_bytes_(zero_ahead_bytes) {}

bool SegmentWriter::Fits(std::uint64_t batch_bytes) const {
  return position_.offset + batch_bytes + RecordBytes(kRollPayloadBytes) <= file_bytes_;
}

absl::Status SegmentWriter::Write(BatchEncoder* encoder) {
  const std::span<const std::byte> bytes = encoder->Finish();
  const std::uint64_t end = encoder->write_offset() + bytes.size();
  STELE_CHECK(encoder->next().offset == end);
  STELE_CHECK(end <= file_bytes_);
  if (end > written_bytes_) {
    const std::uint64_t target = std::min(file_bytes_, end + zero_ahead_bytes_);
    if (absl::Status zeros = WriteZeros(end, target); !zeros.ok()) return zeros;
    written_bytes_ = target;
  }
  absl::Status written = file_->WriteAt(encoder->write_offset(), bytes);
  if (written.ok()) position_ = encoder->next();
  return written;
}

absl::Status SegmentWriter::Repair(std::uint64_t last_batch_begin, std::string_view last_batch,
                                   std::uint64_t dirty_end) {
  absl::Status written = file_->WriteAt(last_batch_begin, std::as_bytes(std::span(last_batch)));
  if (!written.ok()) return written;
  if (last_batch_begin == 0) {
    // The segment was just made; its size may be in doubt like its head. Its end is never used.
    written = WriteZeros(file_bytes_ - kAlignment, file_bytes_);
    if (!written.ok()) return written;
  }
  return WriteZeros(position_.offset, dirty_end);
}

absl::Status SegmentWriter::WriteZeros(std::uint64_t begin, std::uint64_t end) {
  static constexpr std::array<std::byte, std::size_t{1} << 20> kZeros{};
  while (begin < end) {
    const std::uint64_t size = std::min<std::uint64_t>(end - begin, kZeros.size());
    absl::Status written = file_->WriteAt(begin, std::span(kZeros).first(size));
    if (!written.ok()) return written;
    begin += size;
  }
  return absl::OkStatus();
}

}  // namespace stele::storage::wal
