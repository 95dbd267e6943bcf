// Appends, acknowledgements, commit and heartbeats (Raft paper sections 5.3 and 5.4).
#include <algorithm>
#include <utility>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"
#include "src/raft/core.h"

namespace stele::raft {

// --- Follower ----------------------------------------------------------------------------------

void Core::On(const Message& message, AppendEntries& append) {
  if (!IsSoundAppend(message, append)) return Drop(message, DropReason::kSenseless);
  if (!FollowSender(message)) return;

  const Index commit = log_.commit_index();
  if (append.prev_entry.index < commit) {
    // A repeated or reordered append. What is committed here is in the leader's log as well; only
    // entries behind it can be news.
    const std::uint64_t known = commit.value - append.prev_entry.index.value;
    if (append.entries.size() <= known) return AckAppend(message.from, commit);
    const EntryId at_commit = append.entries[known - 1].id;
    if (!log_.Matches(at_commit)) return Drop(message, DropReason::kSenseless);
    append.prev_entry = at_commit;
    append.entries.erase(append.entries.begin(),
                         append.entries.begin() + static_cast<std::ptrdiff_t>(known));
  }
  if (!log_.Matches(append.prev_entry)) {
    // Leader Completeness (Raft paper section 5.4.3): a leader has what is committed here.
    if (append.prev_entry.index == commit) return Drop(message, DropReason::kSenseless);
    return RejectAppend(message.from, append.prev_entry);
  }
  // Only what this message has shown to match may be committed or acknowledged, not the whole log:
  // a suffix behind it may conflict with the leader's.
  const Index match{append.prev_entry.index.value + append.entries.size()};
  if (Has(Mutation::kRepeatAckBeforePersist) && !append.entries.empty() &&
      log_.Matches(append.entries.back().id)) {
    messages_.push_back({config_.id, message.from, term_, AppendResponse{false, match, {}, {}}});
  }
  AppendNewEntries(std::move(append.entries));
  const Index shown = Has(Mutation::kCommitBeyondMatch) ? log_.last_index() : match;
  AdoptCommit(std::min(append.leader_commit, shown));
  AckAppend(message.from, match);
}

bool Core::IsSoundAppend(const Message& message, const AppendEntries& append) const {
  EntryId previous = append.prev_entry;
  for (const Entry& entry : append.entries) {
    if (entry.id.index != previous.index.Next() || entry.id.term < previous.term) return false;
    if (entry.type == EntryType::kConfChange && !DecodeConfState(entry.data.view())) return false;
    previous = entry.id;
  }
  return previous.term <= message.term;
}

// AppendEntries of Raft paper Figure 2, steps 3 and 4: nothing is truncated but at a real conflict,
// so that a repeated or reordered append never undoes a newer one.
void Core::AppendNewEntries(std::vector<Entry> entries) {
  std::size_t known = 0;
  while (known < entries.size() && log_.Matches(entries[known].id)) ++known;
  if (Has(Mutation::kTruncateMatching)) known = 0;
  if (known == entries.size()) return;
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(known));

  const Index first = entries.front().id.index;
  STELE_CHECK(first > log_.commit_index());
  bool conf_moved = false;
  if (first <= log_.last_index()) {
    if (!Has(Mutation::kConfSurvivesTruncation)) conf_moved = conf_history_.TruncateFrom(first);
    Trace(Truncated{first});
  }
  for (const Entry& entry : entries) {
    if (entry.type != EntryType::kConfChange) continue;
    conf_history_.Append(entry.id.index, *DecodeConfState(entry.data.view()));
    conf_moved = true;
  }
  log_.Append(std::move(entries));
  if (conf_moved) AdoptCurrentConf();
}

void Core::AckAppend(NodeId leader, Index match_index) {
  // Acks of one pass leave together; the last one says it all.
  if (!messages_after_persist_.empty()) {
    Message& last = messages_after_persist_.back();
    auto* ack = std::get_if<AppendResponse>(&last.body);
    if (ack != nullptr && !ack->rejected && last.to == leader && last.term == term_) {
      ack->match_index = std::max(ack->match_index, match_index);
      return;
    }
  }
  Send(leader, AppendResponse{false, match_index, Index{0}, {}});
}

