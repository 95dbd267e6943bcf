// Reads the bytes of one segment, batch by batch, and judges what it cannot read. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "src/storage/wal/record.h"

namespace stele::storage::wal {

struct Record {
  RecordHeader header;
  std::string_view payload;  // lives as long as the segment's bytes
};

class SegmentReader {
 public:
  // `bytes` is the whole file and must outlive the reader; `sequence` is what its name says.
  SegmentReader(std::string_view bytes, std::uint32_t sequence);

  // Reads the batch at position(). False when there is none that is complete and undamaged; the
  // position then stays. The first batch is the segment's head.
  bool ReadBatch(std::vector<Record>* batch);

  // Behind the batches read so far.
  const SegmentPosition& position() const { return position_; }

  // The bytes of the batch read last, with the preamble if it was the first.
  std::string_view last_batch() const {
    return bytes_.substr(last_begin_, last_end_ - last_begin_);
  }
  std::uint64_t last_batch_begin() const { return last_begin_; }

  // Whether a record of a later batch than the one expected at position() lies behind it. Since
  // nothing is written before everything earlier is synced, the expected batch was once complete,
  // and that it cannot be read now is damage, not the trace of a crash.
  bool HasLaterBatch() const;

  // One past the last byte behind position() that is not zero; position().offset if all are.
  std::uint64_t dirty_end() const;

 private:
  // The intact record at `offset` that belongs to this segment and this place.
  std::optional<DecodedHeader> HeaderAt(std::uint64_t offset) const;
  bool PayloadIsIntact(const RecordHeader& header) const;

  const std::string_view bytes_;
  const std::uint32_t sequence_;
  SegmentPosition position_;
  std::uint64_t last_begin_ = 0;
  std::uint64_t last_end_ = 0;
};

}  // namespace stele::storage::wal
