// One node's log as its core sees it: the durable part (LogReader), the unstable end, and the marks
// commit and applied. Indexes below first_index() are released; their terms are unknown but for the
// one just below.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "src/raft/apply_window.h"
#include "src/raft/log_reader.h"
#include "src/raft/types.h"
#include "src/raft/unstable_log.h"

namespace stele::raft {

class RaftLog {
 public:
  // REQUIRES: both marks lie in the stored log. The commit mark starts at the higher one: what is
  // applied was committed, even if the commit index was not persisted in time.
  RaftLog(const LogReader& reader, Index commit_index, Index applied_index,
          std::uint64_t applying_bytes_max);

  Index first_index() const;
  Index last_index() const { return unstable_.last_index(); }
  EntryId last_entry() const;
  Index commit_index() const { return commit_index_; }
  Index applied_index() const { return window_.applied_index(); }
  Index handed_out_index() const { return window_.handed_out_index(); }
  // Everything up to here is durable on this node; 0 while a snapshot is being installed.
  Index durable_index() const;
  bool IsInstallingSnapshot() const { return unstable_.snapshot().has_value(); }

  // Nothing for a released index or one after the end.
  std::optional<Term> TermAt(Index index) const;
  bool Matches(EntryId id) const { return TermAt(id.index) == id.term; }
  // Raft paper section 5.4.1: whether a candidate whose log ends with `last` may get our vote.
  bool IsUpToDate(EntryId last) const;
  // The last index in [floor, ceiling] whose term is at most `term`; terms never fall along a log.
  // REQUIRES: the terms of that range are known.
  std::optional<Index> LastWithTermAtMost(Term term, Index floor, Index ceiling) const;
  // Appends to `entries` those from `from` on: at least one if there is one, and then as many as
  // fit. Returns false when `from` is released.
  bool Read(Index from, std::uint64_t bytes_max, std::vector<Entry>* entries) const;
  SnapshotMeta LatestSnapshot() const { return reader_.LatestSnapshot(); }

  // Replaces everything at and after the first of `entries`. REQUIRES: that is above the commit.
  void Append(std::vector<Entry> entries) { unstable_.Append(std::move(entries)); }
  void CommitTo(Index index);
  // Replaces the whole log. REQUIRES: the snapshot is ahead of the commit index.
  void Restore(const SnapshotMeta& snapshot);

  bool HasUnstable() const { return unstable_.HasUntaken(); }
  void TakeUnstable(std::vector<Entry>* entries, std::optional<SnapshotMeta>* snapshot) {
    unstable_.Take(entries, snapshot);
  }
  void OnPersisted();

  // Committed, durable here, not yet handed out, and within the apply window.
  bool HasCommitted() const;
  void TakeCommitted(std::vector<Entry>* entries);
  void OnApplied(Index index) { window_.OnApplied(index); }

 private:
  const LogReader& reader_;
  UnstableLog unstable_;
  ApplyWindow window_;
  Index commit_index_;  // never falls; <= last_index()
};

}  // namespace stele::raft
