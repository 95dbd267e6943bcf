#include "tests/sim/cluster_history.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "src/raft/describe.h"

namespace stele::sim {

using raft::EntryId;
using raft::Index;
using raft::NodeId;
using raft::Term;

namespace {

raft::ConfState FirstConf(int members) {
  raft::ConfState conf;
  for (int i = 1; i <= members; ++i) conf.voters.push_back(NodeId{static_cast<std::uint64_t>(i)});
  return conf;
}

}  // namespace

ClusterHistory::ClusterHistory(int members, Journal* journal, Committed committed)
    : journal_(journal),
      on_committed_(std::move(committed)),
      observed_(static_cast<std::size_t>(members)),
      confs_(FirstConf(members)) {}

ClusterHistory::Observed& ClusterHistory::Of(NodeId member) {
  if (member.value > observed_.size()) observed_.resize(member.value);
  return observed_[member.value - 1];
}

void ClusterHistory::Fail(NodeId member, std::string_view what) {
  throw Violation(absl::StrCat("member ", member.value, ": ", std::string(what)));
}

// --- Elections -----------------------------------------------------------------------------------

void ClusterHistory::OnSent(const raft::Message& message) {
  ++messages_sent_;
  if (message.to == raft::kNoNode) Fail(message.from, "sends a message to nobody");
  if (const auto* append = std::get_if<raft::AppendEntries>(&message.body)) {
    entries_sent_ += append->entries.size();
  }
  if (Of(message.from).is_removed) Fail(message.from, "speaks after it was removed");
  const auto* request = std::get_if<raft::RequestVote>(&message.body);
  const auto* response = std::get_if<raft::VoteResponse>(&message.body);
  // These name the term that would come; nobody is in it yet.
  const bool is_future_term = (request != nullptr && request->pre_vote) ||
                              (response != nullptr && response->pre_vote && response->granted);
  if (is_future_term) return;
  Observed& sender = Of(message.from);
  sender.shown_term = std::max(sender.shown_term, message.term);
  if (request != nullptr) NoteVote(message.from, message.term, message.from);
  if (response != nullptr && response->granted) NoteVote(message.from, message.term, message.to);
}

void ClusterHistory::NoteVote(NodeId member, Term term, NodeId candidate) {
  const auto [vote, is_new] = Of(member).votes.emplace(term, candidate);
  if (is_new || vote->second == candidate) return;
  Fail(member, absl::StrCat("votes in term ", term.value, " for ", vote->second.value, " and for ",
                            candidate.value));
}

void ClusterHistory::OnTrace(NodeId member, const raft::TraceEvent& event) {
  CountTrace(member, event);
  if (const auto* committed = std::get_if<raft::Committed>(&event)) {
    told_committed_ = std::max(told_committed_, committed->index);
  }
  if (const auto* candidate = std::get_if<raft::BecameCandidate>(&event)) {
    Of(member).by_transfer = candidate->leader_transfer;
  }
  const auto* leader = std::get_if<raft::BecameLeader>(&event);
  if (leader == nullptr) return;
  const auto [known, is_new] = leaders_.emplace(leader->term, member);
  if (!is_new && known->second != member) {
    Fail(member, absl::StrCat("leads in term ", leader->term.value, ", which member ",
                              known->second.value, " led"));
  }
  NoteVote(member, leader->term, member);
  Of(member).new_leadership = *leader;
}

// Leader Completeness (Raft paper Figure 3).
void ClusterHistory::CheckLeaderCompleteness(NodeId member, Term term) {
  auto newest = committed_.rbegin();
  while (newest != committed_.rend() && newest->known_in >= term) ++newest;
  if (newest == committed_.rend()) return;
  const EntryId id = newest->after.last;
  if (Of(member).log.Holds(id)) return;
  Fail(member, absl::StrCat("leads in term ", term.value, " without the committed entry ",
                            raft::Describe(id)));
}

// --- Logs ----------------------------------------------------------------------------------------

void ClusterHistory::OnPass(NodeId member, const storage::LogStore& log, Index commit_index,
                            Term term, bool leads) {
  FollowLog(member, log);
  Observed& observed = Of(member);
  observed.hard_state = log.hard_state();
  if (const auto led = std::exchange(observed.new_leadership, std::nullopt)) {
    CheckElected(member, *led);
    CheckLeaderCompleteness(member, led->term);
  }
  if (commit_index > observed.compared_to) CompareCommitted(member, log, commit_index, term);
  CheckMayLead(member, commit_index, leads);
}

void ClusterHistory::FollowLog(NodeId member, const storage::LogStore& log) {
  LogMirror& mirror = Of(member).log;
  added_.clear();
  mirror.Follow(log, &added_);
  for (const raft::Entry& entry : added_) {
    NoteEntry(member, entry, mirror.TermAt(entry.id.index.Previous()));
    if (entry.type == raft::EntryType::kConfChange) NoteConf(member, entry);
  }
  CheckBaseConf(member, log);
}

// Log Matching (Raft paper Figure 3).
void ClusterHistory::NoteEntry(NodeId member, const raft::Entry& entry, Term previous_term) {
  if (known_.size() < entry.id.index.value) known_.resize(entry.id.index.value);
  std::vector<KnownEntry>& alike = known_[entry.id.index.value - 1];
  const std::uint64_t hash = HashOf(entry);
  for (const KnownEntry& known : alike) {
    if (known.term != entry.id.term) continue;
    if (known.previous_term != previous_term) {
      Fail(member, absl::StrCat("entry ", raft::Describe(entry.id), " follows different entries"));
    }
    if (known.hash != hash) {
      Fail(member, absl::StrCat("entry ", raft::Describe(entry.id), " has two contents"));
    }
    return;
  }
  alike.push_back({entry.id.term, previous_term, hash});
}

void ClusterHistory::CompareCommitted(NodeId member, const storage::LogStore& log,
                                      Index commit_index, Term term) {
  Observed& observed = Of(member);
  Index index = std::max(observed.compared_to, observed.log.base());
  while (index < commit_index) {
    index = index.Next();
    if (index > observed.log.last()) Fail(member, "commits what is not in its log");
    const EntryId id{index, observed.log.TermAt(index)};
    if (index <= last_committed()) {
      if (StateAt(index).last == id) continue;
      Fail(member, absl::StrCat("commits ", raft::Describe(id), " where ",
                                raft::Describe(StateAt(index).last), " is committed"));
    }
    if (!IsDurableOnQuorum(member, id)) {
      Fail(member,
           absl::StrCat("commits ", raft::Describe(id), ", which is not durable on a quorum"));
    }
    added_.clear();
    if (log.Entries(index, index.Next(), UINT64_MAX, &added_) != raft::LogReadStatus::kOk) {
      Fail(member, "cannot read what it commits");
    }
    Commit(added_.front(), term);
  }
  observed.compared_to = index;
}

void ClusterHistory::Commit(const raft::Entry& entry, Term term) {
  const StoreState before = committed_.empty() ? StoreState{} : committed_.back().after;
  if (entry.id.index != before.last.index.Next()) {
    throw Violation(absl::StrCat("entry ", raft::Describe(entry.id), " is committed behind ",
                                 raft::Describe(before.last)));
  }
  committed_.push_back({Applied(before, entry), term});
  journal_->Reach(Mark::kCommitted);
  if (entry.id.term < term) journal_->Reach(Mark::kOlderTermCommitted);
  if (entry.type == raft::EntryType::kConfChange) {
    const raft::ConfState conf = confs_.committed();
    confs_.OnCommitted(entry);
    CountConf(conf, confs_.committed());
  }
  on_committed_(entry);
}

void ClusterHistory::OnApplied(NodeId member, const StoreState& after) const {
  const Index index = after.last.index;
  if (index > last_committed()) {
    Fail(member, absl::StrCat("applies ", raft::Describe(after.last), ", which is not committed"));
  }
  if (StateAt(index) == after) return;
  Fail(member, absl::StrCat("has another state than its peers after ", raft::Describe(after.last)));
}

// --- Crashes -------------------------------------------------------------------------------------

void ClusterHistory::OnDeath(NodeId member, bool in_pass) {
  Observed& observed = Of(member);
  observed.died_in_pass |= in_pass;
  observed.new_leadership.reset();
}

void ClusterHistory::OnRecovered(NodeId member, const storage::LogStore& log) {
  Observed& observed = Of(member);
  const raft::HardState& now = log.hard_state();
  if (now.term < observed.shown_term) {
    Fail(member, absl::StrCat("recovers to term ", now.term.value, " after it was in ",
                              observed.shown_term.value));
  }
  // What a message said was durable before it left.
  if (const auto vote = observed.votes.find(now.term);
      vote != observed.votes.end() && vote->second != now.vote) {
    Fail(member, absl::StrCat("recovers to term ", now.term.value, " with a vote for ",
                              now.vote.value, ", had voted for ", vote->second.value));
  }
  CheckKeptCommitted(member, log);
  if (!observed.died_in_pass) CheckKeptAll(member, log);
  observed.died_in_pass = false;
  observed.log.Clear();  // so that every recovered entry is compared with what is known of it
  FollowLog(member, log);
  observed.hard_state = now;
  observed.compared_to = {};
  CompareCommitted(member, log, now.commit, now.term);
}

// It died between two passes: everything is as it was, except that the commit index may lag.
void ClusterHistory::CheckKeptAll(NodeId member, const storage::LogStore& log) {
  const Observed& observed = Of(member);
  const raft::HardState& now = log.hard_state();
  if (now.term != observed.hard_state.term || now.vote != observed.hard_state.vote) {
    Fail(member,
         absl::StrCat("recovers to term ", now.term.value, " vote ", now.vote.value, ", had term ",
                      observed.hard_state.term.value, " vote ", observed.hard_state.vote.value));
  }
  if (log.last_index() != observed.log.last()) {
    Fail(member, absl::StrCat("recovers a log up to ", log.last_index().value, ", had up to ",
                              observed.log.last().value));
  }
  for (Index i = std::max(log.first_index(), observed.log.base().Next()); i <= log.last_index();
       i = i.Next()) {
    Term term;
    if (log.TermAt(i, &term) == raft::LogReadStatus::kOk && term == observed.log.TermAt(i)) {
      continue;
    }
    Fail(member, absl::StrCat("recovers another entry at ", i.value, " than it had"));
  }
}

void ClusterHistory::CheckKeptCommitted(NodeId member, const storage::LogStore& log) {
  const Observed& observed = Of(member);
  const Index end = std::min(last_committed(), observed.log.last());
  for (Index i = observed.log.base().Next(); i <= end; i = i.Next()) {
    const EntryId id = StateAt(i).last;
    if (!observed.log.Holds(id) || i < log.first_index()) continue;
    Term term;
    if (log.TermAt(i, &term) == raft::LogReadStatus::kOk && term == id.term) continue;
    Fail(member, absl::StrCat("recovers without the committed entry ", raft::Describe(id),
                              ", which was durable"));
  }
}

}  // namespace stele::sim
