// Writes batches into one segment file.
//
// A sync is about twice as fast when the blocks under it were written before, so that the file
// system has no allocation to make durable. The writer therefore fills the file with zeros ahead of
// its position, a step at a time; a recycled file needs none of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "src/storage/file_system.h"
#include "src/storage/wal/batch_encoder.h"
#include "src/storage/wal/record.h"

namespace stele::storage::wal {

class SegmentWriter {
 public:
  // `written_bytes`: up to here the file's blocks have been written before.
  SegmentWriter(std::unique_ptr<WritableFile> file, const SegmentPosition& position,
                std::uint64_t file_bytes, std::uint64_t written_bytes,
                std::uint64_t zero_ahead_bytes);

  // Whether a batch of this size leaves room for the roll record.
  bool Fits(std::uint64_t batch_bytes) const;

  // Writes what `encoder` laid out for position().
  absl::Status Write(BatchEncoder* encoder);
  absl::Status Sync() { return file_->Sync(); }

  // After a recovery: writes the last batch once more, because a failed sync may have left it in
  // the page cache only, and zeros over what a torn write left behind it. Not yet synced. A batch
  // at 0 is the segment's head.
  absl::Status Repair(std::uint64_t last_batch_begin, std::string_view last_batch,
                      std::uint64_t dirty_end);

  const SegmentPosition& position() const { return position_; }
  std::uint32_t sequence() const { return SequenceOf(position_.segment_id); }
  std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  absl::Status WriteZeros(std::uint64_t begin, std::uint64_t end);

  std::unique_ptr<WritableFile> file_;
  SegmentPosition position_;
  const std::uint64_t file_bytes_;
  std::uint64_t written_bytes_;
  const std::uint64_t zero_ahead_bytes_;
};

}  // namespace stele::storage::wal
