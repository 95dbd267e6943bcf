#include "src/storage/wal/log_contents.h"

#include <algorithm>
#include <utility>

#include "src/raft/check.h"

namespace stele::storage::wal {

using raft::Entry;
using raft::EntryId;
using raft::EntryType;
using raft::Index;
using raft::LogReadStatus;
using raft::SnapshotMeta;

LogContents::LogContents(const LogSummary& summary)
    : summary_(summary), missing_to_(std::max(summary.base.index, summary.last.index)) {}

bool LogContents::Accepts(const EntryId& id) const {
  return id.index > summary_.base.index && id.index <= summary_.last.index.Next();
}

const LogContents::StoredEntry& LogContents::At(Index index) const {
  STELE_CHECK(index > missing_to_);
  STELE_CHECK(index <= summary_.last.index);
  return entries_[index.value - missing_to_.value - 1];
}

void LogContents::Append(Entry entry, std::uint32_t segment) {
  STELE_CHECK(Accepts(entry.id));
  if (entry.id.index <= missing_to_) {
    entries_.clear();
    missing_to_ = entry.id.index.Previous();
  }
  entries_.resize(entry.id.index.value - missing_to_.value - 1);
  summary_.last = entry.id;
  entries_.push_back({std::move(entry), segment});
}

void LogContents::SetHardState(const raft::HardState& hard_state) {
  summary_.hard_state = hard_state;
}

Install LogContents::PlanInstall(const SnapshotMeta& snapshot) const {
  raft::Term term;
  const bool agrees =
      TermAt(snapshot.last.index, &term) == LogReadStatus::kOk && term == snapshot.last.term;
  return {.snapshot = snapshot, .keeps_suffix = agrees};
}

bool LogContents::Apply(const Install& install) {
  const EntryId& last = install.snapshot.last;
  if (last.index < summary_.base.index) return false;
  if (install.keeps_suffix) {
    if (last.index > summary_.last.index) return false;
    DropThrough(last.index);
    summary_.base = last;
    if (summary_.last.index == last.index) summary_.last = last;
  } else {
    Clear(last);
  }
  summary_.base_conf_state = install.snapshot.conf_state;
  summary_.snapshot = install.snapshot;
  summary_.hard_state.commit = std::max(summary_.hard_state.commit, last.index);
  return true;
}

Release LogContents::PlanRelease(const SnapshotMeta& snapshot, Index release_to) const {
  Release release{
      .snapshot = snapshot, .base = summary_.base, .base_conf_state = summary_.base_conf_state};
  if (snapshot.last.index < summary_.snapshot.last.index) release.snapshot = summary_.snapshot;
  if (release_to <= summary_.base.index) return release;

  // Two configs are known without decoding: the one at the base, up to the first entry that
  // changes it, and the snapshot's, from the last change before it.
  Index first_change = snapshot.last.index.Next();
  Index last_change;
  for (Index i = first_index(); i <= snapshot.last.index; i = i.Next()) {
    if (At(i).entry.type != EntryType::kConfChange) continue;
    first_change = std::min(first_change, i);
    last_change = i;
  }
  if (release_to >= first_change) {
    if (release_to >= last_change) {
      release.base_conf_state = snapshot.conf_state;
    } else {
      release_to = first_change.Previous();
    }
  }
  release.base.index = release_to;
  STELE_CHECK(TermAt(release_to, &release.base.term) == LogReadStatus::kOk);
  return release;
}

bool LogContents::Apply(const Release& release) {
  if (release.base.index < summary_.base.index) return false;
  if (release.base.index > summary_.last.index) return false;
  if (release.base.index > missing_to_ && At(release.base.index).entry.id != release.base) {
    return false;
  }
  DropThrough(release.base.index);
  summary_.base = release.base;
  summary_.base_conf_state = release.base_conf_state;
  summary_.snapshot = release.snapshot;
  summary_.hard_state.commit = std::max(summary_.hard_state.commit, release.snapshot.last.index);
  return true;
}

void LogContents::DropThrough(Index index) {
  if (index <= missing_to_) return;
  const auto count = static_cast<std::ptrdiff_t>(index.value - missing_to_.value);
  entries_.erase(entries_.begin(), entries_.begin() + count);
  missing_to_ = index;
}

void LogContents::Clear(const EntryId& base) {
  entries_.clear();
  missing_to_ = base.index;
  summary_.base = base;
  summary_.last = base;
}

std::optional<Index> LogContents::missing_entry() const {
  if (missing_to_ == summary_.base.index) return std::nullopt;
  return first_index();
}

std::uint32_t LogContents::oldest_needed_segment(std::uint32_t active) const {
  return entries_.empty() ? active : entries_.front().segment;
}

LogReadStatus LogContents::TermAt(Index index, raft::Term* term) const {
  if (index < summary_.base.index) return LogReadStatus::kCompacted;
  if (index > summary_.last.index) return LogReadStatus::kUnavailable;
  *term = index == summary_.base.index ? summary_.base.term : At(index).entry.id.term;
  return LogReadStatus::kOk;
}

LogReadStatus LogContents::Entries(Index from, Index to, std::uint64_t bytes_max,
                                   std::vector<Entry>* entries) const {
  STELE_CHECK(from < to);
  if (from < first_index()) return LogReadStatus::kCompacted;
  if (to > last_index().Next()) return LogReadStatus::kUnavailable;
  std::uint64_t bytes = 0;
  for (Index i = from; i < to; i = i.Next()) {
    const Entry& entry = At(i).entry;
    bytes += entry.data.size();
    if (i > from && bytes > bytes_max) break;
    entries->push_back(entry);
  }
  return LogReadStatus::kOk;
}

}  // namespace stele::storage::wal