// Names the last entry here that might be in the leader's log: it has at most the term of the entry
// that did not match. One refusal thus skips all entries of a term (Raft paper section 5.3).
void Core::RejectAppend(NodeId leader, EntryId prev) {
  const std::optional<Index> hint = log_.LastWithTermAtMost(
      prev.term, log_.commit_index(), std::min(prev.index, log_.last_index()));
  // The committed entry always qualifies: it is in the leader's log before `prev`.
  const Index index = hint.value_or(log_.commit_index());
  const std::optional<Term> term = log_.TermAt(index);
  STELE_CHECK(term.has_value());
  Send(leader, AppendResponse{true, Index{0}, prev.index, {index, *term}});
}

void Core::On(const Message& message, const Heartbeat& heartbeat) {
  // The leader commits at most what this node acknowledged; who lost that must not confirm
  // anything.
  if (heartbeat.leader_commit > log_.last_index()) return Drop(message, DropReason::kSenseless);
  if (!FollowSender(message)) return;
  AdoptCommit(heartbeat.leader_commit);
  Send(message.from, HeartbeatResponse{heartbeat.round});
}

void Core::AdoptCommit(Index leader_commit) {
  if (leader_commit <= log_.commit_index()) return;
  log_.CommitTo(leader_commit);
  Trace(Committed{leader_commit});
}

// --- Leader: sending ---------------------------------------------------------------------------

void Core::AppendAsLeader(EntryType type, Payload data, std::uint64_t cost) {
  STELE_CHECK(IsLeader());
  Entry entry{{log_.last_index().Next(), term_}, type, std::move(data)};
  if (type == EntryType::kConfChange) {
    conf_history_.Append(entry.id.index, *DecodeConfState(entry.data.view()));
  }
  uncommitted_sizes_.push_back(cost);
  uncommitted_bytes_ += cost;
  std::vector<Entry> entries;
  entries.push_back(std::move(entry));
  log_.Append(std::move(entries));
  replicate_due_ = true;
  if (type == EntryType::kConfChange) AdoptCurrentConf();
}

// Sends the next append, or a snapshot when its entries are released. Returns whether entries were
// sent, that is whether there may be more.
bool Core::MaybeAppend(Progress& progress, bool allow_empty) {
  if (progress.IsSilenced()) return false;
  if (progress.IsPaused() && !allow_empty) return false;
  if (progress.next_index() > log_.last_index() && !allow_empty) return false;

  const Index prev = progress.next_index().Previous();
  const std::optional<Term> prev_term = log_.TermAt(prev);
  AppendEntries append;
  const bool is_readable =
      prev_term.has_value() &&
      (progress.IsPaused() ||
       log_.Read(progress.next_index(), config_.append_bytes_max, &append.entries));
  if (!is_readable) {
    SendSnapshot(progress);
    return false;
  }
  if (append.entries.empty() && !allow_empty) return false;
  append.prev_entry = {prev, *prev_term};
  if (Has(Mutation::kAppendWithGap) && append.entries.size() > 2) {
    append.entries.erase(append.entries.begin() + 1);
  }
  append.leader_commit = log_.commit_index();

  std::uint64_t bytes = 0;
  for (const Entry& entry : append.entries) bytes += entry.data.size();
  const std::size_t count = append.entries.size();
  progress.OnSent(count, bytes, append.leader_commit);
  Send(progress.id(), std::move(append));
  return count > 0;
}

void Core::FillWindow(Progress& progress) {
  while (MaybeAppend(progress, /*allow_empty=*/false)) {
  }
}

void Core::Replicate() {
  replicate_due_ = false;
  for (Progress& member : tracker_.members()) {
    if (member.id() == config_.id) continue;
    FillWindow(member);
    const Index commit = std::min(log_.commit_index(), member.next_index().Previous());
    if (commit > member.sent_commit()) MaybeAppend(member, /*allow_empty=*/true);
  }
}

