#include "src/raft/core.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "src/raft/check.h"
#include "src/raft/conf_change.h"

namespace stele::raft {
namespace {

// Proposals cost memory beyond their payload; counting it bounds the number of empty ones too.
constexpr std::uint64_t kEntryOverheadBytes = 32;
// How much of the log is read at a time when looking for configs at start-up.
constexpr std::uint64_t kStartUpReadBytes = 1 << 20;

}  // namespace

Core::Core(const Config& config, const LogReader& log, const HardState& hard_state,
           const ConfState& conf_state, Index applied_index, RawNode::Random random,
           TraceSink* trace)
    : config_(config),
      random_(std::move(random)),
      trace_(trace),
      log_(log, hard_state.commit, applied_index, config.applying_bytes_max),
      conf_history_(log.first_index().Previous(), conf_state),
      tracker_(static_cast<std::size_t>(config.inflight_appends_max), config.inflight_bytes_max),
      reads_(config.pending_reads_max),
      term_(hard_state.term),
      vote_(hard_state.vote),
      told_hard_state_(hard_state),
      durable_hard_state_(hard_state) {
  STELE_CHECK(config.id != kNoNode);
  STELE_CHECK(config.heartbeat_interval_ticks > 0);
  STELE_CHECK(config.election_timeout_ticks > config.heartbeat_interval_ticks);
  STELE_CHECK(config.inflight_appends_max > 0);
  // A snapshot can be durable before the hard state that came with it. No vote was given in that
  // term yet, because it would be durable.
  if (log_.last_entry().term > term_) {
    term_ = log_.last_entry().term;
    vote_ = kNoNode;
  }
  ReadConfigsFromLog();
  request_id_ = random_(std::uint64_t{1} << 62);
  ResetElectionTimer();
  checked_ = View();
}

void Core::ReadConfigsFromLog() {
  std::vector<Entry> entries;
  for (Index next = log_.first_index(); next <= log_.last_index();) {
    entries.clear();
    STELE_CHECK(log_.Read(next, kStartUpReadBytes, &entries));
    next = entries.back().id.index.Next();
    for (const Entry& entry : entries) {
      if (entry.type != EntryType::kConfChange) continue;
      std::optional<ConfState> conf = DecodeConfState(entry.data.view());
      STELE_CHECK(conf.has_value());
      conf_history_.Append(entry.id.index, *std::move(conf));
    }
  }
  SetTrackedConf();
}

// --- Proposals ---------------------------------------------------------------------------------

ProposeResult Core::Propose(Payload data) {
  if (IsLeader()) return ProposeAsLeader(std::move(data));
  if (leader_ == kNoNode) return ProposeResult::kNoLeader;
  const std::uint64_t bytes = data.size() + kEntryOverheadBytes;
  if (forwarding_bytes_ > 0 && forwarding_bytes_ + bytes > config_.uncommitted_bytes_max) {
    return ProposeResult::kOverloaded;
  }
  forwarding_bytes_ += bytes;
  forwarding_.push_back(std::move(data));
  return ProposeResult::kAccepted;
}

ProposeResult Core::ProposeAsLeader(Payload data) {
  if (transfer_target_ != kNoNode) return ProposeResult::kTransferring;
  const std::uint64_t bytes = data.size() + kEntryOverheadBytes;
  // A single proposal is accepted whatever its size: it must be able to make progress.
  if (uncommitted_bytes_ > 0 && uncommitted_bytes_ + bytes > config_.uncommitted_bytes_max) {
    return ProposeResult::kOverloaded;
  }
  AppendAsLeader(EntryType::kNormal, std::move(data), bytes);
  return ProposeResult::kAccepted;
}

void Core::FlushForwarded() {
  if (forwarding_.empty()) return;
  std::vector<Payload> proposals = std::exchange(forwarding_, {});
  forwarding_bytes_ = 0;
  std::uint64_t dropped = 0;
  if (leader_ == kNoNode) {
    dropped = proposals.size();
  } else if (IsLeader()) {
    for (Payload& data : proposals) {
      if (ProposeAsLeader(std::move(data)) != ProposeResult::kAccepted) ++dropped;
    }
  } else {
    ForwardedProposal forwarded;
    std::uint64_t bytes = 0;
    for (Payload& data : proposals) {
      if (!forwarded.data.empty() && bytes + data.size() > config_.append_bytes_max) {
        Send(leader_, std::exchange(forwarded, {}));
        bytes = 0;
      }
      bytes += data.size();
      forwarded.data.push_back(std::move(data));
    }
    if (Has(Mutation::kForwardTwice)) Send(leader_, forwarded);
    Send(leader_, std::move(forwarded));
  }
  if (dropped > 0) Trace(ProposalsDropped{dropped});
}

// --- Reads (thesis section 6.4) ----------------------------------------------------------------

ProposeResult Core::ReadIndex(std::uint64_t request_id) {
  if (leader_ == kNoNode) return ProposeResult::kNoLeader;
  return reads_.Add({config_.id, request_id}) ? ProposeResult::kAccepted
                                              : ProposeResult::kOverloaded;
}

bool Core::CanStartReadRound() const {
  // One round at a time: reads that arrive meanwhile share the next one. A round whose messages
  // were lost does not block, because the heartbeat tick starts another.
  if (!reads_.HasWaiting() || reads_.HasBatches()) return false;
  // Before its first commit a leader does not know what is committed (thesis section 6.4, step 1).
  if (!IsLeader()) return leader_ != kNoNode;
  return HasCommittedInTerm() || Has(Mutation::kReadBeforeTermCommit);
}

void Core::StartReadRound() {
  if (!IsLeader()) {
    heartbeat_elapsed_ = 0;
    ++request_id_;
    reads_.StartBatch(request_id_, Index{0});
    Send(leader_, ReadIndexRequest{request_id_});
    return;
  }
  BroadcastHeartbeat();
  reads_.StartBatch(round_, log_.commit_index());
  Trace(ReadRoundStarted{round_});
  ServeConfirmedReads();
}

void Core::ServeConfirmedReads() {
  if (!reads_.HasBatches()) return;
  AnswerReads(reads_.TakeConfirmed(tracker_.ConfirmedRound()), std::nullopt);
}

void Core::AnswerReads(const std::vector<ReadBatch>& batches, std::optional<Index> read_index) {
  for (const ReadBatch& batch : batches) {
    const Index index = read_index.value_or(batch.read_index);
    for (const QueuedRead& read : batch.reads) {
      if (read.origin == config_.id) {
        read_states_.push_back({read.request_id, index, false});
      } else {
        Send(read.origin, ReadIndexResponse{read.request_id, index, false});
      }
    }
  }
}

void Core::RejectRead(const QueuedRead& read) {
  if (read.origin == config_.id) {
    read_states_.push_back({read.request_id, Index{0}, true});
  } else {
    Send(read.origin, ReadIndexResponse{read.request_id, Index{0}, true});
  }
}

void Core::RejectReads() {
  const std::vector<QueuedRead> reads = reads_.TakeAll();
  for (const QueuedRead& read : reads) RejectRead(read);
  if (!reads.empty()) Trace(ReadsRejected{reads.size()});
}

// --- Ready -------------------------------------------------------------------------------------

bool Core::HasReady() const {
  if (in_flight_.has_value()) return false;
  return !messages_.empty() || !messages_after_persist_.empty() || log_.HasUnstable() ||
         log_.HasCommitted() || !read_states_.empty() || replicate_due_ || !forwarding_.empty() ||
         CanStartReadRound() || soft_state() != told_soft_state_ ||
         hard_state() != told_hard_state_;
}

// What can share messages waits for this moment, so that one pass of the caller makes one append
// per member and one read round, however many proposals and reads it brought.
void Core::Flush() {
  FlushForwarded();
  if (CanStartReadRound()) StartReadRound();
  if (replicate_due_) Replicate();
}

Ready Core::TakeReady() {
  STELE_CHECK(!in_flight_.has_value());
  Flush();
  Ready ready;
  ready.number = ++ready_number_;
  if (soft_state() != told_soft_state_) ready.soft_state = soft_state();
  if (hard_state() != told_hard_state_) ready.hard_state = hard_state();
  log_.TakeUnstable(&ready.entries, &ready.snapshot);
  log_.TakeCommitted(&ready.committed_entries);
  ready.messages = std::exchange(messages_, {});
  ready.messages_after_persist = std::exchange(messages_after_persist_, {});
  ready.read_states = std::exchange(read_states_, {});
  ready.must_sync = !ready.entries.empty() || ready.snapshot.has_value() ||
                    term_ != told_hard_state_.term || vote_ != told_hard_state_.vote;
  told_soft_state_ = soft_state();
  told_hard_state_ = hard_state();
  in_flight_ = InFlightReady{ready.number, told_hard_state_};
  if (Has(Mutation::kVoteNotPersisted) && ready.hard_state.has_value()) {
    ready.hard_state->vote = kNoNode;
  }
  return ready;
}

void Core::OnPersisted(std::uint64_t ready_number) {
  STELE_CHECK(in_flight_.has_value());
  STELE_CHECK(in_flight_->number == ready_number);
  durable_hard_state_ = in_flight_->hard_state;
  in_flight_.reset();
  log_.OnPersisted();
  if (role_ == Role::kCandidate) CountCampaignVotes();
  if (!IsLeader()) return;
  Progress* self = tracker_.Find(config_.id);
  if (self == nullptr) return;
  self->SetDurable(log_.durable_index());
  MaybeCommit();
}

void Core::OnApplied(Index applied_index) {
  log_.OnApplied(applied_index);
  conf_history_.CompactTo(log_.first_index().Previous());
}

// --- Output ------------------------------------------------------------------------------------

void Core::SendAt(Term term, NodeId to, MessageBody body) {
  const bool is_ack = std::holds_alternative<AppendResponse>(body);
  const bool is_vote = std::holds_alternative<VoteResponse>(body);
  const bool is_promise = is_ack || is_vote || std::holds_alternative<RequestVote>(body);
  // Even a message that promises nothing must not show a term that a crash could undo.
  bool may_overtake = !is_promise && durable_hard_state_.term == term_;
  if (is_ack && Has(Mutation::kAckBeforePersist)) may_overtake = true;
  if (is_vote && Has(Mutation::kVoteBeforePersist)) may_overtake = true;
  std::vector<Message>& out = may_overtake ? messages_ : messages_after_persist_;
  out.push_back({config_.id, to, term, std::move(body)});
}

void Core::Trace(const TraceEvent& event) const {
  if (trace_ != nullptr) trace_->On(config_.id, event);
}

void Core::Drop(const Message& message, DropReason reason) const {
  Trace(MessageDropped{message.from, message.term, reason});
}

Status Core::GetStatus() const {
  Status status;
  status.id = config_.id;
  status.leader = leader_;
  status.role = role_;
  status.hard_state = hard_state();
  status.first_index = log_.first_index();
  status.last_index = log_.last_index();
  status.applied_index = log_.applied_index();
  status.conf_state = conf_history_.current();
  if (!IsLeader()) return status;
  for (const Progress& member : tracker_.members()) {
    status.peers.push_back({member.id(), member.match_index(), member.next_index(), member.state(),
                            member.recently_active(), IsLearner(tracker_.conf(), member.id())});
  }
  return status;
}

// --- Invariants --------------------------------------------------------------------------------

StateView Core::View() const {
  StateView view;
  view.id = config_.id;
  view.role = role_;
  view.term = term_;
  view.vote = vote_;
  view.leader = leader_;
  view.first_index = log_.first_index();
  view.last_entry = log_.last_entry();
  view.commit_index = log_.commit_index();
  view.handed_out_index = log_.handed_out_index();
  view.applied_index = log_.applied_index();
  view.durable_index = log_.durable_index();
  view.conf_index = conf_history_.current_index();
  const std::optional<Term> commit_term = log_.TermAt(log_.commit_index());
  STELE_CHECK(commit_term.has_value());
  view.commit_term = *commit_term;
  view.durable_term = durable_hard_state_.term;
  view.durable_vote = durable_hard_state_.vote;
  return view;
}

void Core::CheckStep() {
  const StateView now = View();
  CheckInvariants(now);
  CheckTransition(checked_, now);
  checked_ = now;
  if (config_.check_invariants) CheckDeeply();
}

void Core::CheckDeeply() const {
  const bool counts_wrongly = Has(Mutation::kLearnersCounted) || Has(Mutation::kJointByNewHalf);
  STELE_CHECK(counts_wrongly || tracker_.conf() == conf_history_.current());
  Term term = checked_.commit_term;
  for (Index index = log_.commit_index(); index <= log_.last_index(); index = index.Next()) {
    const std::optional<Term> next = log_.TermAt(index);
    STELE_CHECK(next.has_value());
    STELE_CHECK(term <= *next);
    term = *next;
  }
  if (!IsLeader()) return;
  for (const Progress& member : tracker_.members()) {
    STELE_CHECK(member.match_index() < member.next_index());
    STELE_CHECK(member.match_index() <= log_.last_index());
    STELE_CHECK(member.acked_round() <= round_);
    STELE_CHECK_IMPLIES(member.state() != ProgressState::kReplicate,
                        member.inflights().count() == 0);
    STELE_CHECK_IMPLIES(member.match_index().Next() == member.next_index(),
                        member.inflights().count() == 0);
  }
  std::uint64_t bytes = 0;
  for (std::uint64_t size : uncommitted_sizes_) bytes += size;
  STELE_CHECK(bytes == uncommitted_bytes_);
  STELE_CHECK(uncommitted_sizes_.size() <= log_.last_index().value - log_.commit_index().value);
}

}  // namespace stele::raft
