#include "src/storage/mvcc/empty_spans.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/storage/state_machine/state_machine.h"

namespace stele::storage {

namespace {

std::string After(std::string_view key) {
  std::string after(key);
  after.push_back('\0');
  return after;
}

bool IsBeforeEnd(std::string_view key, std::string_view end) { return end.empty() || key < end; }

// The farther of two ends.
std::string_view Farther(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return {};
  return std::max(a, b);
}

}  // namespace

std::vector<EmptySpans::Span> EmptySpans::Within(const KeyInterval& interval, std::int64_t revision,
                                                 std::size_t count) const {
  std::vector<Span> found;
  if (!recording_.load(std::memory_order_acquire)) return found;
  const std::lock_guard<std::mutex> lock(mutex_);
  auto span = spans_.upper_bound(interval.begin());
  if (span != spans_.begin()) --span;
  for (; span != spans_.end(); ++span) {
    const auto& [begin, entry] = *span;
    if (!interval.unbounded() && begin >= interval.end()) break;
    if (entry.since > revision || !IsBeforeEnd(interval.begin(), entry.end)) continue;
    if (!found.empty() && found.back().end == begin) {
      found.back().end = entry.end;
      continue;
    }
    if (found.size() == count) break;
    found.push_back({begin, entry.end});
  }
  return found;
}

void EmptySpans::Learn(Span span, std::int64_t revision) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!recording_.load(std::memory_order_relaxed)) {
    recording_.store(true, std::memory_order_release);
    recorded_since_ = revision_;
  }
  if (revision < recorded_since_ || !IsBeforeEnd(span.begin, span.end)) return;
  const auto later = std::upper_bound(
      recent_.begin(), recent_.end(), revision,
      [](std::int64_t bound, const Change& creation) { return bound < creation.revision; });
  const bool is_stale = std::any_of(later, recent_.end(), [&](const Change& creation) {
    return creation.key >= span.begin && IsBeforeEnd(creation.key, span.end);
  });
  if (!is_stale) Add(std::move(span), revision);
}

// What overlaps it becomes a part of it.
void EmptySpans::Add(Span span, std::int64_t since) {
  auto first = spans_.upper_bound(span.begin);
  if (first != spans_.begin() && IsBeforeEnd(span.begin, std::prev(first)->second.end)) --first;
  auto last = first;
  for (; last != spans_.end() && IsBeforeEnd(last->first, span.end); ++last) {
    span.begin = std::min(span.begin, last->first);
    span.end = Farther(span.end, last->second.end);
    since = std::max(since, last->second.since);
  }
  spans_.erase(first, last);
  if (spans_.size() >= limits_.spans_max) spans_.clear();
  spans_.emplace(std::move(span.begin), Entry{std::move(span.end), since});
}

EmptySpans::Spans::iterator EmptySpans::SpanOf(std::string_view key) {
  auto span = spans_.upper_bound(key);
  if (span == spans_.begin()) return spans_.end();
  --span;
  return IsBeforeEnd(key, span->second.end) ? span : spans_.end();
}

void EmptySpans::Create(std::string_view key, std::int64_t revision) {
  recent_.push_back({revision, std::string(key)});
  while (recent_.size() > limits_.recent_creations) {
    recorded_since_ = recent_.front().revision;
    recent_.pop_front();
  }
  const auto span = SpanOf(key);
  if (span == spans_.end()) return;
  Entry& entry = span->second;
  std::string end = std::exchange(entry.end, std::string(key));
  const std::int64_t since = entry.since;
  if (span->first == key) spans_.erase(span);
  std::string begin = After(key);
  if (IsBeforeEnd(begin, end)) spans_.emplace(std::move(begin), Entry{std::move(end), since});
}

// A key that went from between two spans, or from the edge of one. It stays a span of its own as
// long as there may be readers who still see the key.
void EmptySpans::Remove(std::string_view key, std::int64_t revision) {
  std::string end = After(key);
  const auto next = spans_.lower_bound(end);
  const bool touches_next = next != spans_.end() && next->first == end;
  const bool touches_last = next != spans_.begin() && std::prev(next)->second.end == key;
  if (!touches_next && !touches_last) return;
  if (spans_.size() >= limits_.spans_max) return spans_.clear();
  spans_.emplace_hint(next, std::string(key), Entry{std::move(end), revision});
  to_join_.push_back({revision, std::string(key)});
}

void EmptySpans::JoinAround(std::string_view key) {
  const std::int64_t known_to_all = revision_ - limits_.join_after_revisions;
  auto span = SpanOf(key);
  if (span == spans_.end() || span->second.since > known_to_all) return;
  const auto join = [&](Spans::iterator left, Spans::iterator right) {
    if (left->second.end != right->first || left->second.since > known_to_all ||
        right->second.since > known_to_all) {
      return right;
    }
    left->second.end = std::move(right->second.end);
    left->second.since = std::max(left->second.since, right->second.since);
    spans_.erase(right);
    return left;
  };
  if (span != spans_.begin()) span = join(std::prev(span), span);
  if (std::next(span) != spans_.end()) join(span, std::next(span));
}

void EmptySpans::Record(std::span<const EventBatch> events, std::int64_t revision) {
  const std::lock_guard<std::mutex> lock(mutex_);
  revision_ = revision;
  if (!recording_.load(std::memory_order_relaxed)) return;
  for (const EventBatch& batch : events) {
    for (const Event& event : batch.events) {
      if (event.type != mvccpb::Event::PUT) {
        Remove(event.kv->key(), batch.revision);
      } else if (event.prev.IsNone()) {
        Create(event.kv->key(), batch.revision);
      }
    }
  }
  const std::int64_t known_to_all = revision_ - limits_.join_after_revisions;
  while (!to_join_.empty() && to_join_.front().revision <= known_to_all) {
    JoinAround(to_join_.front().key);
    to_join_.pop_front();
  }
}

}  // namespace stele::storage
