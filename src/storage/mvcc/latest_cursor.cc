#include "src/storage/mvcc/latest_cursor.h"

#include <utility>

#include "src/storage/mvcc/record_codec.h"

namespace stele::storage {

namespace {

// Fetched at once; most scans are over sooner.
constexpr std::size_t kSpansAtOnce = 64;

}  // namespace

LatestCursor::LatestCursor(const EngineSnapshot& snapshot, const KeyInterval& interval,
                           std::int64_t revision, EmptySpans* empty_spans)
    : interval_(interval),
      revision_(revision),
      empty_spans_(interval.IsSingle() ? nullptr : empty_spans),
      iterator_(snapshot.NewIterator(Family::kKey, interval.end())),
      from_(interval.begin()) {
  if (empty_spans_ != nullptr) FetchSpans();
  Settle(Move::kSeek);
}

void LatestCursor::Next() {
  if (empty_spans_ != nullptr) {
    from_.assign(iterator_->key());
    from_.push_back('\0');
  }
  Settle(Move::kStep);
}

void LatestCursor::Settle(Move move) {
  const EmptySpans::Span* const known = SpanOfFrom();
  const std::uint64_t passed_before = iterator_->removed_passed();
  if (known != nullptr && known->end.empty()) {
    at_end_ = true;
    return;
  }
  if (known != nullptr) {
    iterator_->Seek(known->end);
  } else if (move == Move::kSeek) {
    iterator_->Seek(from_);
  } else {
    iterator_->Next();
  }
  Decode();
  const std::uint64_t passed = iterator_->removed_passed() - passed_before;
  if (empty_spans_ == nullptr || passed < empty_spans_->limits().passed_min || !status().ok()) {
    return;
  }
  empty_spans_->Learn({from_, Valid() ? std::string(key()) : interval_.end()}, revision_);
}

void LatestCursor::FetchSpans() {
  spans_ = empty_spans_->Within(interval_.From(from_), revision_, kSpansAtOnce);
  next_span_ = 0;
  has_more_spans_ = spans_.size() == kSpansAtOnce;
}

const EmptySpans::Span* LatestCursor::SpanOfFrom() {
  const auto is_behind = [this](const EmptySpans::Span& span) {
    return !span.end.empty() && span.end <= from_;
  };
  while (next_span_ < spans_.size() && is_behind(spans_[next_span_])) {
    if (++next_span_ == spans_.size() && has_more_spans_) FetchSpans();
  }
  if (next_span_ == spans_.size() || spans_[next_span_].begin > from_) return nullptr;
  return &spans_[next_span_];
}

void LatestCursor::Decode() {
  if (iterator_->Valid() && !DecodeKeyMeta(iterator_->value(), &meta_)) {
    status_ = DamagedRecord("key");
  }
}

}  // namespace stele::storage
