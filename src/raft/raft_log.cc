#include "src/raft/raft_log.h"

#include <algorithm>

#include "src/raft/check.h"

namespace stele::raft {

RaftLog::RaftLog(const LogReader& reader, Index commit_index, Index applied_index,
                 std::uint64_t applying_bytes_max)
    : reader_(reader),
      unstable_(reader.last_index().Next()),
      window_(applied_index, applying_bytes_max),
      commit_index_(std::max(commit_index, applied_index)) {
  STELE_CHECK(commit_index <= reader.last_index());
  STELE_CHECK(applied_index <= reader.last_index());
  STELE_CHECK(applied_index.Next() >= reader.first_index());
}

Index RaftLog::first_index() const {
  return IsInstallingSnapshot() ? unstable_.offset() : reader_.first_index();
}

EntryId RaftLog::last_entry() const {
  const Index last = last_index();
  const std::optional<Term> term = TermAt(last);
  STELE_CHECK(term.has_value());
  return {last, *term};
}

Index RaftLog::durable_index() const {
  return IsInstallingSnapshot() ? Index{0} : unstable_.offset().Previous();
}

std::optional<Term> RaftLog::TermAt(Index index) const {
  if (index > last_index()) return std::nullopt;
  if (index >= unstable_.offset()) return unstable_.From(index).front().id.term;
  if (IsInstallingSnapshot()) {
    const EntryId last = unstable_.snapshot()->last;
    return index == last.index ? std::optional(last.term) : std::nullopt;
  }
  Term term;
  const LogReadStatus status = reader_.TermAt(index, &term);
  STELE_CHECK(status != LogReadStatus::kUnavailable);
  return status == LogReadStatus::kOk ? std::optional(term) : std::nullopt;
}

bool RaftLog::IsUpToDate(EntryId last) const {
  const EntryId ours = last_entry();
  return last.term > ours.term || (last.term == ours.term && last.index >= ours.index);
}

std::optional<Index> RaftLog::LastWithTermAtMost(Term term, Index floor, Index ceiling) const {
  const auto fits = [this, term](std::uint64_t index) {
    const std::optional<Term> found = TermAt(Index{index});
    STELE_CHECK(found.has_value());
    return *found <= term;
  };
  if (floor > ceiling || !fits(floor.value)) return std::nullopt;
  std::uint64_t low = floor.value;  // fits(low) holds, fits(high) does not
  std::uint64_t high = ceiling.value + 1;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return Index{low};
}

bool RaftLog::Read(Index from, std::uint64_t bytes_max, std::vector<Entry>* entries) const {
  if (from < first_index()) return false;
  if (from > last_index()) return true;
  std::uint64_t bytes = 0;
  const bool has_durable = from < unstable_.offset();
  if (has_durable) {
    const std::size_t before = entries->size();
    const LogReadStatus status = reader_.Entries(from, unstable_.offset(), bytes_max, entries);
    if (status == LogReadStatus::kCompacted) return false;
    STELE_CHECK(status == LogReadStatus::kOk);
    STELE_CHECK(entries->size() > before);
    STELE_CHECK((*entries)[before].id.index == from);
    if (entries->back().id.index.Next() < unstable_.offset()) return true;
    for (std::size_t i = before; i < entries->size(); ++i) bytes += (*entries)[i].data.size();
  }
  bool first = !has_durable;
  for (const Entry& entry : unstable_.From(std::max(from, unstable_.offset()))) {
    bytes += entry.data.size();
    if (bytes > bytes_max && !first) break;
    entries->push_back(entry);
    first = false;
  }
  return true;
}

void RaftLog::CommitTo(Index index) {
  STELE_CHECK(index > commit_index_);
  STELE_CHECK(index <= last_index());
  commit_index_ = index;
}

void RaftLog::Restore(const SnapshotMeta& snapshot) {
  STELE_CHECK(snapshot.last.index > commit_index_);
  unstable_.Restore(snapshot);
  commit_index_ = snapshot.last.index;
  window_.SkipTo(snapshot.last.index);
}

void RaftLog::OnPersisted() {
  const bool was_installing = IsInstallingSnapshot();
  unstable_.OnPersisted();
  // Installing the snapshot is among the duties of the Ready that carried it.
  if (was_installing && !IsInstallingSnapshot()) {
    window_.OnApplied(reader_.first_index().Previous());
  }
}

bool RaftLog::HasCommitted() const {
  return !IsInstallingSnapshot() && window_.bytes_free() > 0 &&
         window_.handed_out_index() < std::min(commit_index_, durable_index());
}

void RaftLog::TakeCommitted(std::vector<Entry>* entries) {
  if (!HasCommitted()) return;
  const Index from = window_.handed_out_index().Next();
  const Index to = std::min(commit_index_, durable_index()).Next();
  const LogReadStatus status = reader_.Entries(from, to, window_.bytes_free(), entries);
  STELE_CHECK(status == LogReadStatus::kOk);
  STELE_CHECK(!entries->empty());
  STELE_CHECK(entries->front().id.index == from);
  STELE_CHECK(entries->back().id.index < to);
  STELE_CHECK(entries->back().id.index.value - from.value + 1 == entries->size());
  std::uint64_t bytes = 0;
  for (const Entry& entry : *entries) bytes += entry.data.size();
  window_.HandOut(entries->back().id.index, bytes);
}

}  // namespace stele::raft
