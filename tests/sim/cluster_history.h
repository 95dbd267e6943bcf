// The observer of the whole cluster. It sees every message that leaves a member, every log after
// every pass, every applied entry and every recovery, and throws a Violation when they do not fit
// together:
//
//   one leader per term; one vote per member and term, across restarts
//   no message shows a term that a crash can undo
//   two logs with the same entry at an index agree on it and on its predecessor
//   whoever becomes leader has everything committed before
//   whoever becomes leader has the votes of a quorum of the config in its log
//   a committed entry is durable on a quorum, and the same wherever it is known as committed
//   configs: one is pending at most, not before its leader's term has committed; quorums of one and
//   the next meet; a snapshot carries the one of its index; who is removed falls silent
//   applied entries follow without gaps and give the same state everywhere
//   what a log promised to keep is there after the next start
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/raft/message.h"
#include "src/raft/trace.h"
#include "src/raft/types.h"
#include "src/storage/log_store.h"
#include "tests/sim/conf_ledger.h"
#include "tests/sim/event_queue.h"
#include "tests/sim/journal.h"
#include "tests/sim/log_mirror.h"
#include "tests/sim/toy_store.h"

namespace stele::sim {

class ClusterHistory {
 public:
  // `committed` is called once for every committed index, in order.
  using Committed = std::function<void(const raft::Entry&)>;
  // `members`: the voters at the start are 1 to this; others may come later.
  ClusterHistory(int members, Journal* journal, Committed committed);

  void OnSent(const raft::Message& message);
  void OnTrace(raft::NodeId member, const raft::TraceEvent& event);
  // After a pass: `log` has done all that the core asked for.
  void OnPass(raft::NodeId member, const storage::LogStore& log, raft::Index commit_index,
              raft::Term term, bool leads = false);
  // After the entry was applied on the state that led to `after`.
  void OnApplied(raft::NodeId member, const StoreState& after) const;
  // `in_pass`: it died in the middle of one, so only part of that may be on disk.
  void OnDeath(raft::NodeId member, bool in_pass);
  void OnRecovered(raft::NodeId member, const storage::LogStore& log);

  // Its store has applied a config without it: not a word from now on.
  void OnRemoved(raft::NodeId member) { Of(member).is_removed = true; }

  raft::Index last_committed() const { return raft::Index{committed_.size()}; }
  const ConfLedger& confs() const { return confs_; }
  // Whether a config in this member's log is not known to be committed.
  bool HasPendingConf(raft::NodeId member);
  std::uint64_t messages_sent() const { return messages_sent_; }
  std::uint64_t entries_sent() const { return entries_sent_; }
  // REQUIRES: 0 < index <= last_committed().
  const StoreState& StateAt(raft::Index index) const { return committed_[index.value - 1].after; }

 private:
  struct CommittedEntry {
    StoreState after;
    raft::Term known_in;  // a term in which it was committed, or a later one
  };
  struct KnownEntry {
    raft::Term term;
    raft::Term previous_term;
    std::uint64_t hash = 0;
  };
  struct Observed {
    LogMirror log;
    raft::HardState hard_state;  // as of the last complete pass
    raft::Term shown_term;       // in a message that was sent
    std::map<raft::Term, raft::NodeId> votes;
    raft::Index compared_to;  // committed entries up to here were compared in this life
    std::optional<raft::BecameLeader> new_leadership;
    bool died_in_pass = false;
    bool is_removed = false;
    bool is_candidate = false;
    bool by_transfer = false;  // its campaign
    raft::Index base;          // of its log, whose config was compared
    int passes_unfit = 0;      // that it led without being a voter
  };

  Observed& Of(raft::NodeId member);
  void NoteVote(raft::NodeId member, raft::Term term, raft::NodeId candidate);
  void FollowLog(raft::NodeId member, const storage::LogStore& log);
  void NoteEntry(raft::NodeId member, const raft::Entry& entry, raft::Term previous_term);
  void CompareCommitted(raft::NodeId member, const storage::LogStore& log, raft::Index commit_index,
                        raft::Term term);
  void Commit(const raft::Entry& entry, raft::Term term);
  void CheckLeaderCompleteness(raft::NodeId member, raft::Term term);
  void CheckElected(raft::NodeId member, const raft::BecameLeader& leadership);
  void NoteConf(raft::NodeId member, const raft::Entry& entry);
  void CheckBaseConf(raft::NodeId member, const storage::LogStore& log);
  void CheckMayLead(raft::NodeId member, raft::Index commit_index, bool leads);
  bool IsDurableOnQuorum(raft::NodeId member, const raft::EntryId& id);
  void CountTrace(raft::NodeId member, const raft::TraceEvent& event);
  void CountConf(const raft::ConfState& before, const raft::ConfState& after);
  void CheckKeptAll(raft::NodeId member, const storage::LogStore& log);
  void CheckKeptCommitted(raft::NodeId member, const storage::LogStore& log);
  [[noreturn]] static void Fail(raft::NodeId member, std::string_view what);

  Journal* const journal_;
  const Committed on_committed_;
  std::deque<Observed> observed_;  // by member - 1; references stay good when it grows
  ConfLedger confs_;
  raft::Index told_committed_;  // by any core, perhaps in the middle of a pass
  std::uint64_t messages_sent_ = 0;
  std::uint64_t entries_sent_ = 0;
  std::map<raft::Term, raft::NodeId> leaders_;
  std::vector<CommittedEntry> committed_;       // by index - 1
  std::vector<std::vector<KnownEntry>> known_;  // by index - 1
  std::vector<raft::Entry> added_;              // storage reused
};

}  // namespace stele::sim
