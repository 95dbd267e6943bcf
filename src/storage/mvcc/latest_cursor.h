// The newest version of each key of an interval, in order. Jumps over what is known to be empty,
// and tells what it found to be.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/storage/engine/engine.h"
#include "src/storage/mvcc/empty_spans.h"
#include "src/storage/mvcc/key_source.h"

namespace stele::storage {

class LatestCursor : public KeyCursor {
 public:
  // `revision` is the snapshot's; `empty_spans` may be null. Both outlive this.
  LatestCursor(const EngineSnapshot& snapshot, const KeyInterval& interval, std::int64_t revision,
               EmptySpans* empty_spans);

  bool Valid() const override { return !at_end_ && status_.ok() && iterator_->Valid(); }
  void Next() override;
  std::string_view key() const override { return iterator_->key(); }
  const KeyMeta& meta() const override { return meta_; }
  absl::Status status() const override { return status_.ok() ? iterator_->status() : status_; }

 private:
  enum class Move : std::uint8_t { kSeek, kStep };

  // To the first key from `from_` on, where the iterator may be one step away.
  void Settle(Move move);
  void FetchSpans();
  // Null: nothing is known of `from_`.
  const EmptySpans::Span* SpanOfFrom();
  void Decode();

  const KeyInterval interval_;
  const std::int64_t revision_;
  EmptySpans* const empty_spans_;
  const std::unique_ptr<Iterator> iterator_;

  std::string from_;
  std::vector<EmptySpans::Span> spans_;  // those in next_span_ and behind are not behind `from_`
  std::size_t next_span_ = 0;
  bool has_more_spans_ = false;
  bool at_end_ = false;

  KeyMeta meta_;
  absl::Status status_;
};

}  // namespace stele::storage