// Every heartbeat belongs to a round with a number of its own, so that an answer tells which
// question it answers.
void Core::BroadcastHeartbeat() {
  if (!reads_.HasWaiting() || !Has(Mutation::kRoundReused)) ++round_;
  for (Progress& member : tracker_.members()) {
    if (member.id() == config_.id) {
      member.OnHeartbeatAck(round_);
      continue;
    }
    // Not beyond what the member is known to have: behind that its log may differ.
    const Index commit = std::min(log_.commit_index(), member.match_index());
    Send(member.id(), Heartbeat{commit, round_});
  }
}

// --- Leader: answers ---------------------------------------------------------------------------

void Core::On(const Message& message, const AppendResponse& response) {
  Progress* progress = ProgressOfSender(message);
  if (progress == nullptr) return;
  if (response.rejected) return OnAppendRejected(*progress, response);
  if (response.match_index > log_.last_index()) return Drop(message, DropReason::kSenseless);
  OnAppendAccepted(*progress, response.match_index);
}

void Core::OnAppendAccepted(Progress& progress, Index match_index) {
  progress.OnAccepted(match_index);
  const bool is_probed =
      progress.state() == ProgressState::kProbe && match_index == progress.match_index();
  // The follower need not have taken the very snapshot that it was sent: enough that the entries
  // after what it has are still here.
  const bool has_snapshot = progress.state() == ProgressState::kSnapshot &&
                            progress.match_index().Next() >= log_.first_index();
  if (is_probed || has_snapshot) {
    progress.BecomeReplicate();
    replicate_due_ = true;
  }
  const NodeId id = progress.id();
  MaybeCommit();
  // Committing may have ended this leadership, or the membership of the sender.
  Progress* still = IsLeader() ? tracker_.Find(id) : nullptr;
  if (still == nullptr) return;
  FillWindow(*still);
  if (transfer_target_ == id) ContinueTransfer(*still);
}

void Core::OnAppendRejected(Progress& progress, const AppendResponse& response) {
  // The last entry here that might be in the follower's log has at most the term of its hint.
  const Index floor = log_.first_index().Previous();
  const Index ceiling = std::min(response.hint.index, log_.last_index());
  Index hint = ceiling;
  if (ceiling >= floor) {
    const std::optional<Index> match = log_.LastWithTermAtMost(response.hint.term, floor, ceiling);
    // Older than all that is left of the log: a snapshot will be sent.
    hint = match.value_or(floor.value > 0 ? floor.Previous() : floor);
  }
  if (Has(Mutation::kRejectWithoutProgress)) {
    progress.ReleaseProbe();
  } else if (!progress.OnRejected(response.rejected_index, hint)) {
    return;
  }
  MaybeAppend(progress, /*allow_empty=*/true);
}

void Core::On(const Message& message, const HeartbeatResponse& response) {
  Progress* progress = ProgressOfSender(message);
  if (progress == nullptr) return;
  if (response.round > round_) return Drop(message, DropReason::kSenseless);
  progress->OnHeartbeatAck(response.round);
  if (progress->ExchangeRecheck(false)) {
    progress->ReleaseProbe();
    // Whatever it still lacks may have been lost; an append, even an empty one, will tell.
    if (progress->match_index() < log_.last_index()) MaybeAppend(*progress, /*allow_empty=*/true);
  }
  ServeConfirmedReads();
}

// --- Leader: commit ----------------------------------------------------------------------------

void Core::MaybeCommit() {
  const Index candidate = tracker_.CommittedIndex();
  if (candidate <= log_.commit_index()) return;
  STELE_CHECK(candidate <= log_.last_index());
  // Raft paper section 5.4.2 and Figure 8: an entry of an older term on a majority can still be
  // replaced; it is committed only together with one of this term.
  const bool is_own_term = log_.TermAt(candidate) == term_;
  if (!is_own_term && !Has(Mutation::kCommitOldTerm)) return;
  log_.CommitTo(candidate);
  Trace(Committed{candidate});
  const std::uint64_t uncommitted = log_.last_index().value - candidate.value;
  while (uncommitted_sizes_.size() > uncommitted) {
    uncommitted_bytes_ -= uncommitted_sizes_.front();
    uncommitted_sizes_.pop_front();
  }
  replicate_due_ = true;
  LeaveJointIfDue();
  StepDownIfRemoved();
}

}  // namespace stele::raft
