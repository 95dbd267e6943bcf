#include "tests/raft/memory_log.h"

#include "src/raft/check.h"
#include "src/raft/conf_change.h"

namespace stele::raft {

void MemoryLog::Append(const std::vector<Entry>& entries) {
  if (entries.empty()) return;
  const Index first = entries.front().id.index;
  STELE_CHECK(first >= first_index());
  STELE_CHECK(first <= last_index().Next());
  entries_.resize(first.value - first_index().value);
  for (const Entry& entry : entries) {
    STELE_CHECK(entry.id.index == last_index().Next());
    entries_.push_back(entry);
  }
}

void MemoryLog::InstallSnapshot(const SnapshotMeta& snapshot) {
  STELE_CHECK(snapshot.last.index > base_.last.index);
  Term term;
  const bool agrees =
      TermAt(snapshot.last.index, &term) == LogReadStatus::kOk && term == snapshot.last.term;
  if (agrees) {
    const auto covered =
        static_cast<std::ptrdiff_t>(snapshot.last.index.value - base_.last.index.value);
    entries_.erase(entries_.begin(), entries_.begin() + covered);
  } else {
    entries_.clear();
  }
  base_ = snapshot;
  snapshot_ = snapshot;
}

ConfState MemoryLog::ConfStateAt(Index index) const {
  ConfState conf = base_.conf_state;
  for (const Entry& entry : entries_) {
    if (entry.id.index > index) break;
    if (entry.type == EntryType::kConfChange) conf = *DecodeConfState(entry.data.view());
  }
  return conf;
}

void MemoryLog::Compact(Index index) {
  if (index <= base_.last.index) return;
  STELE_CHECK(index <= last_index());
  InstallSnapshot({At(index).id, ConfStateAt(index)});
}

LogReadStatus MemoryLog::TermAt(Index index, Term* term) const {
  if (index < base_.last.index) return LogReadStatus::kCompacted;
  if (index > last_index()) return LogReadStatus::kUnavailable;
  *term = index == base_.last.index ? base_.last.term : At(index).id.term;
  return LogReadStatus::kOk;
}

LogReadStatus MemoryLog::Entries(Index from, Index to, std::uint64_t bytes_max,
                                 std::vector<Entry>* entries) const {
  if (from < first_index()) return LogReadStatus::kCompacted;
  if (to > last_index().Next()) return LogReadStatus::kUnavailable;
  std::uint64_t bytes = 0;
  for (Index index = from; index < to; index = index.Next()) {
    bytes += At(index).data.size();
    if (bytes > bytes_max && index != from) break;
    entries->push_back(At(index));
  }
  return LogReadStatus::kOk;
}

}  // namespace stele::raft
