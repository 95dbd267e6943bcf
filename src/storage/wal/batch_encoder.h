// Lays out one batch of records in one reusable buffer, ready for one write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "src/raft/types.h"
#include "src/storage/wal/record.h"

namespace stele::storage::wal {

class BatchEncoder {
 public:
  // Forgets the batch before. The first record will stand at `at`.
  void Begin(const SegmentPosition& at);

  // A preamble goes before the first record of a segment. REQUIRES: right after Begin at offset
  // kPreambleBytes.
  void AddPreamble();

  void Add(RecordType type, std::string_view payload);
  void AddEntry(const raft::Entry& entry);

  // Two records without content, in different sectors, that prove that the batches before were
  // synced. Nothing that must not be lost may be in the same batch.
  void AddSeal();

  // Marks the last record. REQUIRES: at least one record. The bytes are valid until Begin.
  std::span<const std::byte> Finish();

  // Where the bytes of Finish belong, and where the batch after them begins.
  std::uint64_t write_offset() const { return write_offset_; }
  const SegmentPosition& next() const { return next_; }

 private:
  void AddRecord(RecordHeader header, std::string_view payload);
  void CompleteLastHeader(bool ends_batch);

  std::string buffer_;
  std::uint64_t write_offset_ = 0;
  std::uint64_t batch_begin_ = 0;
  SegmentPosition next_;
  // The last record's header is not yet in the buffer: only the next call tells whether it ends the
  // batch.
  RecordHeader last_header_;
  bool has_record_ = false;
};

}  // namespace stele::storage::wal
