#include "src/raft/unstable_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/raft/check.h"

namespace stele::raft {

std::span<const Entry> UnstableLog::From(Index from) const {
  STELE_CHECK(from >= offset_);
  STELE_CHECK(from <= last_index().Next());
  return std::span(entries_).subspan(from.value - offset_.value);
}

void UnstableLog::Append(std::vector<Entry> entries) {
  STELE_CHECK(!entries.empty());
  const Index first = entries.front().id.index;
  STELE_CHECK(first <= last_index().Next());
  STELE_CHECK_IMPLIES(snapshot_.has_value(), first >= offset_);
  if (first == last_index().Next()) {
    entries_.insert(entries_.end(), std::make_move_iterator(entries.begin()),
                    std::make_move_iterator(entries.end()));
    return;
  }
  taken_to_ = std::min(taken_to_, first.Previous());
  if (first <= offset_) {
    offset_ = first;
    entries_ = std::move(entries);
    return;
  }
  entries_.resize(first.value - offset_.value);
  entries_.insert(entries_.end(), std::make_move_iterator(entries.begin()),
                  std::make_move_iterator(entries.end()));
}

void UnstableLog::Restore(const SnapshotMeta& snapshot) {
  entries_.clear();
  snapshot_ = snapshot;
  snapshot_taken_ = false;
  offset_ = snapshot.last.index.Next();
  taken_to_ = snapshot.last.index;
}

bool UnstableLog::HasUntaken() const {
  return taken_to_ < last_index() || (snapshot_.has_value() && !snapshot_taken_);
}

void UnstableLog::Take(std::vector<Entry>* entries, std::optional<SnapshotMeta>* snapshot) {
  const std::span<const Entry> untaken = From(taken_to_.Next());
  entries->assign(untaken.begin(), untaken.end());
  taken_to_ = last_index();
  if (snapshot_.has_value() && !snapshot_taken_) {
    *snapshot = snapshot_;
    snapshot_taken_ = true;
  }
}

void UnstableLog::OnPersisted() {
  if (snapshot_taken_) {
    snapshot_.reset();
    snapshot_taken_ = false;
  }
  const auto durable = static_cast<std::ptrdiff_t>(taken_to_.value + 1 - offset_.value);
  STELE_CHECK(durable >= 0);
  entries_.erase(entries_.begin(), entries_.begin() + durable);
  offset_ = taken_to_.Next();
}

}  // namespace stele::raft
