// Where no keys are, so that a scan need not step over the removed ones there.
//
// The engine keeps the records of removed keys until it gets round to rewriting them, and a scan
// passes them one by one: the list of a queue would take longer with every element that was ever
// taken out of it. What one scan has passed the next one jumps over.
//
// Like KeyCounts a memory of answers and no part of the state. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/storage/mvcc/empty_span_limits.h"
#include "src/storage/mvcc/key_interval.h"

namespace stele::storage {

struct EventBatch;

class EmptySpans {
 public:
  // No key from `begin` to before `end`; an empty end is none.
  struct Span {
    std::string begin;
    std::string end;
  };

  explicit EmptySpans(const EmptySpanLimits& limits) : limits_(limits) {}

  // Those that begin in the interval or reach into its beginning, as they are known of `revision`:
  // at most `count`, ascending, with room between them.
  // REQUIRES: Record was told of `revision`
  std::vector<Span> Within(const KeyInterval& interval, std::int64_t revision,
                           std::size_t count) const;

  // A scan found no key there at `revision`. If that is too long ago nothing is learned, but soon
  // after it can be.
  void Learn(Span span, std::int64_t revision);

  // For the apply thread, before any reader learns of `revision`.
  void Record(std::span<const EventBatch> events, std::int64_t revision);

  const EmptySpanLimits& limits() const { return limits_; }

 private:
  struct Entry {
    std::string end;
    std::int64_t since = 0;  // it has been empty from this revision on
  };
  using Spans = std::map<std::string, Entry, std::less<>>;  // by begin; they do not overlap
  struct Change {
    std::int64_t revision = 0;
    std::string key;
  };

  Spans::iterator SpanOf(std::string_view key);
  void Create(std::string_view key, std::int64_t revision);
  void Remove(std::string_view key, std::int64_t revision);
  void Add(Span span, std::int64_t since);
  void JoinAround(std::string_view key);

  const EmptySpanLimits limits_;

  // Nobody pays for what nobody asks for: it begins with the first span.
  std::atomic<bool> recording_ = false;

  mutable std::mutex mutex_;
  // All below is guarded by mutex_.
  Spans spans_;
  std::int64_t revision_ = 0;
  std::deque<Change> recent_;  // creations: all above recorded_since_, ascending
  std::int64_t recorded_since_ = 0;
  std::deque<Change> to_join_;  // removed keys that are spans of their own
};

}  // namespace stele::storage
